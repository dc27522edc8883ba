/** Errors as the service tells them: `application/problem+json` (RFC 9457). */

import { BackendError, InputError, MemoryLimitError, WorkLimitError } from "../solvers/core/mod.ts";

/** Reason phrases of the statuses in use. */
export const titles = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  499: "Client Closed Request",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

/** A status that a problem can have. */
export type ProblemStatus = keyof typeof titles;

/** What goes along with a problem. */
export interface ProblemExtras {
  /** The argument or option at fault. */
  readonly argument?: string;
  /** Kind of the error, where the library named one. */
  readonly error?: string;
  /** Header fields of the response. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body of a problem response. */
export interface ProblemDocument {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: ProblemStatus;
  readonly detail: string;
  readonly argument?: string;
  readonly error?: string;
}

/** A failure that the client is told about. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly document: ProblemDocument;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ProblemStatus, detail: string, { headers = {}, ...members }: ProblemExtras = {}) {
    super(detail);
    const known = Object.fromEntries(Object.entries(members).map(([name, text]) => [name, cut(text as string, 200)]));
    this.document = { type: "about:blank", title: titles[status], status, detail: cut(detail, 600), ...known };
    this.headers = headers;
  }

  /** The problem as a response. */
  response(): Response {
    return new Response(JSON.stringify(this.document), {
      status: this.document.status,
      headers: { ...this.headers, "content-type": "application/problem+json" },
    });
  }
}

/** A text that came in a request, as an error may quote it. */
export function quoted(text: string): string {
  return JSON.stringify(cut(text, 100));
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/**
 * The problem behind an error: bad input is the client's (422), as is a backend that is not there; what no machine of
 * this size can do is too large (413); where the engine failed, another try may do (503); and what is unexpected is
 * reported and told without detail (500).
 */
export function toProblem(error: unknown, signal: AbortSignal, report: (error: unknown) => void): Problem {
  if (error instanceof Problem) return error;
  if (signal.aborted) return new Problem(499, "The client closed the request.");
  if (error instanceof InputError) {
    return new Problem(422, error.message, { argument: error.argument, error: error.name });
  }
  if (error instanceof BackendError) {
    if (/^Cannot use backend/.test(error.message)) {
      return new Problem(422, error.message, { argument: "backend", error: error.name });
    }
    report(error);
    return new Problem(503, error.message, { error: error.name, headers: { "retry-after": "1" } });
  }
  if (error instanceof MemoryLimitError || error instanceof WorkLimitError) {
    return new Problem(413, error.message, { error: error.name });
  }
  // What engines say of an array that there is no memory for; some are plain errors.
  if (error instanceof Error && /allocation failed|array length|out of memory/i.test(error.message)) {
    return new Problem(413, "The solve needs more memory than there is.", { error: "MemoryLimitError" });
  }
  report(error);
  return new Problem(500, "The service failed; this is not the fault of the request.");
}
