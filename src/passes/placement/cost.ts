/**
 * How long the planner takes an op to run on each backend. Its estimates are no measurements; they decide where ops go.
 * Formulas: src/passes/placement/chips.ts names the source; they replay its estimates, see test/passes/placement/cost.test.ts.
 */
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../dsl/type.ts";
import { type OpValue, operand } from "../lint/lint-rule.ts";
import { BACKENDS, type Backend, type Chip } from "./chips.ts";

/** Milliseconds by backend. */
export type Cost = Readonly<Record<Backend, number>>;

const BYTES: Readonly<Record<string, number>> = { fp32: 4, int32: 4, bool: 1, int8: 1, uint8: 1 };
const bytesOf = ({ dtype, shape }: TensorType): number => (BYTES[dtype] ?? 2) * sizeOf(shape);

/** What an op moves and computes. */
interface Work {
  readonly bytes: number;
  readonly flops: number;
}

/** GFLOP/s at which some ops are charged whatever they move: counted in elements of `of`. */
interface Charge {
  readonly of: "result" | "operands";
  readonly flops: number;
  readonly rates: Readonly<Record<Backend, number>>;
}

/** Of mul the engine's rate alone is on record: those of the CPU are taken over from add. */
const CHARGES: ReadonlyMap<string, Charge> = new Map<string, Charge>([
  ["relu", { of: "result", flops: 2, rates: { ane: 50, bnns: 50, classic: 50 } }],
  ["concat", { of: "result", flops: 1, rates: { ane: 50, bnns: 50 / 8.7, classic: 50 / 8.7 } }],
  ["add", { of: "operands", flops: 2, rates: { ane: 35.98, bnns: 21.12, classic: 18.36 } }],
  ["sub", { of: "operands", flops: 2, rates: { ane: 35.98, bnns: 21.12, classic: 18.36 } }],
  ["mul", { of: "operands", flops: 2, rates: { ane: 43, bnns: 21.12, classic: 18.36 } }],
  // Of each of these one form is on record in figures (height and width changed places, a picture doubled): other forms may have other rates.
  ["transpose", { of: "result", flops: 1, rates: { ane: 17.2, bnns: 21.85, classic: 21.85 } }],
  ["upsample_bilinear", { of: "result", flops: 1, rates: { ane: 79.2, bnns: 0.5247, classic: 0.5247 } }],
]);

/** Flops an element: of softmax and norms of the operand, of reductions too. */
const FLOPS: ReadonlyMap<string, number> = new Map([
  ["layer_norm", 37],
  ["softmax", 35],
]);

/** Rates of convolutions by how much is computed for each byte. */
const CONVOLUTION: readonly (readonly [below: number, rates: Readonly<Record<Backend, number>>])[] = [
  [10, { ane: 471, bnns: 27, classic: 27 / 1.15022 }],
  [65, { ane: 7160.8, bnns: 388.1, classic: 388.1 / 1.15022 }],
  [Number.POSITIVE_INFINITY, { ane: 16151.7, bnns: 754.49, classic: 754.49 / 1.15022 }],
];

/** A linear op's rate was seen to have steps that no formula was found for: the two of most sizes, to within a factor of four. */
const LINEAR: readonly (readonly [below: number, rates: Readonly<Record<Backend, number>>])[] = [
  [0.04, { ane: 580, bnns: 22.5, classic: 22.5 / 1.15022 }],
  [Number.POSITIVE_INFINITY, { ane: 5291, bnns: 167.8, classic: 167.8 / 1.15022 }],
];

/** What an op is estimated to take on each backend of a chip; 0 for what only names a value. */
export function costOf(value: OpValue, { rates }: Chip): Cost {
  const { op } = value.def;
  const charge = CHARGES.get(op);
  if (charge) return charged(value, charge);
  const work = workOf(value);
  const gigaflops = work.flops / 1e9;
  if (op.startsWith("conv")) return stepped(CONVOLUTION, (1000 * gigaflops) / (work.bytes / 2 ** 20), gigaflops);
  if (op === "linear") return stepped(LINEAR, gigaflops, gigaflops);
  return each((backend) => {
    const { flops, memory } = rates[backend];
    return Math.max((1000 * work.bytes) / 2 ** 30 / memory, (1000 * gigaflops) / flops);
  });
}

const each = (of: (backend: Backend) => number): Cost =>
  Object.fromEntries(BACKENDS.map((backend) => [backend, of(backend)])) as Record<Backend, number>;

function charged(value: OpValue, { of, flops, rates }: Charge): Cost {
  const counted = of === "result" ? [value as Tensor] : operandsOf(value.def);
  const elements = counted.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
  return each((backend) => (1000 * flops * elements) / 1e9 / rates[backend]);
}

function stepped(steps: typeof CONVOLUTION, key: number, gigaflops: number): Cost {
  const [, rates] = steps.find(([below]) => key < below)!;
  return each((backend) => (1000 * gigaflops) / rates[backend]);
}

function workOf(value: OpValue): Work {
  const operands = operandsOf(value.def);
  const bytes = [value as Tensor, ...operands].reduce((sum, { type }) => sum + bytesOf(type), 0);
  return { bytes, flops: flopsOf(value, operands) };
}

function flopsOf(value: OpValue, operands: readonly Tensor[]): number {
  const { op, attrs } = value.def;
  const result = sizeOf(value.type.shape);
  const of = (x: Tensor | undefined): number => (x ? sizeOf(x.type.shape) : 0);
  if (op === "matmul") {
    const { shape } = operand(value, "x")!.type;
    return 2 * result * (attrs.transpose_x ? shape.at(-2)! : shape.at(-1)!);
  }
  if (op === "linear" || op.startsWith("conv"))
    return (
      (2 * result * of(operand(value, "weight"))) /
      operand(value, "weight")!.type.shape[op === "conv_transpose" ? 1 : 0]!
    );
  if (op === "scaled_dot_product_attention") return 2 * operands.reduce((sum, x) => sum + of(x), 0);
  return (FLOPS.get(op) ?? (op.startsWith("reduce_") ? 2 : 1)) * of(operands[0]);
}
