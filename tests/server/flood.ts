import { connect } from "node:net";
import { json } from "./requests.ts";

/** What came of a flood. */
export interface Flood {
  readonly bytes: number;
  readonly answer: string;
}

/** Sends two gigabytes of zeros, announced by `Content-Length` or in chunks, until the server answers or closes. */
export function flood(port: number, form: "announced" | "chunked"): Promise<Flood> {
  return new Promise((resolve) => {
    const chunk = new Uint8Array(65536);
    const sent = { bytes: 0, answer: "" };
    const socket = connect(port, "127.0.0.1");
    const done = () => {
      socket.destroy();
      resolve(sent);
    };
    socket.on("error", done).on("close", done);
    socket.on("data", (data) => {
      sent.answer += data.toString();
      if (sent.answer.includes("}")) done();
    });
    const write = () => {
      if (form === "announced") return socket.write(chunk);
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      return socket.write("\r\n");
    };
    const pump = () => {
      while (!socket.destroyed && sent.bytes < 2e9) {
        sent.bytes += chunk.length;
        if (!write()) return void socket.once("drain", pump);
      }
    };
    const header = form === "announced" ? "Content-Length: 2000000000" : "Transfer-Encoding: chunked";
    socket.write(`POST /v1/quantize-layer HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${json}\r\n${header}\r\n\r\n`);
    pump();
  });
}
