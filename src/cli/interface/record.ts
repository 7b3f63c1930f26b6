/** What is assumed of the inputs of two graphs, as an interface file that can be edited and given back. */
import { statedCaches } from "../../dsl/host/host-caches.ts";
import { doubtfulRoles, type Graphs, type MetInputs, meetInputs } from "../../dsl/host/twins.ts";
import {
  axesOf,
  type CacheFacts,
  type GivenRoles,
  type KnownRole,
  maskValues,
  type RoleFacts,
  type RoleSource,
  type SpelledNumber,
  spelledNumber,
} from "../../dsl/role.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { type DType, show } from "../../dsl/type.ts";
import { countedGraphs, type GivenOutputs, givesOneRow, type OutputWord } from "./outputs.ts";

/** A role as the file holds it, with where it was learnt. */
type Assumed = ((Omit<RoleFacts, "closed"> & { readonly closed?: SpelledNumber }) | CacheFacts) & {
  readonly source: RoleSource;
};

/** An interface file, and the inputs that somebody has to look at. */
export interface InterfaceRecord {
  readonly inputs: Readonly<Record<string, Assumed | null>>;
  readonly outputs: Readonly<Record<string, OutputWord | null>>;
  readonly states: Readonly<Record<string, string>>;
  readonly "?"?: readonly string[];
}

/**
 * `alone`: the graph stands beside itself, so that a shape tells nothing.
 * @throws GraphError when the graphs do not fit each other, or a role does not fit its input
 */
export function interfaceRecord(
  graphs: Graphs,
  { given, outputs, alone }: { readonly given: GivenRoles; readonly outputs: GivenOutputs; readonly alone: boolean },
): InterfaceRecord {
  const { block, step } = graphs;
  const met = meetInputs(block, step, given);
  const caches = new Map(
    statedCaches(block, given).map(({ input, facts, source }) => [input, { ...facts, source }] as const),
  );
  const inputs = [...block.inputs, ...step.inputs.filter((x) => !block.inputs.some(({ name }) => name === x.name))];
  const assumed = inputs.map((x): readonly [string, Assumed | null] => [
    x.name ?? "",
    caches.get(x) ?? assumedOf(met.roles.get(x.name ?? ""), x.type.dtype, alone),
  ]);
  const words = outputWords(graphs, outputs, given, met.tokens);
  const asked = [
    ...assumed.flatMap(([name, role]) => (role === null ? [name] : [])),
    ...(alone ? [] : doubtful(graphs, met).map(({ name = "" }) => name)),
    ...words.flatMap(([name, word]) => (word === null ? [name] : [])),
  ];
  return {
    inputs: Object.fromEntries(assumed),
    outputs: Object.fromEntries(words),
    states: Object.fromEntries(block.states.map(({ name, entry }) => [name, show(entry.type)])),
    ...(asked.length > 0 ? { "?": asked } : {}),
  };
}

/** What counts of each output; null where a block of several tokens gives one row of it, and nobody says whether that is read. */
function outputWords(
  graphs: Graphs,
  outputs: GivenOutputs,
  given: GivenRoles,
  tokens: number,
): readonly (readonly [string, OutputWord | null])[] {
  const { notCompared, rows } = countedGraphs(graphs, outputs, given);
  const ignored = new Set(notCompared);
  const names = [graphs.block, graphs.step].flatMap((graph) => Object.keys(graph.outputs));
  return [...new Set(names)].map((name) => {
    if (ignored.has(name)) return [name, "ignore"];
    if (Object.hasOwn(rows, name)) return [name, outputs.said.get(name)!];
    return [name, tokens > 1 && givesOneRow(graphs, name) && !outputs.said.has(name) ? null : "all"];
  });
}

const doubtful = ({ block, step }: Graphs, { roles, tokens }: MetInputs): readonly Tensor[] =>
  doubtfulRoles({ block, step, roles, tokens });

function assumedOf(role: KnownRole | undefined, dtype: DType, alone: boolean): Assumed | null {
  if (role === undefined || (alone && role.source === "shape")) return null;
  const { kind, source } = role;
  const axes = axesOf(role);
  if (kind === "mask") {
    const { open, closed } = maskValues(role, dtype);
    return { kind, ...axes, ...(dtype === "bool" ? {} : { open, closed: spelledNumber(closed) }), source };
  }
  if (kind === "rows") return { kind, ...axes, ...(role.rope === undefined ? {} : { rope: role.rope }), source };
  if (kind === "position") {
    const { first, offset } = role;
    const said = { ...(first === undefined ? {} : { first }), ...(offset === undefined ? {} : { offset }) };
    return { kind, ...axes, ...said, source };
  }
  return { kind, ...axes, source };
}
