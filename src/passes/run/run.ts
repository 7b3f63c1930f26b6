/**
 * Runs planned graphs at true size: the fast executor. It gives the bits of `evaluate` (../interpret/evaluate.ts), which its kernels
 * are tested against; weights are loaded once and shared by all plans of an executor.
 */
import { GraphError } from "../../dsl/error.ts";
import { isConstant } from "../../dsl/operands.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { sameType, show, sizeOf } from "../../dsl/type.ts";
import { atOp } from "../interpret/evaluate.ts";
import type { Arithmetic } from "../kernels/arithmetic.ts";
import type { Place } from "../kernels/kernel.ts";
import { type Machine, machine } from "../kernels/machine.ts";
import { copyElements, type RawArray, storeOf } from "../kernels/raw.ts";
import { fillConstants, type HeldOf, type WeightStream } from "./constants.ts";
import { contentsOf, type Held, heldInFile, heldOutside, type Staged, staged } from "./held.ts";
import { checkMachine, type DataLayout, type LayoutOptions, layoutOf, type MemorySizes, sizesOf } from "./layout.ts";
import { type Plan, type Step, storeOfValue } from "./plan.ts";
import { movedStates } from "./states.ts";

/** How an executor is set up. */
export interface RunOptions extends Partial<LayoutOptions> {
  /** Called while weights are loaded, with the bytes so far and of all. */
  progress?(done: number, all: number): void;
}

/** Copies of what a call left behind, by the names of the graph's interface. */
export interface RawResults {
  readonly outputs: Readonly<Record<string, RawArray>>;
  /** Contents of every state at exit, but for those that stay inside. */
  readonly states: Readonly<Record<string, RawArray>>;
}

/** Sees the contents of each value of the graph right after it is made; they are overwritten later. */
export type Observer = (value: Tensor, contents: RawArray) => void;

/** Loaded plans, ready to be called any number of times. */
export interface Executor {
  /**
   * One call of a planned graph, from the contents of every input and every state at entry, by name. fp16 contents may
   * be bit patterns or doubles; results are bit patterns, or doubles for a plan in fp64. States of plans that keep them
   * are zeros at first, then what the call before left in the state of that name, whichever plan it was of; behind a call that
   * throws they are anything.
   * @throws GraphError when a value is missing or of another type.
   */
  run(plan: Plan, values: Readonly<Record<string, RawArray>>, observe?: Observer): RawResults;
  /** Shows the contents of every constant and weight of a plan, and of what is computed from such alone. */
  showConstants(plan: Plan, observe: Observer): void;
  close(): Promise<void>;
}

/** Bytes of memory that an executor for these plans takes, before it is made: of its machine, and beside that. */
export const memoryOf = (
  plans: readonly Plan[],
  { threads = 1, most, fromFile, hashed }: RunOptions = {},
): MemorySizes => sizesOf(layoutOf(plans, { threads, most, fromFile, hashed }), threads);

/** The same, all in all. */
export function bytesOf(plans: readonly Plan[], options: RunOptions = {}): number {
  const { machine: inside, outside } = memoryOf(plans, options);
  return inside + outside;
}

/**
 * Loads the weights of all plans, each once, and runs what depends on them alone.
 * @throws UserError when a call holds more at one time than a WebAssembly memory
 */
export async function prepare(
  plans: readonly Plan[],
  weights: WeightStream,
  options: RunOptions = {},
): Promise<Executor> {
  const { threads = 1, most, fromFile, hashed, progress } = options;
  const layout = layoutOf(plans, { threads, most, fromFile, hashed });
  checkMachine(sizesOf(layout, threads).machine, most);
  const m = machine({ ...layout, threads });
  const heldOf = holder(m, layout);
  const { workspace, staging, keyOf } = layout;
  const finite = await fillConstants(m, { plans, weights, workspace, staging, heldOf, keyOf, progress });
  const ready = new Map(plans.map((plan) => [plan, readyPlan(plan, { m, layout, heldOf, finite })]));
  return {
    run: (plan, values, observe) => runPlan(m, ready.get(plan)!, { workspace, values, observe }),
    showConstants(plan, observe) {
      for (const value of plan.constants) observe(value, { ...value.type, data: contentsOf(heldOf(value, plan)) });
    },
    close: m.close,
  };
}

const INSIDE = { kind: "inside" } as const;

/** Tells where a value's contents are; buffers outside are made when they are first asked for. */
function holder(m: Machine, layout: DataLayout): HeldOf {
  const outside = new Map<number, Held>();
  return (value, plan) => {
    const owner = plan.owners.get(value)!;
    const store = storeOfValue(owner, plan.precision);
    const key = isConstant(owner) ? layout.keyOf(owner, plan.precision) : undefined;
    const at = key === undefined ? addressOf(owner, plan, layout) : layout.constants.get(key);
    if (at !== undefined)
      return { ...value.type, at, store, where: INSIDE, data: store.view(m.buffer, at, sizeOf(value.type.shape)) };
    const read = layout.files.get(key!);
    if (!outside.has(key!))
      outside.set(key!, read ? heldInFile(owner.type, store, read) : heldOutside(owner.type, store));
    return { ...outside.get(key!)!, ...value.type };
  };
}

function addressOf(owner: Tensor, { kept, offsets }: Plan, { states, arena }: DataLayout): number {
  const state = kept.get(owner);
  return state === undefined ? arena + offsets.get(owner)! : states.get(state)!;
}

/** A plan with its places known. */
interface ReadyPlan {
  readonly plan: Plan;
  readonly steps: readonly ReadyStep[];
  held(value: Tensor): Held;
}

/** An op with its operands and result in the machine's memory, once the copies are made. */
interface ReadyStep extends Step, Staged {
  readonly out: Place;
}

interface Prepared {
  readonly m: Machine;
  readonly layout: DataLayout;
  readonly heldOf: HeldOf;
  readonly finite: ReadonlySet<number>;
}

function readyPlan(plan: Plan, { m, layout, heldOf, finite }: Prepared): ReadyPlan {
  const known = new Map<Tensor, Held>();
  const constants = new Set(plan.constants);
  for (const value of plan.owners.keys()) {
    if (isConstant(value) && !constants.has(value)) continue;
    const held = heldOf(value, plan);
    const owner = plan.owners.get(value)!;
    known.set(value, isConstant(owner) ? { ...held, finite: finite.has(layout.keyOf(owner, plan.precision)) } : held);
  }
  const held = (value: Tensor): Held => known.get(value)!;
  const steps = plan.steps.map((step): ReadyStep => {
    const operands = step.operands.map(held);
    return { ...step, ...staged(operands, m.buffer, layout.staging), out: held(step.value) };
  });
  return { plan, steps, held };
}

interface Call {
  readonly workspace: number;
  readonly values: Readonly<Record<string, RawArray>>;
  readonly observe?: Observer | undefined;
}

function runPlan(m: Machine, { plan, steps, held }: ReadyPlan, { workspace, values, observe }: Call): RawResults {
  const { graph, precision, kept } = plan;
  const states = graph.states.filter((s) => !kept.has(s.entry));
  for (const leaf of [...graph.inputs, ...states.map((s) => s.entry)]) {
    copyElements(leaf.type.dtype, given(leaf, values).data, held(leaf).data);
  }
  for (const { value, kernel, places, copies, out } of steps) {
    for (const copy of copies) copy();
    atOp(value, () => kernel.run(m, out, places, workspace));
    observe?.(value, { ...value.type, data: out.data });
  }
  const result = (value: Tensor): RawArray => inForm(held(value), precision);
  const results = {
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, result(value)])),
    states: Object.fromEntries(states.map(({ name, exit }) => [name, result(exit)])),
  };
  // All are read before one is written: an exit may be the entry of another state.
  const moved = movedStates(plan).map(({ entry, exit }) => [held(entry), result(exit)] as const);
  for (const [{ dtype, data }, exit] of moved) copyElements(dtype, exit.data, data);
  return results;
}

/** A copy as the precision gives results: a constant is held as it is in any, and may be a result as well. */
function inForm({ dtype, shape, data }: Place, precision: Arithmetic): RawArray {
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
