"""Answers one JSON line for each JSON line on standard input."""

import json
import sys
import traceback


def serve(handlers):
    """Calls handlers[request["do"]] with the other fields until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request.pop("do")](**request)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
