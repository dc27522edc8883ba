/** A client that keeps its connections, so that what is measured is the service. */

/** What came of many requests. */
export interface LoadReport {
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Milliseconds of the answers with status 200, rising. */
  readonly times: Float64Array;
}

/** Sends `count` times the same request over `connections` connections. */
export async function load(
  port: number,
  body: string,
  { connections, count }: { connections: number; count: number },
): Promise<LoadReport> {
  const head = `POST /v1/quantize-layer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  const encoder = new TextEncoder(), bytes = encoder.encode(body);
  const request = encoder.encode(`${head}Content-Length: ${bytes.length}\r\n\r\n${body}`);
  const statuses: Record<string, number> = {}, times: number[] = [];
  let left = count;
  const began = performance.now();
  const one = async () => {
    const connection = await Deno.connect({ port, hostname: "127.0.0.1" });
    try {
      while (left-- > 0) {
        const started = performance.now();
        await writeAll(connection, request);
        const status = await readAnswer(connection);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status === 200) times.push(performance.now() - started);
      }
    } finally {
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { statuses, seconds: (performance.now() - began) / 1000, times: Float64Array.from(times).sort() };
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads one answer, of announced length or in chunks, and gives its status. */
async function readAnswer(connection: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(65536), decoder = new TextDecoder();
  let text = "";
  while (true) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error(`The connection ended within an answer: ${text.slice(0, 200)}`);
    text += decoder.decode(buffer.subarray(0, read), { stream: true });
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const head = text.slice(0, end), length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const whole = length === undefined ? text.endsWith("\r\n0\r\n\r\n") : text.length >= end + 4 + Number(length);
    if (whole) return Number(head.slice(9, 12));
  }
}
