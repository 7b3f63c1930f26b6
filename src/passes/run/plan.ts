/**
 * How a graph will be executed: the order of its ops, the kernel of each, and where every value lives. It is made before
 * anything is allocated, so that `bytesOf` (run.ts) can say beforehand what a run will take.
 */
import { type Graph, resultsOf, schedule } from "../../dsl/graph.ts";
import { largest } from "../../dsl/number.ts";
import { isConstant } from "../../dsl/operands.ts";
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { sizeOf } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Accumulate } from "../kernels/accumulate.ts";
import type { Arithmetic } from "../kernels/arithmetic.ts";
import { codesProduct } from "../kernels/engine/codes.ts";
import type { Tally } from "../kernels/engine/tally.ts";
import type { Kernel } from "../kernels/kernel.ts";
import { align } from "../kernels/machine.ts";
import { fusedProduct } from "../kernels/product.ts";
import { storeOf, type TypedStore } from "../kernels/raw.ts";
import { kernelFor } from "../kernels/table.ts";
import { type Kept, keptValues, livesOf } from "./lives.ts";
import { layOut } from "./memory.ts";
import { frugalOrder, type Owners, ownersOf } from "./order.ts";

/** The arithmetic of a run. */
export interface PlanOptions {
  /** fp16 when absent. */
  readonly precision?: Arithmetic;
  /** Model of hardware with fp16 partial sums; the documented order when absent. */
  readonly accumulate?: Accumulate;
  /** Whether matrices in int8 stay so and are unpacked as products read them; `showConstants` does not show them unpacked then. */
  readonly keepCodes?: boolean;
  /** Whether states stay in the executor from one call to the next; calls neither take nor give them then. */
  readonly keepStates?: boolean;
  /** Is told what became of the products of an op on the engine, each time it has run. */
  readonly tally?: (value: Tensor, tally: Tally) => void;
}

/** All that a run needs to know; sizes and offsets in bytes. */
export interface Plan {
  readonly graph: Graph;
  readonly precision: Arithmetic;
  /** The ops of each call, in the order they run. */
  readonly steps: readonly Step[];
  /** Ops over constants and weights alone, which run once. */
  readonly folded: readonly Step[];
  /** Constants and weights, and the results of `folded`; operands before users. */
  readonly constants: readonly Tensor[];
  readonly owners: Owners;
  /** What lives in the place of a state; nothing where calls take and give the states. */
  readonly kept: Kept;
  /** For all other inputs, states and results of steps, the offset in the arena. */
  readonly offsets: ReadonlyMap<Tensor, number>;
  /** Bytes of the arena, of workspace for the neediest op, and of scratch for each thread. */
  readonly arena: number;
  readonly workspace: number;
  readonly scratch: number;
}

/** One op value, what computes it, and what of: the op's operands, or what those are made of. */
export interface Step {
  readonly value: Tensor;
  readonly kernel: Kernel;
  readonly operands: readonly Tensor[];
}

/**
 * Plans a graph.
 * @throws UserError when the accumulation model cannot be run.
 */
export function planOf(graph: Graph, options: PlanOptions = {}): Plan {
  const { precision = "fp16", accumulate, keepCodes = false, keepStates = false, tally } = options;
  checkModel(precision, accumulate);
  const values = schedule(graph);
  const owners = ownersOf(values);
  const step = (value: Tensor): Step => {
    const isHalf = (x: Tensor) => storeOfValue(owners.get(x)!, precision).bytes === 2;
    const def = value.def as OpDef;
    const how = { precision, accumulate, isHalf, ...(tally ? { tally: (of: Tally) => tally(value, of) } : {}) };
    const codes = precision === "engine" ? codesProduct(def, value.type, how.tally) : undefined;
    const fused = codes ?? (keepCodes ? fusedProduct(def, value.type, how) : undefined);
    return { value, ...(fused ?? { kernel: kernelFor(def, value.type, how), operands: operandsOf(def) }) };
  };
  const steps = frugalOrder(values, owners, resultsOf(graph), (x) => bytesOfValue(x, precision)).map(step);
  const constants = neededOf(
    values.filter(isConstant),
    [...steps.flatMap((s) => s.operands), ...resultsOf(graph)],
    owners,
  );
  const folded = constants.filter((x) => x.def.kind === "op").map(step);
  const lives = livesOf(graph, steps, owners);
  const kept = keepStates ? keptValues(graph, owners, lives, steps) : new Map<Tensor, string>();
  const placed = [...lives.keys()].filter((x) => !kept.has(x));
  const arena = layOut(placed.map((x) => ({ bytes: bytesOfValue(x, precision), ...lives.get(x)! })));
  const kernels = [...steps, ...folded].map((s) => s.kernel);
  return {
    ...{ graph, precision, steps, folded, constants, owners, kept },
    offsets: new Map(placed.map((x, n) => [x, arena.offsets[n]!])),
    arena: arena.bytes,
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

/** Of constants, operands before users, those that are read by others than products that unpack them. */
function neededOf(constants: readonly Tensor[], read: readonly Tensor[], owners: Owners): readonly Tensor[] {
  const needed = new Set(read.map((x) => owners.get(x)!));
  const isNeeded = (x: Tensor): boolean => needed.has(owners.get(x)!);
  for (const x of constants.toReversed())
    if (isNeeded(x) && x.def.kind === "op") for (const operand of operandsOf(x.def)) needed.add(owners.get(operand)!);
  return constants.filter(isNeeded);
}

function checkModel(precision: Arithmetic, accumulate: Accumulate | undefined): void {
  if (!accumulate) return;
  if (precision !== "fp16") throw new UserError("an accumulation model needs precision fp16");
  const { chunk } = accumulate;
  if (!(Number.isSafeInteger(chunk) && chunk >= 8 && chunk % 8 === 0))
    throw new UserError(`accumulate: the chunk must be a multiple of 8, not ${chunk}`);
}

/** How a value's contents are stored. Weights and constants stay as they are in any precision. */
export const storeOfValue = ({ type, def }: Tensor, precision: Arithmetic): TypedStore =>
  storeOf(type.dtype, def.kind === "weight" || def.kind === "const" ? "fp16" : precision);

/** Bytes that a value's contents take in memory. */
export const bytesOfValue = (value: Tensor, precision: Arithmetic): number =>
  align(sizeOf(value.type.shape) * storeOfValue(value, precision).bytes);
