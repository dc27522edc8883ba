/** Requests to the service, and what its answers hold. */

import { type Matrix, quantizeLayer, type QuantizeOptions } from "../../mod.ts";
import { parseSafetensors, serializeSafetensors } from "../../formats/safetensors.ts";
import { decodeBase64, encodeBase64 } from "../../server/base64.ts";
import { makeLayer } from "../support/layers.ts";

export const json = "application/json", safetensors = "application/vnd.safetensors", events = "text/event-stream";

/** A layer of a few milliseconds. */
export const layer = makeLayer({ rows: 6, columns: 16, seed: 3, dtype: "f32" });
export const options: QuantizeOptions = { bits: 3, groupSize: 8, method: "quantease", iterations: 9, seed: 5 };

/** A layer that keeps the solver busy for seconds. */
export const longLayer = makeLayer({ rows: 512, columns: 128, seed: 4, dtype: "f32" });
export const longOptions: QuantizeOptions = { method: "auto", iterations: 20_000 };

/** What the library says. */
export function expected() {
  return quantizeLayer(layer.weights, layer.gram, options);
}

/** A matrix as JSON numbers. */
export function asNumbers({ shape, data }: Matrix) {
  return { shape, dtype: data instanceof Float32Array ? "f32" : "f64", data: Array.from(data) };
}

/** A matrix as base64. */
export function asBase64({ shape, data }: Matrix) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { shape, dtype: data instanceof Float32Array ? "f32" : "f64", base64: encodeBase64(bytes) };
}

/** JSON text of a request. */
export function jsonBody(made = layer, settings: object = options): string {
  return JSON.stringify({ weights: asBase64(made.weights), gram: asBase64(made.gram), options: settings });
}

/** The same request as safetensors. */
export function binaryBody(): Uint8Array<ArrayBuffer> {
  return serializeSafetensors({ weights: layer.weights, gram: layer.gram }, { options: JSON.stringify(options) });
}

/** A request to the route under test. */
export function request(body: BodyInit, headers: Record<string, string> = {}, signal?: AbortSignal): Request {
  // Streams need `duplex`; it is missing from some type definitions.
  const settings: RequestInit & { duplex: string } = {
    method: "POST",
    headers: { "content-type": json, ...headers },
    body,
    signal,
    duplex: "half",
  };
  return new Request("http://localhost/v1/quantize-layer", settings);
}

/** The parts of an answer that tests compare. */
export interface Answer {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly zeros: Float32Array;
  readonly objective: number;
  readonly shape: readonly number[];
}

const arrayTypes = {
  f64: Float64Array,
  f32: Float32Array,
  u32: Uint32Array,
  i32: Int32Array,
  u8: Uint8Array,
  i8: Int8Array,
};

/** An array of a JSON answer, in either of its forms. */
export function typedArray(
  { dtype, data, base64 }: { dtype: string; data?: number[]; base64?: string },
): Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array | Int8Array {
  const Type = arrayTypes[dtype as keyof typeof arrayTypes];
  return data ? Type.from(data) : new Type(decodeBase64(base64!).buffer);
}

/** Reads a JSON answer. */
export function fromJson(text: string): Answer {
  const { codes, scales, zeros, objective, shape } = JSON.parse(text);
  return {
    codes: typedArray(codes) as Uint8Array,
    scales: typedArray(scales) as Float32Array,
    zeros: typedArray(zeros) as Float32Array,
    objective,
    shape,
  };
}

/** Reads a safetensors answer. */
export function fromSafetensors(bytes: ArrayBuffer): Answer {
  const { tensors, metadata } = parseSafetensors(bytes);
  const { objective, shape } = JSON.parse(metadata.result);
  return {
    codes: tensors.get("codes")!.data as Uint8Array,
    scales: tensors.get("scales")!.data as Float32Array,
    zeros: tensors.get("zeros")!.data as Float32Array,
    objective,
    shape,
  };
}

/** The events of a stream, in order. */
export function parseEvents(text: string): { event: string; data: string }[] {
  return text.split("\n\n").filter(Boolean).map((block) => {
    const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block)!;
    return { event, data };
  });
}
