/** Whether the engine can take an op at all, by what a device's planner said of each form that was tried. */
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { show } from "../../dsl/type.ts";
import { type OpValue, operand } from "../lint/lint-rule.ts";
import { PLACEMENT_RECORD } from "../lint/placement-record.ts";
import type { Chip } from "./chips.ts";

/** Why the engine cannot take an op; the kinds are those of the planner's own messages. */
export type Refusal = "type" | "op" | "index" | "axis" | "contraction" | "kernel" | "rank";

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
  find(value: OpValue, chip: Chip, isConstant: (x: Tensor) => boolean): string | undefined;
}

const RECORDED_WITHOUT: ReadonlySet<string> = new Set(
  [...PLACEMENT_RECORD.ops].flatMap(([op, [supported]]) => (supported === 0 ? [op] : [])),
);

const GATHERS: ReadonlySet<string> = new Set(["gather"]);
const LONGEST_CONTRACTION = 32768;
const HIGHEST_KERNEL = 31;
const WIDEST_POOL = 8;
const MOST_AXES = 5;

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

const runTime = (value: OpValue, isConstant: (x: Tensor) => boolean): readonly Tensor[] => [
  value,
  ...operandsOf(value.def).filter((x) => !isConstant(x)),
];

/** Every rule, in the order in which they are asked. */
export const SUPPORT_RULES: readonly SupportRule[] = [
  {
    refusal: "op",
    says: "the op is one that no form of was taken",
    mend: "write it with other ops, or compute it on the host",
    find: ({ def }) => (RECORDED_WITHOUT.has(def.op) ? `no form of ${def.op} was taken` : undefined),
  },
  {
    refusal: "index",
    says: "gather reads at positions that are known when the model is compiled",
    mend: "feed the gathered rows as an input",
    find: (value, _, isConstant) =>
      GATHERS.has(value.def.op) && !isConstant(operand(value, "indices")!)
        ? `${value.def.op} reads at run-time positions`
        : undefined,
  },
  {
    refusal: "type",
    says: "no tensor at run time is int32 or int8",
    mend: "feed it as fp16, or compute it on the host",
    find: (value, _, isConstant) => {
      const whole = runTime(value, isConstant).find(({ type }) => type.dtype === "int32" || type.dtype === "int8");
      const isStored = value.def.op === "quantize" || value.def.op === "dequantize";
      return whole && !isStored ? `${whole === value ? "its result" : "an operand"} is ${show(whole.type)}` : undefined;
    },
  },
  {
    refusal: "index",
    says: "slices begin where it is known when the model is compiled",
    mend: "slice on the host, or select by a mask",
    find: (value, _, isConstant) => {
      const begin = value.def.op.startsWith("slice_by") ? operand(value, "begin") : undefined;
      return begin && !isConstant(begin) ? `${value.def.op} begins at a run-time position` : undefined;
    },
  },
  {
    refusal: "axis",
    says: "every axis is within the chip's limit",
    mend: "split it",
    find: (value, { longestAxis, name }, isConstant) => {
      const axes = runTime(value, isConstant).flatMap(({ type }) => type.shape);
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
    find: (value, { widestKernel, name }) => {
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
  {
    refusal: "rank",
    says: `a tensor has ${MOST_AXES} axes at most`,
    mend: "fold an axis into another",
    find: (value, _, isConstant) => {
      const deep = runTime(value, isConstant).find(({ type }) => type.shape.length > MOST_AXES);
      return deep ? `${show(deep.type)} has more than ${MOST_AXES} axes` : undefined;
    },
  },
];

/** Ops that moving and naming is made of, and that the record's models held without a line of their own. */
const UNLISTED: ReadonlySet<string> = new Set(["identity"]);

/** What is known of an op on a chip. */
export function supportOf(value: OpValue, chip: Chip, isConstant: (x: Tensor) => boolean): Support {
  for (const { refusal, mend, find } of SUPPORT_RULES) {
    const why = find(value, chip, isConstant);
    if (why !== undefined) return { can: "no", refusal, why, mend };
  }
  const isKnown = PLACEMENT_RECORD.ops.has(value.def.op) || UNLISTED.has(value.def.op);
  return isKnown ? { can: "yes" } : { can: "not in the record" };
}

/** Whether an op is placed at all: stored weights are unpacked before anything runs. */
export const isPlaced = ({ def }: OpValue): boolean => !has(def, "constexpr");
