/** What came of the tests, from each runtime, in one form. */

/** One test that ran, or was skipped. */
export interface TestOutcome {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** What went wrong, or why it was skipped. */
  readonly detail?: string;
}

const entities: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&" };

/** Reads the JUnit report that Deno, Node and Bun write; groups of tests are not counted, only the tests in them. */
export function parseJunit(xml: string): TestOutcome[] {
  const cases = [...xml.matchAll(/<testcase((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, attributes, body = ""]) => ({ name: attribute(attributes, "name"), time: attribute(attributes, "time"), body }),
  );
  // Deno lists a group as a test case of its own, whose name begins those of its tests.
  const groups = new Set(cases.flatMap(({ name }) => prefixes(name)));
  return cases.flatMap(({ name, time, body }): TestOutcome[] => {
    const failed = /<failure|<error/.test(body);
    if (groups.has(name) && (!failed || /\d+ test steps? failed/.test(body))) return [];
    const skipped = body.match(/<skipped([^>]*)>/);
    const status = failed ? "failed" : skipped ? "skipped" : "passed";
    return [{ name, status, seconds: Number(time), detail: skipped ? attribute(skipped[1], "message") : undefined }];
  });
}

function prefixes(name: string): string[] {
  const parts = name.split(" > ");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join(" > "));
}

function attribute(attributes: string, name: string): string {
  const value = attributes.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? "";
  return value.replace(/&\w+;/g, (entity) => entities[entity] ?? entity);
}
