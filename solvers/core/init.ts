import { configure, type EngineOptions } from "../../kernels/engine/mod.ts";
import { checkNames } from "./resolve_options.ts";

/**
 * Prepares the engine. Calling it is optional, except where run-time compilation is forbidden; calling it again
 * replaces the settings for later solves.
 *
 * @throws {RangeError} for an option that is not known or out of its range
 */
export async function init(options: EngineOptions = {}): Promise<void> {
  const subject = "the engine";
  const known = checkNames(options, { modules: true, maximumMemoryBytes: true, crossovers: true }, subject);
  const { crossovers } = known;
  await configure({
    ...known,
    crossovers: crossovers === undefined
      ? undefined
      : checkNames(crossovers, { threads: true, webgpu: true }, subject, "crossovers"),
  });
}
