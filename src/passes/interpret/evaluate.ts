/** Runs a graph by the meaning of its ops: slow, written to be right. */
import type { Read } from "../../dsl/algebra.ts";
import { GraphError } from "../../dsl/error.ts";
import { graphGiven } from "../../dsl/given/graphs.ts";
import { choiceGiven, fieldsGiven, functionGiven, optionsGiven, shown } from "../../dsl/given/values.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import { meaningOf } from "../../dsl/meaning.ts";
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { isFloat, sameType, show, sizeOf, type TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import { arrayOf, type NDArray, stridesOf, tabulate } from "./array.ts";
import { IndexError, numericReading, type Precision } from "./reading.ts";

/** What a graph needs besides itself. */
export interface Bindings {
  /** By name: every input, and every state's contents at entry. */
  readonly values: Readonly<Record<string, NDArray>>;
  /** The contents of a weight, as the type says. */
  weight?(source: WeightSource, type: TensorType): NDArray;
}

/** What a call leaves behind, by the names of the graph's interface. */
export interface Results {
  readonly outputs: Readonly<Record<string, NDArray>>;
  /** Contents of every state at exit. */
  readonly states: Readonly<Record<string, NDArray>>;
}

/** Runs one op on its operands. */
export type RunOp = (def: OpDef, type: TensorType, operand: (x: Tensor) => NDArray) => NDArray;

/** How a graph is run. */
export interface EvaluateOptions {
  readonly precision?: Precision;
  /** What runs the ops; their meaning when absent. */
  readonly runOp?: RunOp;
  /** Is shown every value on the way. */
  readonly see?: (value: Tensor, array: NDArray) => void;
}

/**
 * Evaluates every output and state of the graph, in fp16 unless told otherwise.
 * @throws UserError for what is no graph or no option; GraphError where an array is missing, or of another type than its value
 */
export function evaluate(graph: Graph, bindings: Bindings, options: EvaluateOptions = {}): Results {
  const { see = () => {} } = evaluateOptionsGiven(graph, bindings, options);
  const values = evaluateAll(graph, bindings, options);
  for (const [value, array] of values) see(value, array);
  const get = (value: Tensor): NDArray => values.get(value)!;
  return {
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, get(value)])),
    states: Object.fromEntries(graph.states.map(({ name, exit }) => [name, get(exit)])),
  };
}

/** Evaluates every value of the graph, in schedule order. */
export function evaluateAll(
  graph: Graph,
  bindings: Bindings,
  { precision = "fp16", runOp = byMeaning(precision) }: Omit<EvaluateOptions, "see"> = {},
): ReadonlyMap<Tensor, NDArray> {
  const values = new Map<Tensor, NDArray>();
  for (const value of schedule(graph)) values.set(value, evaluateOne(value, values, bindings, runOp));
  return values;
}

function evaluateOne(value: Tensor, done: ReadonlyMap<Tensor, NDArray>, bindings: Bindings, runOp: RunOp): NDArray {
  const { def, type } = value;
  switch (def.kind) {
    case "const":
      return arrayOf(type.dtype, type.shape, def.data);
    case "weight": {
      if (!bindings.weight) throw new GraphError("evaluate: the graph has weights, and none were given", value.site);
      return fitting(bindings.weight(def.source, type), value, "a weight");
    }
    case "op":
      return atOp(value, () => runOp(def, type, (x) => done.get(x)!));
    default: {
      const given = Object.hasOwn(bindings.values, def.name) ? bindings.values[def.name] : undefined;
      if (!given) throw new GraphError(`evaluate: no value for ${def.kind} "${def.name}"`, value.site);
      return fitting(given, value, `${def.kind} "${def.name}"`);
    }
  }
}

/** Contents that are of the value's type, and as many. */
function fitting(given: unknown, { type, site }: Tensor, what: string): NDArray {
  const { shape, data } = (given ?? {}) as Partial<NDArray>;
  if (!Array.isArray(shape) || !(data instanceof Float64Array))
    throw new GraphError(
      `evaluate: ${what} must be { dtype, shape, data } with a Float64Array, not ${shown(given)}`,
      site,
    );
  const array = given as NDArray;
  if (!sameType(array, type)) throw new GraphError(`evaluate: ${what} is ${show(type)}, given ${show(array)}`, site);
  if (data.length !== sizeOf(type.shape))
    throw new GraphError(`evaluate: ${what} has ${sizeOf(type.shape)} elements, given ${data.length}`, site);
  return array;
}

function evaluateOptionsGiven(graph: unknown, bindings: unknown, options: unknown): EvaluateOptions {
  graphGiven(graph, "what is evaluated");
  const { values, weight } = fieldsGiven(bindings, "the bindings");
  fieldsGiven(values, "values of the bindings");
  if (weight !== undefined) functionGiven(weight, "weight of the bindings");
  const given = optionsGiven(options, "evaluate", ["precision", "runOp", "see"]);
  if (given.precision !== undefined) choiceGiven(given.precision, "precision", ["fp16", "fp64"]);
  for (const name of ["runOp", "see"]) if (given[name] !== undefined) functionGiven(given[name], name);
  return given;
}

/**
 * Runs an op; a run-time index outside its axis becomes a mistake in the graph's feeds, told with the op that met it.
 * @throws GraphError
 */
export function atOp<X>(value: Tensor, run: () => X): X {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof IndexError)) throw error;
    throw new GraphError(`${(value.def as OpDef).op}: ${error.message}`, value.site, [], error.mend);
  }
}

const byMeaning =
  (precision: Precision): RunOp =>
  (def, type, operand) => {
    const integers = operandsOf(def).every((x) => !isFloat(x.type.dtype));
    const m = numericReading(precision, integers);
    return tabulate(
      type,
      meaningOf(m, def, type, (x) => readOf(operand(x))),
    );
  };

/** An array as the meaning of an op reads it. */
export function readOf(array: NDArray): Read<number, number> {
  const strides = stridesOf(array.shape);
  return {
    shape: array.shape,
    dtype: array.dtype,
    at: (...ix) => {
      let flat = 0;
      for (let axis = 0; axis < ix.length; axis++) flat += ix[axis]! * strides[axis]!;
      return array.data[flat]!;
    },
  };
}
