/** JavaScript runtimes that are told apart. */
export type RuntimeName = "deno" | "node" | "bun" | "workerd" | "browser";

interface Host {
  readonly Deno?: { readonly version?: { readonly deno?: string } };
  readonly Bun?: { readonly version?: string };
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly navigator?: { readonly userAgent?: string };
}

const host = globalThis as unknown as Host;

/** The runtime and its version, by what they say of themselves. */
export function runtime(): { runtime: RuntimeName; runtimeVersion: string } {
  const agent = host.navigator?.userAgent ?? "";
  if (agent === "Cloudflare-Workers") return { runtime: "workerd", runtimeVersion: agent };
  if (host.Deno?.version?.deno) return { runtime: "deno", runtimeVersion: host.Deno.version.deno };
  if (host.Bun?.version) return { runtime: "bun", runtimeVersion: host.Bun.version };
  if (host.process?.versions?.node) return { runtime: "node", runtimeVersion: host.process.versions.node };
  return { runtime: "browser", runtimeVersion: agent };
}
