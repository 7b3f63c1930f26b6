/** What a package announces: the features of a graph's inputs, outputs and states. */
import { GraphError } from "../../dsl/error.ts";
import type { Graph } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { type DType, show } from "../../dsl/type.ts";
import type { MilFeature, MilInterface } from "../mil/records.ts";

/** What multi-arrays can hold at specification version 9. */
const AT_THE_BORDER: readonly DType[] = ["fp16", "fp32", "int32"];

/** @throws GraphError for a type that cannot cross a Core ML interface. */
export function interfaceOf(graph: Graph): MilInterface {
  return {
    inputs: graph.inputs.map((value) => featureOf("input", inputName(value), value)),
    outputs: Object.entries(graph.outputs).map(([name, value]) => featureOf("output", name, value)),
    states: graph.states.map(({ name, entry }) => featureOf("state", name, entry)),
  };
}

/** The name under which the host feeds an input. */
export const inputName = ({ def }: Tensor): string => (def.kind === "input" ? def.name : "");

function featureOf(kind: "input" | "output" | "state", name: string, { type, site }: Tensor): MilFeature {
  const allowed = kind === "state" ? AT_THE_BORDER.slice(0, 1) : AT_THE_BORDER;
  const what = `${kind} "${name}" is ${show(type)}`;
  if (!allowed.includes(type.dtype)) throw new GraphError(`${what}; Core ML takes ${allowed.join(", ")} there`, site);
  if (type.shape.length === 0 && kind !== "output")
    throw new GraphError(`${what}; Core ML has no scalar ${kind}s: give it the shape [1]`, site);
  return { name, dtype: type.dtype, shape: type.shape };
}
