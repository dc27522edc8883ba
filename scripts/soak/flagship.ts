/**
 * `deno task soak flagship [RUNTIME...]`: a layer of 4096 x 4096 weights with its Gram matrix, by safetensors through the
 * service as it is by default, on Deno and Node.
 */

import { parseSafetensors } from "../../formats/safetensors.ts";
import type { ProcessRuntime } from "./programs.ts";
import { largeLayer, mebibytes, sendLayer, startService } from "./services.ts";

/** Whether it is answered. */
export async function flagship(runtimes: readonly string[]): Promise<boolean> {
  const layer = largeLayer(4096, 4096);
  let good = true;
  for (const runtime of runtimes.length > 0 ? runtimes : ["deno", "node"]) {
    await using service = await startService(runtime as ProcessRuntime);
    for (const method of ["gptq", "quantease", "auto"]) {
      const began = performance.now();
      const { status, bytes, most, answer } = await sendLayer(service, layer, { method });
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      good &&= status === 200;
      console.log(
        `${runtime}, ${method}: ${mebibytes(bytes)} MiB sent, status ${status} after ${seconds} s, ` +
          `${mebibytes(most)} MiB of memory at most: ${
            status === 200 ? said(answer) : new TextDecoder().decode(answer)
          }`,
      );
    }
  }
  return good;
}

function said(answer: ArrayBuffer): string {
  const { status, relativeError, plan } = JSON.parse(parseSafetensors(answer).metadata.result);
  return `${status}, relative error ${relativeError.toExponential(3)}, ${plan.backend} x ${plan.threads}`;
}
