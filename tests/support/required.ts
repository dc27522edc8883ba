/** What must be there for the tests to count: on the build machine, a backend that has gone missing is a failure. */

interface Host {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
  };
  /** Pages have no environment: the test runner sets it there. */
  readonly MINIMA_REQUIRE_ALL?: string;
}

const { process, MINIMA_REQUIRE_ALL } = globalThis as unknown as Host;

/** Whether `MINIMA_REQUIRE_ALL` asks, in this runtime, for every backend. */
export function allRequired(): boolean {
  return (MINIMA_REQUIRE_ALL ?? process?.env?.MINIMA_REQUIRE_ALL) === "1";
}
