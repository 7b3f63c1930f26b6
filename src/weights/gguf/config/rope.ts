/** How the metadata and the tensors of a GGUF file scale RoPE, as fields of config.json. */
import { UserError } from "../../../dsl/user-error.ts";
import { longRopeAttentionFactor } from "../../../models/config.ts";
import type { GgufFacts } from "./facts.ts";
import type { Fields } from "./fields.ts";

type Json = Readonly<Record<string, unknown>>;

/** LongRoPE's tensors, of all that tells of it. */
export const ROPE_TENSORS = ["rope_factors_short.weight", "rope_factors_long.weight"] as const;

/** Llama 3's tensor: its scaling as a divisor for each pair of dims, computed by the converter (conversion of llama: `generate_extra_tensors`). */
export const DIVISORS = "rope_freqs.weight";

/** What `rope.scaling.type` may be; none where nothing is said. */
const TYPES: readonly (string | undefined)[] = [undefined, "none", "linear", "yarn", "longrope"];

/**
 * The fields of config.json that scale RoPE. LongRoPE is told by its tensors and by its factor too, since older files have
 * no type; a factor without a type is linear, as in llama.cpp.
 * @throws UserError for a scaling that is not read, and where parts of one are missing or contradict each other
 */
export function ropeOf(facts: GgufFacts, rotaryDims: number, f: Fields): Json {
  const type = f.text("rope.scaling.type");
  if (!TYPES.includes(type)) throw new UserError(`${facts.path}: RoPE scaling "${type}" is not read from GGUF`);
  const other = facts.divisors ? `tensor "${DIVISORS}"` : type === "yarn" ? 'RoPE scaling "yarn"' : undefined;
  if (facts.longRope && other !== undefined)
    throw new UserError(`${facts.path}: LongRoPE's tensors stand beside ${other}, and one scaling is read`);
  if (facts.divisors) return dividedOf(facts.path, facts.divisors, rotaryDims, f);
  if (type === "yarn") return yarnOf(f);
  const isLong = facts.longRope !== undefined || f.optional("rope.scaling.attn_factor") !== undefined;
  if (isLong || type === "longrope") return longRopeOf(facts, rotaryDims, f);
  return linearOf(type, f);
}

/** Scalings that a file has beside its divisors would stretch RoPE twice. */
function dividedOf(path: string, divisors: readonly number[], rotaryDims: number, f: Fields): Json {
  const what = `${path}: tensor "${DIVISORS}"`;
  const architecture = f.architecture;
  if (architecture !== "llama")
    throw new UserError(`${what} scales RoPE of llama only, and the architecture is ${architecture}`);
  const beside = ["rope.scaling.type", "rope.scaling.factor", "rope.scale_linear", "rope.scaling.attn_factor"].find(
    (name) => ![undefined, "none", 0].includes(f.value(name) as string | number | undefined),
  );
  if (beside) f.fail(beside, `is ${String(f.value(beside))}, and tensor "${DIVISORS}" scales RoPE already`);
  checkDivisors(what, divisors, rotaryDims);
  // Frequencies themselves, which files of old had under this name, fall from 1 on.
  const at = divisors.findIndex((x, j) => x < (divisors[j - 1] ?? 1));
  if (at >= 0)
    throw new UserError(`${what} has ${divisors[at]} at [${at}], and Llama 3's divisors rise from 1: these are none`);
  return { rope_scaling: { rope_type: "divided", divisors } };
}

/** YaRN's keys of which llama.cpp makes another factor of cos and sin, or another ramp, with what says that they do nothing. */
const OTHER_YARN: ReadonlyMap<string, readonly number[]> = new Map([
  ["rope.scaling.attn_factor", [1]],
  ["rope.scaling.yarn_attn_factor", [1]],
  ["rope.scaling.yarn_ext_factor", [1, -1]],
  ["rope.scaling.yarn_log_multiplier", [0]],
]);

function yarnOf(f: Fields): Json {
  for (const [name, idle] of OTHER_YARN) {
    const value = f.optional(name);
    if (value !== undefined && !idle.includes(value))
      f.fail(name, `is ${value}, which is not read; graphc takes ${idle[0]}`);
  }
  const [factor, original] = [f.number("rope.scaling.factor"), f.optional("rope.scaling.original_context_length")];
  const [fast, slow] = [f.optional("rope.scaling.yarn_beta_fast"), f.optional("rope.scaling.yarn_beta_slow")];
  return {
    rope_scaling: {
      rope_type: "yarn",
      factor,
      ...(original === undefined ? {} : { original_max_position_embeddings: original }),
      ...(fast === undefined ? {} : { beta_fast: fast }),
      ...(slow === undefined ? {} : { beta_slow: slow }),
    },
  };
}

function linearOf(type: string | undefined, f: Fields): Json {
  const [name = "rope.scaling.factor"] = ["rope.scaling.factor", "rope.scale_linear"].filter((n) => f.optional(n));
  const factor = f.optional(name) ?? 0;
  if (type === "linear" && factor === 0) return f.fail(name, 'is missing, which RoPE scaling "linear" takes');
  return { rope_scaling: type === "none" || factor === 0 ? null : { rope_type: "linear", factor } };
}

function longRopeOf({ path, longRope }: GgufFacts, rotaryDims: number, f: Fields): Json {
  const type = f.text("rope.scaling.type") ?? "longrope";
  const factor = f.optional("rope.scaling.attn_factor");
  const original = f.optional("rope.scaling.original_context_length");
  if (!longRope || factor === undefined || original === undefined)
    throw new UserError(
      `${path}: LongRoPE takes both tensors rope_factors_long and rope_factors_short, its attn_factor and its original_context_length, and the file has some of them only`,
    );
  if (type !== "longrope") f.fail("rope.scaling.type", `is "${type}", and the file has LongRoPE's tensors`);
  const [short_factor, long_factor] = [longRope.short, longRope.long];
  for (const [i, numbers] of [short_factor, long_factor].entries())
    checkDivisors(`${path}: tensor "${ROPE_TENSORS[i]}"`, numbers, rotaryDims);
  checkFactor(factor, f.number("context_length") / original, original, f);
  return {
    original_max_position_embeddings: original,
    rope_scaling: { type: "longrope", short_factor, long_factor },
  };
}

function checkDivisors(what: string, numbers: readonly number[], rotaryDims: number): void {
  if (numbers.length !== rotaryDims / 2)
    throw new UserError(`${what} has ${numbers.length} numbers for ${rotaryDims / 2} pairs of rotary dims`);
  const at = numbers.findIndex((x) => !(Number.isFinite(x) && x > 0));
  if (at >= 0) throw new UserError(`${what} has ${numbers[at]} at [${at}], where RoPE's frequencies are divided by it`);
}

/** fp32 has seven digits; the formula, which the reader of config.json applies, gives the exact factor. */
const CLOSE = 1e-6;

function checkFactor(factor: number, stretch: number, original: number, f: Fields): void {
  const right = longRopeAttentionFactor(stretch, original);
  // Also where one of them is no number.
  if (!(Math.abs(factor / right - 1) <= CLOSE))
    f.fail("rope.scaling.attn_factor", `is ${factor}, where LongRoPE's formula gives ${right}`);
}
