/** How the metadata and the tensors of a GGUF file scale RoPE, as fields of config.json. */
import { UserError } from "../../../dsl/user-error.ts";
import { longRopeAttentionFactor } from "../../../models/config.ts";
import type { GgufFacts } from "./facts.ts";
import type { Fields } from "./fields.ts";

type Json = Readonly<Record<string, unknown>>;

/** LongRoPE's tensors, of all that tells of it. */
export const ROPE_TENSORS = ["rope_factors_short.weight", "rope_factors_long.weight"] as const;

/** What `rope.scaling.type` may be; none where nothing is said. */
const TYPES: readonly (string | undefined)[] = [undefined, "none", "linear", "longrope"];

/**
 * The fields of config.json that scale RoPE. LongRoPE is told by its tensors and by its factor too, since older files have
 * no type; a factor without a type is linear, as in llama.cpp.
 * @throws UserError for a scaling that is not read, and where parts of one are missing or contradict each other
 */
export function ropeOf(facts: GgufFacts, rotaryDims: number, f: Fields): Json {
  const type = f.text("rope.scaling.type");
  if (!TYPES.includes(type)) throw new UserError(`${facts.path}: RoPE scaling "${type}" is not read from GGUF`);
  if (facts.shapes.has("rope_freqs.weight"))
    throw new UserError(`${facts.path}: tensor "rope_freqs.weight" scales RoPE in a way that is not read from GGUF`);
  const isLong = facts.longRope !== undefined || f.optional("rope.scaling.attn_factor") !== undefined;
  if (isLong || type === "longrope") return longRopeOf(facts, rotaryDims, f);
  return linearOf(type, f);
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
  if (at >= 0) throw new UserError(`${what} has ${numbers[at]} at [${at}], where LongRoPE divides by it`);
}

/** fp32 has seven digits; the formula, which the reader of config.json applies, gives the exact factor. */
const CLOSE = 1e-6;

function checkFactor(factor: number, stretch: number, original: number, f: Fields): void {
  const right = longRopeAttentionFactor(stretch, original);
  // Also where one of them is no number.
  if (!(Math.abs(factor / right - 1) <= CLOSE))
    f.fail("rope.scaling.attn_factor", `is ${factor}, where LongRoPE's formula gives ${right}`);
}
