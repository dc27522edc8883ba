import type { Rotary } from "./architecture.ts";
import { type Config, configOf } from "./config.ts";

/**
 * Frequencies of rotary positions and what their scalings make of them: `linear`, `llama3`, `yarn` (Peng et al. 2023),
 * and `dynamic`, which changes nothing up to the context length. They are taken from `rope_parameters`, or from
 * `rope_theta` and `rope_scaling` as older files have them.
 */
export function rotaryPositions(config: Config, headSize: number, context: number): Rotary {
  const positions = scaledPositions(config, headSize, context), { frequencies, factor } = positions;
  const sound = Number.isFinite(factor) && frequencies.every((frequency) => frequency > 0 && frequency < Infinity);
  if (!sound) throw config.refuse("rope_parameters", "makes frequencies that are no positive numbers");
  return positions;
}

function scaledPositions(config: Config, headSize: number, context: number): Rotary {
  const group = config.value("rope_parameters", "rope_scaling");
  if (group !== undefined && (typeof group !== "object" || Array.isArray(group))) {
    throw config.refuse("rope_parameters", "must be an object");
  }
  const given = configOf((group ?? {}) as Readonly<Record<string, unknown>>, 'config.json: "rope_parameters"');
  const base = given.number("rope_theta", config.number("rope_theta", 10000));
  const share = given.number("partial_rotary_factor", config.number("partial_rotary_factor", 1));
  const size = Math.floor(headSize * share);
  if (size < 2 || size % 2 !== 0 || size > headSize) {
    throw config.refuse(
      "partial_rotary_factor",
      `leaves ${size} columns of a head of ${headSize} to be rotated in pairs`,
    );
  }
  const frequencies = Float64Array.from({ length: size / 2 }, (_, pair) => base ** (-2 * pair / size));
  const kind = given.text(["rope_type", "type"], "default");
  const scale = () => given.number("factor");
  switch (kind) {
    case "default":
    case "dynamic":
      return { kind: "rotary", frequencies, factor: 1 };
    case "linear":
      return { kind: "rotary", frequencies: frequencies.map((frequency) => frequency / scale()), factor: 1 };
    case "llama3":
      return { kind: "rotary", frequencies: smoothed(frequencies, given, scale()), factor: 1 };
    case "yarn":
      return yarn(frequencies, base, given, context);
  }
  throw config.refuse("rope_type", `is ${JSON.stringify(kind)}; default, linear, dynamic, llama3 and yarn are known`);
}

/** Long waves are stretched, short ones stay, and between them the two are mixed. */
function smoothed(frequencies: Float64Array, given: Config, factor: number): Float64Array {
  const low = given.number("low_freq_factor"), high = given.number("high_freq_factor");
  const length = given.count("original_max_position_embeddings");
  return frequencies.map((frequency) => {
    const turns = length * frequency / (2 * Math.PI);
    const smooth = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * (smooth + (1 - smooth) / factor);
  });
}

function yarn(frequencies: Float64Array, base: number, given: Config, context: number): Rotary {
  const length = given.count("original_max_position_embeddings", context);
  const factor = given.number("factor", context / length);
  const attention = (scale: number, multiple: number) => scale <= 1 ? 1 : 0.1 * multiple * Math.log(scale) + 1;
  const some = given.number("mscale", 0), all = given.number("mscale_all_dim", 0);
  const inferred = some && all ? attention(factor, some) / attention(factor, all) : attention(factor, 1);
  const pairs = frequencies.length;
  const pairTurning = (turns: number) => pairs * Math.log(length / (turns * 2 * Math.PI)) / Math.log(base);
  const whole = given.flag("truncate", true), first = pairTurning(given.number("beta_fast", 32));
  const last = pairTurning(given.number("beta_slow", 1));
  const low = Math.max(0, whole ? Math.floor(first) : first);
  const high = Math.min(2 * pairs - 1, whole ? Math.ceil(last) : last);
  return {
    kind: "rotary",
    frequencies: frequencies.map((frequency, pair) => {
      const ramp = Math.min(1, Math.max(0, (pair - low) / (high === low ? 0.001 : high - low)));
      return frequency * (1 - ramp + ramp / factor);
    }),
    factor: given.number("attention_factor", inferred),
  };
}
