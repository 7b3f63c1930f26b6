/** `run` of the library: one call of a graph on the fast kernels. */

import { graphGiven } from "../dsl/given/graphs.ts";
import { type Fields, optionsGiven, shown, typed } from "../dsl/given/values.ts";
import type { Graph } from "../dsl/graph.ts";
import { meet } from "../dsl/host/twins.ts";
import { sameType, show, sizeOf } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import { contractProblems } from "../passes/parity/contract-check.ts";
import { planOf } from "../passes/run/plan.ts";
import { prepare, type RawResults } from "../passes/run/run.ts";
import { type ComparedOptions, rolesGiven } from "./compared.ts";
import { checkMemory } from "./memory.ts";
import { neededWeights, weightsGiven } from "./weights.ts";

/** How a graph is run once. */
export interface RunOnceOptions extends Pick<ComparedOptions, "weights" | "roles"> {
  /** fp16, the reference, or fp64, the yardstick; fp16 when absent. */
  readonly precision?: "fp16" | "fp64";
  /** The one-token twin, which tells the axes of tokens; without it they are known as far as they are stated. */
  readonly step?: Graph;
  /** Feeds masks and positions even where they break their contract. */
  readonly unchecked?: boolean;
}

const OPTIONS = ["weights", "roles", "precision", "step", "unchecked"] as const;

/**
 * One call of a graph: outputs, and states at exit. `values` has the contents of every input by its name, and of states at entry, which are zero
 * where they are absent: an `NDArray`, or fp16 as bits in a Uint16Array. fp16 results are such bits, in fp64 they are doubles.
 * @throws UserError where a value is missing, of another type, or breaks the contract of its role; where weights are missing or memory does not do
 */
export async function run(
  graph: Graph,
  values: Readonly<Record<string, RawArray>>,
  options: RunOnceOptions = {},
): Promise<RawResults> {
  const block = graphGiven(graph, "what is run");
  const given = optionsGiven(options, "run", OPTIONS);
  const precision = typed<"fp16" | "fp64">(
    given.precision,
    "precision",
    (x) => x === "fp16" || x === "fp64",
    "fp16 or fp64",
  );
  const unchecked = typed<boolean>(given.unchecked, "unchecked", (x) => typeof x === "boolean", "true or false");
  const step = given.step === undefined ? block : graphGiven(given.step, "the step");
  const roles = rolesGiven(given.roles);
  const openWeights = neededWeights([block], weightsGiven(given.weights));
  const fed = fedValues(block, values);
  const met = meet(block, step, roles);
  const [problem] = unchecked ? [] : contractProblems(met.block, met.roles, fed, met.slots ?? Number.MAX_SAFE_INTEGER);
  if (problem !== undefined) throw new UserError(problem, "unchecked: true feeds it all the same");
  const plan = planOf(block, precision ? { precision } : {});
  checkMemory([plan], "this run");
  const store = await openWeights();
  try {
    const executor = await prepare([plan], store.stream);
    try {
      return executor.run(plan, fed);
    } finally {
      await executor.close();
    }
  } finally {
    await store.close();
  }
}

/** All that the graph is fed, and nothing else. @throws UserError that names the value */
function fedValues(graph: Graph, values: unknown): Readonly<Record<string, RawArray>> {
  if (typeof values !== "object" || values === null || Array.isArray(values))
    throw new UserError(`values must be an object of arrays by name, not ${shown(values)}`);
  const leaves = [...graph.inputs, ...graph.states.map(({ entry }) => entry)];
  const names = leaves.map(({ name = "" }) => name);
  const stray = Object.keys(values).find((name) => !names.includes(name));
  if (stray !== undefined) throw new UserError(`the graph has no input "${stray}"`, `it has ${names.join(", ")}`);
  return Object.fromEntries(
    leaves.map(({ name = "", type, def }) => {
      const value = Object.hasOwn(values, name) ? (values as Fields)[name] : undefined;
      if (value === undefined && def.kind === "state")
        return [name, { ...type, data: new Uint16Array(sizeOf(type.shape)) }];
      if (value === undefined) throw new UserError(`there is no value for "${name}"; the graph wants ${show(type)}`);
      if (!isArray(value)) throw new UserError(`"${name}" must be { dtype, shape, data }, not ${shown(value)}`);
      if (!sameType(value, type)) throw new UserError(`"${name}" is ${show(value)}; the graph wants ${show(type)}`);
      if (value.data.length !== sizeOf(type.shape))
        throw new UserError(`"${name}" has ${value.data.length} elements; ${show(type)} has ${sizeOf(type.shape)}`);
      return [name, value];
    }),
  );
}

const isArray = (value: unknown): value is RawArray => {
  const { dtype, shape, data } = (typeof value === "object" && value !== null ? value : {}) as Fields;
  return typeof dtype === "string" && Array.isArray(shape) && ArrayBuffer.isView(data) && !(data instanceof DataView);
};
