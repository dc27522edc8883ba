/** The systems of the library, as the exports of deno.json name them: each has a subpath of its own. */

/** Names of the systems: an export of `solvers/<system>/mod.ts` makes one, `solvers/core` is what they share. */
export function systems(): string[] {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
  return Object.values<string>(exports)
    .flatMap((path) => /^\.\/solvers\/(\w+)\/mod\.ts$/.exec(path)?.[1] ?? [])
    .filter((name) => name !== "core");
}
