/** `/openapi.json`, derived from the declarations of the routes. */

import { arrayJson, sparseJson } from "./answer_fields.ts";
import type { AnswerFields } from "./answer.ts";
import { matrixJson, vectorJson } from "./arrays.ts";
import { bodyFields } from "./input.ts";
import type { SolveLimits } from "./job.ts";
import { media } from "./media.ts";
import { type ProblemStatus, titles } from "./problem.ts";
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

/** The problems of a solve, each with what it may say. */
const problemExamples: Readonly<Record<string, string>> = {
  400: "The body is not JSON: Unexpected end of JSON input.",
  406:
    'The answer can be application/json, application/vnd.safetensors, text/event-stream; "Accept" asks for "image/png".',
  408: "The body did not arrive within 300000 ms.",
  413: "The body is larger than 8388608 bytes.",
  415: 'The body must be application/json or application/vnd.safetensors, "Content-Type" is "text/csv".',
  422: 'Cannot use "gram": it is missing.',
  500: "The service failed; this is not the fault of the request.",
  503: "All 4 solves that may run at once are running, and 256 wait; try again in 3 s.",
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
export function openApi(routes: readonly Route[], limits: SolveLimits): JsonSchema {
  return {
    openapi: "3.1.0",
    info: {
      title: "Minima",
      version: "1",
      description: "Structured minima over HTTP: each route calls the function of the library with the same name.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths: {
      ...Object.fromEntries(routes.map((route) => [route.path, { post: solveOperation(route, limits) }])),
      "/v1/capabilities": { get: plainOperation("capabilities", "What the runtime of the service offers.") },
      "/healthz": { get: plainOperation("healthz", "Whether the service is up.") },
      "/readyz": { get: plainOperation("readyz", "Whether it takes solves now.", { problems: [503] }) },
      "/metrics": {
        get: plainOperation("metrics", "Counts and gauges in Prometheus' text format; nothing of what clients send.", {
          type: "text/plain",
        }),
      },
      "/openapi.json": { get: plainOperation("openapi", "This description, as OpenAPI 3.1.") },
      "/docs": { get: plainOperation("docs", "This description, for people.", { type: "text/html" }) },
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
        ...Object.fromEntries(
          Object.entries(problemExamples).map(([status, detail]) => [`Problem${status}`, {
            description: titles[Number(status) as ProblemStatus],
            content: {
              "application/problem+json": {
                schema: { $ref: "#/components/schemas/Problem" },
                example: {
                  type: "about:blank",
                  title: titles[Number(status) as ProblemStatus],
                  status: Number(status),
                  detail,
                },
              },
            },
          }]),
        ),
      },
    },
  };
}

function solveOperation(route: Route, limits: SolveLimits): JsonSchema {
  const binary = { type: "string", format: "binary" };
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");
  const entries = requestOptions(route.options, limits);
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
      required: true,
      content: {
        [media.json]: { schema: objectSchema(bodyFields(route, limits)), example: route.example },
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
      ...Object.fromEntries(
        Object.keys(problemExamples).map((status) => [status, problemReference(status)]),
      ),
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

function plainOperation(
  operationId: string,
  summary: string,
  { type = media.json, problems = [] }: { type?: string; problems?: readonly ProblemStatus[] } = {},
): JsonSchema {
  const schema = { type: type === media.json ? "object" : "string" };
  return {
    operationId,
    summary,
    responses: {
      200: { description: "The answer.", content: { [type]: { schema } } },
      ...Object.fromEntries(problems.map((status) => [status, problemReference(status)])),
    },
  };
}

function problemReference(status: number | string): JsonSchema {
  return { $ref: `#/components/responses/Problem${status}` };
}
