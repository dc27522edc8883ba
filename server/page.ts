/** The playground: a page that solves in the browser, embedded so that it needs no file system. */

import { assets } from "./dist/assets.js";

/**
 * Everything comes from this origin. Kernels are compiled in the page (`wasm-unsafe-eval`), threads start from blobs,
 * and isolation from other origins gives the page shared memory.
 */
const headers = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "connect-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/** The asset that a request asks for, if there is one: by its hash, it is sent only when it changed. */
export function pageAsset(request: Request): Response | undefined {
  const path = new URL(request.url).pathname, asset = assets.get(path);
  if (!asset) return undefined;
  const etag = `"${asset.hash}"`;
  if (request.headers.get("if-none-match")?.includes(etag)) {
    return new Response(null, { status: 304, headers: { ...headers, etag } });
  }
  // The parts of the scripts are named by their content.
  const lasting = path.startsWith("/parts/") ? { "cache-control": "public, max-age=31536000, immutable" } : {};
  return new Response(asset.text, { headers: { ...headers, ...lasting, etag, "content-type": asset.type } });
}
