/** Every family. @module */

import type { Architecture } from "../architecture.ts";
import type { Config } from "../config.ts";
import { bloom } from "./bloom.ts";
import type { Family, HasTensor } from "./common.ts";
import { falcon } from "./falcon.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";
import { opt } from "./opt.ts";

const families: readonly Family[] = [llama, opt, bloom, falcon, gpt2];

/** Model types that are known. */
const knownTypes: readonly string[] = families.flatMap(({ types }) => types);

/**
 * The description of a model.
 *
 * @throws {FormatError} for a family that is not known, and for a configuration that it cannot use
 */
export function describeModel(config: Config, has: HasTensor): Architecture {
  const type = config.text("model_type");
  const family = families.find(({ types }) => types.includes(type));
  if (!family) throw config.refuse("model_type", `is ${JSON.stringify(type)}; known are ${knownTypes.join(", ")}`);
  return family.describe(config, has);
}
