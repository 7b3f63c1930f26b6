/**
 * How a graph will be executed: the order of its ops, the kernel of each, and where every value lives. It is made before
 * anything is allocated, so that `bytesOf` (run.ts) can say beforehand what a run will take.
 */
import { type Graph, resultsOf, schedule } from "../../dsl/graph.ts";
import { largest } from "../../dsl/number.ts";
import { isConstant } from "../../dsl/operands.ts";
import type { OpDef, Tensor } from "../../dsl/tensor.ts";
import { sizeOf } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Precision } from "../interpret/reading.ts";
import type { Accumulate } from "../kernels/accumulate.ts";
import type { Kernel } from "../kernels/kernel.ts";
import { align } from "../kernels/machine.ts";
import { storeOf, type TypedStore } from "../kernels/raw.ts";
import { kernelFor } from "../kernels/table.ts";
import { layOut } from "./memory.ts";
import { frugalOrder, type Owners, ownersOf, sourcesOf } from "./order.ts";

/** The arithmetic of a run. */
export interface PlanOptions {
  /** fp16 is the reference's arithmetic, fp64 the yardstick; fp16 when absent. */
  readonly precision?: Precision;
  /** Model of hardware with fp16 partial sums; the documented order when absent. */
  readonly accumulate?: Accumulate;
}

/** All that a run needs to know; sizes and offsets in bytes. */
export interface Plan {
  readonly graph: Graph;
  readonly precision: Precision;
  /** The ops of each call, in the order they run. */
  readonly steps: readonly Step[];
  /** Ops over constants and weights alone, which run once. */
  readonly folded: readonly Step[];
  /** Constants and weights, and the results of `folded`; operands before users. */
  readonly constants: readonly Tensor[];
  readonly owners: Owners;
  /** For inputs, states and the results of steps, the offset in the arena. */
  readonly offsets: ReadonlyMap<Tensor, number>;
  /** Bytes of the arena, of workspace for the neediest op, and of scratch for each thread. */
  readonly arena: number;
  readonly workspace: number;
  readonly scratch: number;
}

/** One op value and what computes it. */
export interface Step {
  readonly value: Tensor;
  readonly kernel: Kernel;
}

/**
 * Plans a graph.
 * @throws UserError when the accumulation model cannot be run.
 */
export function planOf(graph: Graph, { precision = "fp16", accumulate }: PlanOptions = {}): Plan {
  checkModel(precision, accumulate);
  const values = schedule(graph);
  const owners = ownersOf(values);
  const step = (value: Tensor): Step => {
    const isHalf = (x: Tensor) => storeOfValue(owners.get(x)!, precision).bytes === 2;
    return { value, kernel: kernelFor(value.def as OpDef, value.type, { precision, accumulate, isHalf }) };
  };
  const steps = frugalOrder(values, owners, resultsOf(graph), (x) => bytesOfValue(x, precision)).map(step);
  const constants = values.filter(isConstant);
  const folded = constants.filter((x) => x.def.kind === "op").map(step);
  const { offsets, bytes } = placeValues(graph, steps, owners, precision);
  const kernels = [...steps, ...folded].map((s) => s.kernel);
  return {
    ...{ graph, precision, steps, folded, constants, owners, offsets },
    arena: bytes,
    workspace: largest(
      kernels.map((k) => k.workspace),
      0,
    ),
    scratch: largest(
      kernels.map((k) => k.scratch),
      1024,
    ),
  };
}

function checkModel(precision: Precision, accumulate: Accumulate | undefined): void {
  if (!accumulate) return;
  if (precision !== "fp16") throw new UserError("an accumulation model needs precision fp16");
  const { chunk } = accumulate;
  if (!(Number.isSafeInteger(chunk) && chunk >= 8 && chunk % 8 === 0))
    throw new UserError(`accumulate: the chunk must be a multiple of 8, not ${chunk}`);
}

/** How a value's contents are stored. Weights and constants stay as they are in any precision. */
export const storeOfValue = ({ type, def }: Tensor, precision: Precision): TypedStore =>
  storeOf(type.dtype, def.kind === "weight" || def.kind === "const" ? "fp16" : precision);

/** Bytes that a value's contents take in memory. */
export const bytesOfValue = (value: Tensor, precision: Precision): number =>
  align(sizeOf(value.type.shape) * storeOfValue(value, precision).bytes);

/** Inputs live from before the first step, results to after the last; everything else while it is needed. */
function placeValues(graph: Graph, steps: readonly Step[], owners: Owners, precision: Precision) {
  const leaves = [...graph.inputs, ...graph.states.map((s) => s.entry)];
  const lives = new Map<Tensor, { from: number; to: number }>();
  for (const leaf of leaves) lives.set(leaf, { from: -1, to: -1 });
  for (const [n, { value }] of steps.entries()) {
    lives.set(value, { from: n, to: n });
    for (const x of sourcesOf(value, owners)) if (lives.has(x)) lives.get(x)!.to = n;
  }
  for (const result of resultsOf(graph)) {
    const life = lives.get(owners.get(result)!);
    if (life) life.to = steps.length;
  }
  const values = [...lives.keys()];
  const layout = layOut(values.map((value) => ({ bytes: bytesOfValue(value, precision), ...lives.get(value)! })));
  return { offsets: new Map(values.map((value, n) => [value, layout.offsets[n]!])), bytes: layout.bytes };
}
