/** Runs a graph by the meaning of its ops: slow, written to be right. */
import type { Read } from "../../dsl/algebra.ts";
import { GraphError } from "../../dsl/error.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import { meaningOf } from "../../dsl/meaning.ts";
import { type OpDef, operandsOf, type Tensor, type WeightSource } from "../../dsl/tensor.ts";
import { isFloat, sameType, show, type TensorType } from "../../dsl/type.ts";
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

/** Evaluates every output and state of the graph in the given precision; `see` is shown every value on the way. */
export function evaluate(
  graph: Graph,
  bindings: Bindings,
  precision: Precision = "fp16",
  see: (value: Tensor, array: NDArray) => void = () => {},
): Results {
  const values = evaluateAll(graph, bindings, precision);
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
  precision: Precision = "fp16",
): ReadonlyMap<Tensor, NDArray> {
  const values = new Map<Tensor, NDArray>();
  for (const value of schedule(graph)) values.set(value, evaluateOne(value, values, bindings, precision));
  return values;
}

function evaluateOne(
  value: Tensor,
  done: ReadonlyMap<Tensor, NDArray>,
  bindings: Bindings,
  precision: Precision,
): NDArray {
  const { def, type } = value;
  switch (def.kind) {
    case "const":
      return arrayOf(type.dtype, type.shape, def.data);
    case "weight": {
      if (!bindings.weight) throw new GraphError("evaluate: the graph has weights, and none were given", value.site);
      return bindings.weight(def.source, type);
    }
    case "op":
      return atOp(value, () => evaluateOp(def, type, done, precision));
    default: {
      const given = bindings.values[def.name];
      if (!given) throw new GraphError(`evaluate: no value for ${def.kind} "${def.name}"`, value.site);
      if (!sameType(given, type)) {
        throw new GraphError(`evaluate: ${def.kind} "${def.name}" is ${show(type)}, given ${show(given)}`, value.site);
      }
      return given;
    }
  }
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
    throw new GraphError(`${(value.def as OpDef).op}: ${error.message}`, value.site);
  }
}

function evaluateOp(def: OpDef, type: TensorType, done: ReadonlyMap<Tensor, NDArray>, precision: Precision): NDArray {
  const integers = operandsOf(def).every((x) => !isFloat(x.type.dtype));
  const m = numericReading(precision, integers);
  return tabulate(
    type,
    meaningOf(m, def, type, (operand) => readOf(done.get(operand)!)),
  );
}

/** An array as the meaning of an op reads it. */
export function readOf(array: NDArray): Read<number, number> {
  const strides = stridesOf(array.shape);
  return {
    shape: array.shape,
    dtype: array.dtype,
    at: (...ix) => array.data[ix.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)]!,
  };
}
