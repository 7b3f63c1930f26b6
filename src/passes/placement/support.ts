/** Whether the engine can take an op at all, by what a device's planner said of each form that was tried. */
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { type DType, show } from "../../dsl/type.ts";
import { type OpValue, operand } from "../lint/lint-rule.ts";
import type { PlacementRecord } from "../lint/placement-record.ts";
import type { Chip } from "./chips.ts";

/** Why the engine cannot take an op; the kinds are those of the planner's own messages. */
export type Refusal = "type" | "op" | "index" | "axis" | "contraction" | "kernel";

/** What is known of one op: a refusal comes with its reason and a mend. */
export type Support =
  | { readonly can: "yes" }
  | { readonly can: "no"; readonly refusal: Refusal; readonly why: string; readonly mend: string }
  | { readonly can: "not in the record" };

/** A rule of refusal: a sentence about a value that it refuses, and what to do instead. */
export interface SupportRule {
  readonly refusal: Refusal;
  readonly says: string;
  readonly mend: string;
  find(value: OpValue, asked: Asked): string | undefined;
}

/** What an op is asked about. */
export interface Asked {
  readonly chip: Chip;
  /** Whether a value is known when the model is compiled. */
  isConstant(x: Tensor): boolean;
  readonly record: Pick<PlacementRecord, "ops">;
}

const GATHERS: ReadonlySet<string> = new Set(["gather"]);
const LONGEST_CONTRACTION = 32768;
const HIGHEST_KERNEL = 31;
const WIDEST_POOL = 8;

/** Kernel of a convolution or pool along height and width; undefined for any other op. */
function kernelOf(value: OpValue): readonly [height: number, width: number] | undefined {
  const sizes = value.def.op.endsWith("_pool")
    ? (value.def.attrs.kernel_sizes as readonly number[])
    : value.def.op.startsWith("conv")
      ? operand(value, "weight")!.type.shape.slice(2)
      : undefined;
  return sizes && [sizes.at(-2) ?? 1, sizes.at(-1)!];
}

/** The length of the sums of a matrix product whose both operands come at run time. */
function contractionOf(value: OpValue): number | undefined {
  if (value.def.op !== "matmul") return undefined;
  const { shape } = operand(value, "x")!.type;
  return value.def.attrs.transpose_x ? shape.at(-2) : shape.at(-1);
}

const runTime = (value: OpValue, { isConstant }: Asked): readonly Tensor[] => [
  value,
  ...operandsOf(value.def).filter((x) => !isConstant(x)),
];

/** Every rule, in the order in which they are asked. */
export const SUPPORT_RULES: readonly SupportRule[] = [
  {
    refusal: "op",
    says: "some form of the op was taken",
    mend: "write it with other ops, or compute it on the host",
    // Of an op whose result is whole numbers the planner names the type.
    find: ({ def, type }, { record }) =>
      record.ops.get(def.op)?.[0] === 0 && type.dtype !== "int32" ? `no form of ${def.op} was taken` : undefined,
  },
  {
    refusal: "index",
    says: "gather reads at positions that are known when the model is compiled",
    mend: "feed the gathered rows as an input",
    find: (value, asked) =>
      GATHERS.has(value.def.op) && !asked.isConstant(operand(value, "indices")!)
        ? `${value.def.op} reads at run-time positions`
        : undefined,
  },
  {
    refusal: "type",
    says: "no tensor at run time is int32 or int8",
    mend: "feed it as fp16, or compute it on the host",
    find: (value, asked) => {
      const whole = runTime(value, asked).find(({ type }) => type.dtype === "int32" || type.dtype === "int8");
      const isStored = value.def.op === "quantize" || value.def.op === "dequantize";
      return whole && !isStored ? `${whole === value ? "its result" : "an operand"} is ${show(whole.type)}` : undefined;
    },
  },
  {
    refusal: "index",
    says: "slices begin where it is known when the model is compiled",
    mend: "slice on the host, or select by a mask",
    find: (value, asked) => {
      const begin = value.def.op.startsWith("slice_by") ? operand(value, "begin") : undefined;
      return begin && !asked.isConstant(begin) ? `${value.def.op} begins at a run-time position` : undefined;
    },
  },
  {
    refusal: "axis",
    says: "every axis is within the chip's limit",
    mend: "split it",
    find: (value, asked) => {
      const { longestAxis, name } = asked.chip;
      const axes = runTime(value, asked).flatMap(({ type }) => type.shape);
      const size = axes.find((n) => n > longestAxis);
      return size === undefined ? undefined : `an axis of ${size}; ${name} takes ${longestAxis} at most`;
    },
  },
  {
    refusal: "contraction",
    says: `a product of two run-time matrices sums over ${LONGEST_CONTRACTION} terms at most`,
    mend: "split the sum",
    find: (value) => {
      const terms = contractionOf(value);
      return terms !== undefined && terms > LONGEST_CONTRACTION ? `sums over ${terms} terms` : undefined;
    },
  },
  {
    refusal: "kernel",
    says: `a convolution's kernel is within the chip's width and ${HIGHEST_KERNEL} high, a maximum pool's ${WIDEST_POOL} wide`,
    mend: "split the kernel",
    find: (value, { chip: { widestKernel, name } }) => {
      const kernel = kernelOf(value);
      if (!kernel || value.def.op === "avg_pool" || value.def.op === "l2_pool") return undefined;
      const widest = value.def.op === "max_pool" ? WIDEST_POOL : widestKernel;
      const highest = value.def.op === "max_pool" ? Number.POSITIVE_INFINITY : HIGHEST_KERNEL;
      const [height, width] = kernel;
      return width > widest || height > highest
        ? `a kernel of ${height} x ${width}; ${name} takes it ${widest} wide`
        : undefined;
    },
  },
];

/** Ops that moving and naming is made of, and that the record's models held without a line of their own. */
const UNLISTED: ReadonlySet<string> = new Set(["identity"]);

const CAST: ReadonlySet<DType> = new Set(["fp16", "fp32", "bool"]);
const PLACES: ReadonlySet<DType> = new Set(["int16", "uint16"]);
const READ_AT_PLACES: ReadonlySet<string> = new Set(["gather_along_axis", "gather_nd"]);

/**
 * Whether some form had such types. Models that were made in fp32 came to the planner with casts around an op in fp16, so that of fp32
 * the casts alone are on record; of whole numbers the indices of two gathers, and the int8 of quantize and dequantize.
 */
function hasRecordedTypes(value: OpValue, asked: Asked): boolean {
  const { op } = value.def;
  const isStored = op === "quantize" || op === "dequantize";
  const indices = READ_AT_PLACES.has(op) ? operand(value, "indices") : undefined;
  return runTime(value, asked).every((x) => {
    const { dtype } = x.type;
    if (op === "cast") return CAST.has(dtype);
    return (
      dtype === "fp16" || dtype === "bool" || (isStored && dtype === "int8") || (x === indices && PLACES.has(dtype))
    );
  });
}

/** What is known of an op on a chip. */
export function supportOf(value: OpValue, asked: Asked): Support {
  for (const { refusal, mend, find } of SUPPORT_RULES) {
    const why = find(value, asked);
    if (why !== undefined) return { can: "no", refusal, why, mend };
  }
  const isKnown = asked.record.ops.has(value.def.op) || UNLISTED.has(value.def.op);
  return isKnown && hasRecordedTypes(value, asked) ? { can: "yes" } : { can: "not in the record" };
}

/** Whether an op is placed at all: stored weights are unpacked before anything runs. */
export const isPlaced = ({ def }: OpValue): boolean => !has(def, "constexpr");
