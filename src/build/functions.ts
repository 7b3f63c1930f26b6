/** Functions of several sizes as one program. */
import type { Graph } from "../dsl/graph.ts";
import { type Lowered, lowerFunctions } from "../emit/write/lower.ts";
import { type FunctionSize, stepIn } from "./sizes.ts";

/** The function of one token is the default one: a host that names none runs it. */
export function functionsOf(functions: readonly FunctionSize[], graphOf: (tokens: number) => Graph): Lowered {
  const named = functions.map(({ name, tokens }) => ({ name, graph: graphOf(tokens) }));
  const name = [withoutSize(named[0]!.graph), ...functions.map((one) => one.name)].join("_");
  return lowerFunctions(named, { name, defaultFunction: stepIn(functions).name });
}

/** The name of a model's graph, but for its number of tokens. */
export const withoutSize = ({ name }: Graph): string => name.replace(/_t\d+$/, "");
