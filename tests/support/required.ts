/** What must be there for the tests to count: on the build machine, a backend that has gone missing is a failure. */

const host = globalThis as unknown as {
  readonly Deno?: { readonly env: { get(name: string): string | undefined } };
};

/** Whether `MINIMA_REQUIRE_ALL` asks, in this runtime, for every backend. */
export function allRequired(): boolean {
  return host.Deno?.env.get("MINIMA_REQUIRE_ALL") === "1";
}
