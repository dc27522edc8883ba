/** `/openapi.json`, derived from the declarations of the routes. */

import { arrayJson, sparseJson } from "./answer_fields.ts";
import type { AnswerFields } from "./answer.ts";
import { matrixJson, vectorJson } from "./arrays.ts";
import { bodyFields } from "./input.ts";
import { media } from "./media.ts";
import type { Route } from "./route.ts";
import { type JsonSchema, objectSchema } from "./schema.ts";
import { optionTensors, requestOptions } from "./solver_options.ts";
import { sparseInputJson } from "./sparse.ts";

const problemJson = {
  type: "object",
  description: "What went wrong (RFC 9457).",
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    argument: { type: "string", description: "The argument or option at fault." },
    error: { type: "string", description: "Kind of the error." },
  },
  required: ["type", "title", "status", "detail"],
};

const progressJson = {
  type: "object",
  properties: {
    stage: { type: "string" },
    fraction: { type: "number", minimum: 0, maximum: 1 },
    iteration: { type: "integer" },
    objective: { type: "number" },
    elapsedMs: { type: "number" },
  },
  required: ["stage", "fraction", "iteration", "elapsedMs"],
};

/** The document, OpenAPI 3.1. */
export function openApi(routes: readonly Route[]): JsonSchema {
  return {
    openapi: "3.1.0",
    info: {
      title: "Minima",
      version: "1",
      description: "Structured minima over HTTP: each route calls the function of the library with the same name.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths: {
      ...Object.fromEntries(routes.map((route) => [route.path, { post: solveOperation(route) }])),
      "/v1/capabilities": { get: plainOperation("capabilities", "What the runtime of the service offers.") },
      "/healthz": { get: plainOperation("healthz", "Whether the service is up.") },
    },
    components: {
      schemas: {
        Matrix: matrixJson,
        Vector: vectorJson,
        SparseInput: sparseInputJson,
        Array: arrayJson,
        SparseMatrix: sparseJson,
        Problem: problemJson,
        Progress: progressJson,
      },
      responses: {
        Problem: {
          description: "A problem.",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

function solveOperation(route: Route): JsonSchema {
  const binary = { type: "string", format: "binary" };
  const needed = Object.keys(route.arguments).filter((name) => route.arguments[name].needed);
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");
  const entries = requestOptions(route.options);
  const tensors = quoted([...Object.keys(route.arguments), ...optionTensors(entries)]);
  const options = quoted(Object.keys(entries));
  return {
    operationId: route.operation,
    summary: route.summary,
    description: `As safetensors, the body has the tensors ${tensors}, and the options (${options}) as JSON in ` +
      "`__metadata__.options`; the answer has a tensor for every array, named by its path, and the other fields as " +
      "JSON in `__metadata__.result`. As events, `progress` comes now and then, then `result` with the JSON answer or " +
      "`problem`.",
    requestBody: {
      required: needed.length > 0,
      content: {
        [media.json]: { schema: objectSchema(bodyFields(route)) },
        [media.safetensors]: { schema: binary },
      },
    },
    responses: {
      200: {
        description: "The answer.",
        content: {
          [media.json]: { schema: answerSchema(route.answer) },
          [media.safetensors]: { schema: binary },
          [media.events]: { schema: { type: "string" } },
        },
      },
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function answerSchema(fields: AnswerFields): JsonSchema {
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(fields).map(([name, { json }]) => [name, json])),
    required: Object.keys(fields).filter((name) => !fields[name].optional),
  };
}

function plainOperation(operationId: string, summary: string): JsonSchema {
  return {
    operationId,
    summary,
    responses: { 200: { description: "The answer.", content: { [media.json]: { schema: { type: "object" } } } } },
  };
}
