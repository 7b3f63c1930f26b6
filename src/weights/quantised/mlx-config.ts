/** What config.json of an MLX folder says about the packing of its tensors (ml-explore/mlx-lm, `quantize_model`). */
import { UserError } from "../../dsl/user-error.ts";
import { brief } from "../../models/brief.ts";
import type { Grouping } from "./groups.ts";
import { type Json, objectOf } from "./held.ts";

/** The packing by the path of a layer; "plain" where config.json says that it is not quantised, undefined where it says nothing. */
export type GroupingOf = (path: string) => Grouping | "plain" | undefined;

/** MLX packs codes of these bits in groups of these sizes (`mx.quantize`, mode "affine"). */
export const MLX_BITS: readonly number[] = [1, 2, 3, 4, 5, 6, 8];
/** Elements of a group. */
export const MLX_GROUPS: readonly number[] = [32, 64, 128];

const MEND = "convert the original checkpoint again with mlx_lm.convert -q, or give that checkpoint itself";

/** The part of config.json that MLX reads: "quantization", or else what stands under transformers' name for it. */
export function mlxPart(config: unknown): Json | undefined {
  const top = objectOf(config);
  const own = objectOf(top?.quantization);
  const other = objectOf(top?.quantization_config);
  return own ?? (other?.quant_method === undefined && other?.group_size !== undefined ? other : undefined);
}

/** @throws UserError that names the file and what is not understood in it */
export function groupingsOf(said: Json | undefined, configPath: string): GroupingOf {
  if (said === undefined) return () => undefined;
  const { group_size, bits, mode, ...paths } = said;
  const whole = groupingOf({ group_size, bits, mode }, `${configPath}: "quantization"`);
  const own = new Map<string, Grouping | "plain">();
  for (const [path, value] of Object.entries(paths)) {
    const where = `${configPath}: "quantization" of ${brief(path)}`;
    if (value === true) own.set(path, whole);
    else if (value === false) own.set(path, "plain");
    else own.set(path, groupingOf(objectOf(value) ?? refuseValue(where, value), where));
  }
  return (path) => own.get(path) ?? whole;
}

function refuseValue(where: string, value: unknown): never {
  throw new UserError(
    `${where} is ${brief(value)}, which is not understood`,
    "it must be false, or give group_size and bits",
  );
}

function groupingOf({ group_size: groupSize, bits, mode = "affine", ...others }: Json, where: string): Grouping {
  if (mode !== "affine")
    throw new UserError(`${where} has the mode ${brief(mode)}, and graphc reads "affine" alone`, MEND);
  const [other] = Object.keys(others);
  if (other !== undefined) throw new UserError(`${where} has ${brief(other)}, which is not understood`, MEND);
  if (!isOneOf(MLX_BITS, bits)) throw new UserError(`${where} has bits ${said(bits)}; ${oneOf(MLX_BITS)}`, MEND);
  if (!isOneOf(MLX_GROUPS, groupSize))
    throw new UserError(`${where} has group_size ${said(groupSize)}; ${oneOf(MLX_GROUPS)}`, MEND);
  return { bits, groupSize };
}

const isOneOf = (list: readonly number[], value: unknown): value is number => list.some((n) => n === value);
const said = (value: unknown): string => (value === undefined ? "not given" : brief(value));
const oneOf = (list: readonly number[]): string => `it must be one of ${list.join(", ")}`;

/**
 * The one packing in which a row of so many words has so many groups.
 * @returns undefined where there is none or more than one
 */
export function groupingByShape(words: number, groups: number): Grouping | undefined {
  const found = MLX_BITS.flatMap((bits) => MLX_GROUPS.map((groupSize) => ({ bits, groupSize }))).filter(
    ({ bits, groupSize }) => groups * groupSize * bits === 32 * words,
  );
  return found.length === 1 ? found[0] : undefined;
}
