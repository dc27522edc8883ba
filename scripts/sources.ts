/** The files of the repository, as the gate and the tests of the architecture see them. */

const skippedFolders = new Set(["node_modules", "build", "coverage", ".git"]);

/** Paths of all files under `folder`, relative to the root and sorted; without dependencies and build products. */
export function sourceFiles(folder = "."): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory, isFile }) => {
    const path = folder === "." ? name : `${folder}/${name}`;
    if (isDirectory) return skippedFolders.has(name) ? [] : sourceFiles(path);
    return isFile && name !== ".git" ? [path] : [];
  }).sort();
}

/** AssemblyScript looks like TypeScript, but Deno cannot read it. */
export function isAssembly(path: string): boolean {
  return path.includes("/assembly/");
}
