import type { Command } from "../command.ts";
import { complete } from "./complete.ts";
import { doctor } from "./doctor.ts";
import { generateCommand } from "./generate.ts";
import { graph } from "./graph.ts";
import { nmfCommand } from "./nmf.ts";
import { multitask } from "./multitask.ts";
import { inspect } from "./inspect.ts";
import { perplexityCommand } from "./perplexity.ts";
import { quantize } from "./quantize.ts";
import { quantizeLayerCommand } from "./quantize_layer.ts";
import { regress } from "./regress.ts";
import { samCommand } from "./sam.ts";
import { samPathCommand } from "./sam_path.ts";
import { serve } from "./serve.ts";
import { transduceCommand } from "./transduce.ts";

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  quantize,
  perplexityCommand,
  generateCommand,
  inspect,
  quantizeLayerCommand,
  regress,
  multitask,
  graph,
  complete,
  nmfCommand,
  transduceCommand,
  samCommand,
  samPathCommand,
  serve,
  doctor,
];
