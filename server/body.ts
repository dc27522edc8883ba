import { Problem } from "./problem.ts";
import type { Settings } from "./options.ts";

/**
 * The whole body, never holding more than the limit: by `Content-Length` it is refused unread, without one as soon as
 * it grows too long.
 *
 * @throws {Problem} 413 when it is too large, 408 when it does not arrive in time, 400 when it breaks off
 */
export async function readBody(
  request: Request,
  { bodyLimitBytes, uploadLimitMs }: Pick<Settings, "bodyLimitBytes" | "uploadLimitMs">,
): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get("content-length") ?? 0) > bodyLimitBytes) throw tooLarge(bodyLimitBytes);
  if (!request.body) return new Uint8Array();
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0, timeIsUp = false;
  const timer = setTimeout(() => {
    timeIsUp = true;
    reader.cancel().catch(() => {});
  }, uploadLimitMs);
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length;
      if (length > bodyLimitBytes) {
        reader.cancel().catch(() => {});
        throw tooLarge(bodyLimitBytes);
      }
      chunks.push(part.value);
    }
  } catch (error) {
    if (error instanceof Problem || request.signal.aborted) throw error;
    throw new Problem(400, "The body broke off.");
  } finally {
    clearTimeout(timer);
  }
  if (timeIsUp) throw new Problem(408, `The body did not arrive within ${uploadLimitMs} ms.`);
  return join(chunks, length);
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
