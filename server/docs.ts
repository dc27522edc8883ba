/** `/docs`: the document of `/openapi.json` as a page for people, with nothing to load and nothing that runs. @module */

import { Html, html, prose } from "./html.ts";
import { docsStyle } from "./docs_style.ts";
import { isRecord, type JsonSchema } from "./schema.ts";

type Named = readonly [name: string, schema: JsonSchema];

/** The page of a document. */
export async function documentPage(document: JsonSchema): Promise<Response> {
  const page = pageOf(document);
  return new Response(String(page), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      // Only this very style, and no script at all.
      "content-security-policy": `default-src 'none'; style-src '${await hashOf(docsStyle)}'; img-src 'self'; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
    },
  });
}

function pageOf(document: JsonSchema): Html {
  const { title, description } = record(document.info);
  const operations = Object.entries(record(document.paths)).flatMap(([path, methods]) =>
    Object.entries(record(methods)).map(([method, operation]) => ({ path, method, operation: record(operation) }))
  );
  const schemas = Object.entries(record(record(document.components).schemas)) as Named[];
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${title} over HTTP</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml">
        <style>${new Html(docsStyle)}</style>
      </head>
      <body>
        <nav aria-label="Contents">
          <p class="name"><a href="/">${title}</a></p>
          <ul>${operations.map(({ path, method }) =>
            html`<li><a href="#${anchor(path)}">${verb(method)} ${path}</a></li>`
          )}</ul>
          <ul>
    <li><a href="#problems">Problems</a></li>
    ${schemas.map(([name]) => html`<li><a href="#schema-${name}">${name}</a></li>`)}
          </ul>
        </nav>
        <main>
    <h1>${title} over HTTP</h1>
    <p>${prose(description)} This page says what <a href="/openapi.json">/openapi.json</a> says, for people.</p>
    ${operations.map(({ path, method, operation }) => operationSection(path, method, operation))}
    ${problemsSection(record(record(document.components).responses))}
    ${schemas.map(schemaSection)}
        </main>
      </body>
    </html>
  `;
}

function operationSection(path: string, method: string, operation: JsonSchema): Html {
  const body = contentSchema(operation.requestBody);
  const answer = record(record(operation.responses)["200"]);
  const { options, ...values } = record(body?.schema.properties) as Record<string, JsonSchema>;
  const needed = (schema: JsonSchema | undefined) => new Set(schema?.required as string[] | undefined);
  return html`
    <section id="${anchor(path)}">
    <h2>${verb(method)} ${path}</h2>
    <p>${prose(operation.summary)}</p>
    ${body?.example === undefined ? "" : html`<pre tabindex="0"><code>${curl(path, body.example)}</code></pre>`}
    ${fieldsTable("Arguments", Object.entries(values), needed(body?.schema))}
    ${options && fieldsTable("Options", Object.entries(record(options.properties)) as Named[], needed(options))}
    ${fieldsTable("Answer", Object.entries(record(contentSchema(answer)?.schema.properties)) as Named[])}
    ${operation.description === undefined ? "" : html`<p class="quiet">${prose(operation.description)}</p>`}
    </section>
  `;
}

function fieldsTable(title: string, fields: readonly Named[], needed: ReadonlySet<string> = new Set()): Html | string {
  if (fields.length === 0) return "";
  return html`
    <h3>${title}</h3>
    <div class="table">
      <table>
    ${fields.map(([name, schema]) =>
      html`
        <tr>
          <th scope="row"><code>${name}</code>${needed.has(name)
            ? html`
              <em>needed</em>
            `
            : ""}</th>
          <td>${kindOf(schema)}</td>
          <td>${prose(schema.description)}${schema.default === undefined ? "" : html`
            <span class="quiet">Default: ${JSON.stringify(schema.default)}</span>
          `}</td>
        </tr>
      `
    )}</table>
    </div>
  `;
}

/** What a value may be, in few words. */
function kindOf(schema: JsonSchema): Html | string {
  const { $ref, type, enum: choices, oneOf, anyOf = oneOf, items } = schema;
  if (typeof $ref === "string") {
    const name = $ref.split("/").at(-1)!;
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (Array.isArray(choices)) return choices.map((choice) => JSON.stringify(choice)).join(", ");
  if (Array.isArray(anyOf) && type === undefined) {
    return html`${anyOf.map((one, i) => html`${i > 0 ? " or " : ""}${kindOf(one as JsonSchema)}`)}`;
  }
  if (type === "array") {
    return html`array${
      items === undefined ? "" : html`
        of ${kindOf(record(items))}
      `
    }`;
  }
  if (type === "object" && isRecord(schema.properties)) return `{ ${Object.keys(schema.properties).join(", ")} }`;
  const kind = Array.isArray(type) ? type.join(" or ") : String(type ?? "any");
  return `${kind}${rangeOf(schema)}`;
}

function rangeOf({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const least = minimum === undefined
    ? exclusiveMinimum === undefined ? "" : `above ${exclusiveMinimum}`
    : `${minimum}`;
  // The most that a table says is often no more than a guard.
  const most = maximum === undefined || Number(maximum) >= 1e9 ? "" : ` to ${maximum}`;
  if (least === "" && most === "") return "";
  return `, ${least}${most || (least.startsWith("above") ? "" : " or more")}`;
}

function problemsSection(responses: JsonSchema): Html {
  const problems = Object.values(responses).map((response) => {
    const { example } = record(record(record(record(response).content)["application/problem+json"]));
    return record(example);
  });
  return html`
    <section id="problems">
      <h2>Problems</h2>
      <p>What goes wrong is answered as <code>application/problem+json</code> (RFC 9457); <code>argument</code> names what is at fault.</p>
      <div class="table">
        <table>
    ${problems.map(({ status, title, detail }) =>
      html`
        <tr>
          <th scope="row">${status}</th>
          <td>${title}</td>
          <td>${detail}</td>
        </tr>
      `
    )}</table>
      </div>
    </section>
  `;
}

function schemaSection([name, schema]: Named): Html {
  return html`
    <section id="schema-${name}">
    <h2>${name}</h2>
    ${schema.description === undefined ? "" : html`<p>${prose(schema.description)}</p>`}
    <details><summary>Schema</summary><pre tabindex="0"><code>${JSON.stringify(schema, null, 2)}</code></pre></details>
    </section>
  `;
}

function curl(path: string, example: unknown): string {
  return `curl -s localhost:8000${path} -H 'content-type: application/json' -d '${JSON.stringify(example)}'`;
}

function contentSchema(holder: unknown): { schema: JsonSchema; example?: unknown } | undefined {
  const { schema, example } = record(record(record(holder).content)["application/json"]);
  return schema === undefined ? undefined : { schema: record(schema), example };
}

/** The record, or one without anything. */
function record(value: unknown): JsonSchema {
  return isRecord(value) ? value : {};
}

function verb(method: string): Html {
  return html`<b>${method.toUpperCase()}</b>`;
}

function anchor(path: string): string {
  return path.slice(1).replaceAll("/", "-") || "page";
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
