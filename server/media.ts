import type { ArrayForm } from "./answer.ts";
import { Problem, quoted } from "./problem.ts";

/** Media types of bodies and answers. */
export const media = {
  json: "application/json",
  safetensors: "application/vnd.safetensors",
  events: "text/event-stream",
} as const;

/** A media type that an answer can have. */
export type AnswerType = (typeof media)[keyof typeof media];

/** Best first, where the client has no preference. */
const answerTypes: readonly AnswerType[] = [media.json, media.safetensors, media.events];

/**
 * The kind of answer that the client likes best (RFC 9110, 12.5.1): of the ranges that match a type, the most specific
 * one gives its quality. `application/json;arrays=base64` and `;arrays=numbers` say how arrays are to stand in JSON.
 *
 * @throws {Problem} 406 when none will do
 */
export function chooseAnswer(accept = "*/*"): { type: AnswerType; arrays: ArrayForm } {
  const ranges = accept.split(",").map(parseRange);
  const quality = (type: string) => {
    for (const range of [type, `${type.split("/")[0]}/*`, "*/*"]) {
      const found = ranges.find(({ name }) => name === range);
      if (found) return found.quality;
    }
    return 0;
  };
  const [best] = answerTypes.toSorted((a, b) => quality(b) - quality(a));
  const arrays = accept.match(/;\s*arrays\s*=\s*"?(base64|numbers)"?/i)?.[1].toLowerCase() as ArrayForm | undefined;
  if (quality(best) > 0) return { type: best, arrays: arrays ?? "auto" };
  throw new Problem(406, `The answer can be ${answerTypes.join(", ")}; "Accept" asks for ${quoted(accept)}.`);
}

/**
 * The kind of the request's body.
 *
 * @throws {Problem} 415 when it is unknown or compressed
 */
export function bodyType(headers: Headers): "json" | "safetensors" {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new Problem(415, `The body must not be compressed, "Content-Encoding" is ${quoted(encoding)}.`);
  }
  const type = headers.get("content-type") ?? "";
  const { name } = parseRange(type);
  if (name === media.json) return "json";
  if (name === media.safetensors) return "safetensors";
  throw new Problem(415, `The body must be ${media.json} or ${media.safetensors}, "Content-Type" is ${quoted(type)}.`, {
    headers: { "accept-post": `${media.json}, ${media.safetensors}` },
  });
}

function parseRange(text: string): { name: string; quality: number } {
  const [name, ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { name, quality: quality >= 0 ? quality : 0 };
}
