import { Problem } from "./problem.ts";
import type { Settings } from "./options.ts";

/** What bodies may hold while they arrive, and until their requests have ended. */
export interface Uploads {
  /**
   * The whole body, never holding more than `limit` bytes: by `Content-Length` it is refused unread, without one as soon
   * as it grows too long. `release` gives its memory back to the budget.
   *
   * @throws {Problem} 413 when it is too large, 408 when it does not arrive in time, 503 when there is no room for it,
   * 400 when it breaks off
   */
  read(request: Request, limit: number): Promise<{ bytes: Uint8Array<ArrayBuffer>; release(): void }>;
  /** Bodies that arrive, bytes that are held beyond the free ones, and bodies that were refused for want of room. */
  usage(): { readonly arriving: number; readonly heldBytes: number; readonly refused: number };
}

/** Small bodies never wait for large ones: so much of each is outside the budget. */
const freeBytes = 2 ** 20;
/** A body has so long before its rate counts. */
const rateGraceMs = 5000;

/** Bodies bounded in number, bytes, time and rate; they take no place of those that solve. */
export function createUploads({ uploads, uploadBudgetBytes, uploadLimitMs, uploadRate }: Settings): Uploads {
  let arriving = 0, held = 0, refused = 0;

  async function read(request: Request, limit: number, count: (bytes: number) => void) {
    if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge(limit);
    if (!request.body) return new Uint8Array();
    const reader = request.body.getReader(), started = performance.now();
    const chunks: Uint8Array[] = [];
    let length = 0, late: Problem | undefined;
    const give = (problem: Problem) => {
      late ??= problem;
      reader.cancel().catch(() => {});
    };
    const timer = setTimeout(
      () => give(new Problem(408, `The body did not arrive within ${uploadLimitMs} ms.`)),
      uploadLimitMs,
    );
    const watch = setInterval(() => {
      const ms = performance.now() - started;
      if (ms <= rateGraceMs || length >= uploadRate * ms / 1000) return;
      give(new Problem(408, `The body arrives at less than ${uploadRate} bytes a second.`));
    }, 1000);
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        length += part.value.length;
        if (length > limit) throw tooLarge(limit);
        count(length);
        chunks.push(part.value);
      }
    } catch (error) {
      reader.cancel().catch(() => {});
      if (late) throw late;
      if (error instanceof Problem || request.signal.aborted) throw error;
      throw new Problem(400, "The body broke off.");
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
    }
    if (late) throw late;
    return join(chunks, length);
  }

  function noRoom(detail: string): Problem {
    refused++;
    return new Problem(503, `${detail}; try again in 5 s.`, { headers: { "retry-after": "5" } });
  }

  return {
    usage: () => ({ arriving, heldBytes: held, refused }),
    async read(request, limit) {
      if (arriving >= uploads) throw noRoom(`${uploads} bodies are arriving`);
      let counted = 0;
      const release = () => {
        held -= counted;
        counted = 0;
      };
      arriving++;
      try {
        const bytes = await read(request, limit, (length) => {
          const more = Math.max(0, length - freeBytes) - counted;
          if (held + more > uploadBudgetBytes) throw noRoom("Other bodies take the memory there is for them");
          held += more;
          counted += more;
        });
        return { bytes, release };
      } catch (error) {
        release();
        throw error;
      } finally {
        arriving--;
      }
    },
  };
}

function tooLarge(limit: number): Problem {
  return new Problem(413, `The body is larger than ${limit} bytes.`);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
