/** Bytes between which compressing an answer is worth its time. */
const least = 1024, most = 16 * 2 ** 20;

/** The parts compressed by gzip; nothing where it is not worth it, or the runtime cannot. */
export async function compressed(
  parts: readonly Uint8Array<ArrayBuffer>[],
): Promise<Uint8Array<ArrayBuffer>[] | undefined> {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  if (bytes < least || bytes > most || !("CompressionStream" in globalThis)) return undefined;
  const { readable, writable } = new CompressionStream("gzip");
  const writer = writable.getWriter(), found: Uint8Array<ArrayBuffer>[] = [];
  const write = async () => {
    for (const part of parts) await writer.write(part);
    await writer.close();
  };
  const read = async () => {
    const reader = readable.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      found.push(part.value as Uint8Array<ArrayBuffer>);
    }
  };
  await Promise.all([write(), read()]);
  return found;
}

/** Whether a client takes gzip. */
export function acceptsGzip(headers: Headers): boolean {
  return /(^|,)\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[\d.]+)?\s*(,|$)/i.test(headers.get("accept-encoding") ?? "");
}
