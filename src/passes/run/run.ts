/**
 * Runs planned graphs at true size: the fast executor. It gives the bits of `evaluate` (../interpret/evaluate.ts), which its kernels
 * are tested against; weights are loaded once and shared by all plans of an executor.
 */
import { GraphError } from "../../dsl/error.ts";
import { isConstant } from "../../dsl/operands.ts";
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { sameType, show, sizeOf } from "../../dsl/type.ts";
import { atOp } from "../interpret/evaluate.ts";
import type { Precision } from "../interpret/reading.ts";
import type { Place } from "../kernels/kernel.ts";
import { align, dataAddress, type Machine, machine, machineBytes } from "../kernels/machine.ts";
import { copyElements, type RawArray, storeOf } from "../kernels/raw.ts";
import { type ConstantKeys, fillConstants, newConstantKeys, type WeightStream } from "./constants.ts";
import { bytesOfValue, type Plan, storeOfValue } from "./plan.ts";

/** How an executor is set up. */
export interface RunOptions {
  /** 1 or 2 threads give the same bits; 1 when absent. */
  readonly threads?: number;
  /** Called while weights are loaded, with the bytes so far and of all. */
  progress?(done: number, all: number): void;
}

/** Copies of what a call left behind, by the names of the graph's interface. */
export interface RawResults {
  readonly outputs: Readonly<Record<string, RawArray>>;
  /** Contents of every state at exit. */
  readonly states: Readonly<Record<string, RawArray>>;
}

/** Sees the contents of each value of the graph right after it is made; they are overwritten later. */
export type Observer = (value: Tensor, contents: RawArray) => void;

/** Loaded plans, ready to be called any number of times. */
export interface Executor {
  /**
   * One call of a planned graph, from the contents of every input and every state at entry, by name. fp16 contents may
   * be bit patterns or doubles; results are bit patterns, or doubles for a plan in fp64.
   * @throws GraphError when a value is missing or of another type.
   */
  run(plan: Plan, values: Readonly<Record<string, RawArray>>, observe?: Observer): RawResults;
  /** Shows the contents of every constant and weight of a plan, and of what is computed from such alone. */
  showConstants(plan: Plan, observe: Observer): void;
  close(): Promise<void>;
}

/** Bytes of memory that an executor for these plans takes, all in all, before it is made. */
export function bytesOf(plans: readonly Plan[], { threads = 1 }: RunOptions = {}): number {
  return machineBytes({ ...layoutOf(plans, threads), threads });
}

/** Loads the weights of all plans, each once, and runs what depends on them alone. */
export async function prepare(
  plans: readonly Plan[],
  weights: WeightStream,
  options: RunOptions = {},
): Promise<Executor> {
  const threads = options.threads ?? 1;
  const layout = layoutOf(plans, threads);
  const m = machine({ ...layout, threads });
  const placeOf = (value: Tensor, plan: Plan): Place => {
    const owner = plan.owners.get(value)!;
    const at = isConstant(owner)
      ? layout.constants.get(layout.keyOf(owner, plan.precision))!
      : layout.arena + plan.offsets.get(owner)!;
    const data = storeOfValue(owner, plan.precision).view(m.buffer, at, sizeOf(value.type.shape));
    return { ...value.type, at, data };
  };
  const { workspace } = layout;
  const finite = await fillConstants(m, { plans, weights, workspace, placeOf, progress: options.progress });
  const places = new Map(plans.map((plan) => [plan, placesOf(plan, placeOf, finite)]));
  return {
    run: (plan, values, observe) => runPlan(m, plan, { places: places.get(plan)!, workspace, values, observe }),
    showConstants(plan, observe) {
      for (const value of plan.constants) observe(value, { ...value.type, data: placeOf(value, plan).data });
    },
    close: m.close,
  };
}

/** Where things are in the machine's data: workspace, constants, and one arena that all plans use in turn. */
interface DataLayout {
  readonly workspace: number;
  readonly keyOf: ConstantKeys;
  /** Addresses by key. */
  readonly constants: ReadonlyMap<number, number>;
  readonly arena: number;
  readonly data: number;
  readonly scratch: number;
}

function layoutOf(plans: readonly Plan[], threads: number): DataLayout {
  const scratch = Math.max(...plans.map((p) => p.scratch));
  const workspace = dataAddress({ scratch, threads });
  const keyOf = newConstantKeys();
  const constants = new Map<number, number>();
  let next = workspace + align(Math.max(...plans.map((p) => p.workspace)));
  for (const plan of plans) {
    for (const value of plan.constants) {
      const key = keyOf(value, plan.precision);
      if (constants.has(key)) continue;
      constants.set(key, next);
      next += bytesOfValue(value, plan.precision);
    }
  }
  const data = next + Math.max(...plans.map((p) => p.arena)) - workspace;
  return { workspace, keyOf, constants, arena: next, data, scratch };
}

type Places = ReadonlyMap<Tensor, Place>;

function placesOf(plan: Plan, placeOf: (value: Tensor, plan: Plan) => Place, finite: ReadonlySet<number>): Places {
  const known = (value: Tensor): Place => {
    const place = placeOf(value, plan);
    return isConstant(plan.owners.get(value)!) ? { ...place, finite: finite.has(place.at) } : place;
  };
  return new Map([...plan.owners.keys()].map((value) => [value, known(value)]));
}

interface Call {
  readonly places: Places;
  readonly workspace: number;
  readonly values: Readonly<Record<string, RawArray>>;
  readonly observe?: Observer | undefined;
}

function runPlan(
  m: Machine,
  { graph, steps, precision }: Plan,
  { places, workspace, values, observe }: Call,
): RawResults {
  const place = (value: Tensor): Place => places.get(value)!;
  for (const leaf of [...graph.inputs, ...graph.states.map((s) => s.entry)]) {
    copyElements(leaf.type.dtype, given(leaf, values).data, place(leaf).data);
  }
  for (const { value, kernel } of steps) {
    const operands = operandsOf(value.def as OpDef).map(place);
    atOp(value, () => kernel.run(m, place(value), operands, workspace));
    observe?.(value, { ...value.type, data: place(value).data });
  }
  const result = (value: Tensor): RawArray => inForm(place(value), precision);
  return {
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, result(value)])),
    states: Object.fromEntries(graph.states.map(({ name, exit }) => [name, result(exit)])),
  };
}

/** A copy as the precision gives results: a constant is held as it is in any, and may be a result as well. */
function inForm({ dtype, shape, data }: Place, precision: Precision): RawArray {
  const copy = storeOf(dtype, precision).view(
    new ArrayBuffer(data.length * storeOf(dtype, precision).bytes),
    0,
    data.length,
  );
  copyElements(dtype, data, copy);
  return { dtype, shape, data: copy };
}

function given(leaf: Tensor, values: Readonly<Record<string, RawArray>>): RawArray {
  const { kind, name } = leaf.def as { readonly kind: string; readonly name: string };
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!value) throw new GraphError(`run: no value for ${kind} "${name}"`, leaf.site);
  if (!sameType(value, leaf.type) || value.data.length !== sizeOf(leaf.type.shape))
    throw new GraphError(`run: ${kind} "${name}" is ${show(leaf.type)}, given ${show(value)}`, leaf.site);
  return value;
}
