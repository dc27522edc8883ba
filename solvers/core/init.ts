import { type Calibration, configure, type EngineOptions } from "../../kernels/engine/mod.ts";
import { checkNames } from "./resolve_options.ts";

/** Names of what `calibrate` gives. */
const calibrationNames = { threads: true, webgpu: true, measured: true, leftOut: true } as const;

/**
 * Prepares the engine. Calling it is optional, except where run-time compilation is forbidden; calling it again
 * replaces the settings for later solves.
 *
 * @throws {RangeError} for an option that is not known or out of its range
 */
export async function init(options: EngineOptions = {}): Promise<void> {
  const subject = "the engine";
  const names = {
    modules: true,
    maximumMemoryBytes: true,
    maximumReferenceBytes: true,
    maximumOperations: true,
    crossovers: true,
  } as const;
  const known = checkNames(options, names, subject);
  const { crossovers } = known;
  await configure({
    ...known,
    crossovers: crossovers === undefined
      ? undefined
      // What `calibrate` gives is taken as it comes, with what was measured.
      : checkNames<Partial<Calibration>>(crossovers, calibrationNames, subject, "crossovers"),
  });
}
