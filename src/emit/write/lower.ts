/**
 * Graphs to an ML Program, each a function of it over one weight file: one MIL op per graph op, every attribute and default a `const` op just before its user.
 *
 * An output of a function may be neither a value written to a state nor one that such a value depends on: Core ML
 * crashes on loading it (coremltools pull request 2713). Such an output is a copy by `identity`; so is one that no op
 * makes, and one that is another output too.
 */
import { type Graph, type State, schedule } from "../../dsl/graph.ts";
import type { Site } from "../../dsl/site.ts";
import { type Def, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { cacheMetadata } from "../mil/host-caches.ts";
import {
  GRAPH_NAME,
  type MilFunction,
  type MilModel,
  milType,
  OPSET,
  outputCopyName,
  SPECIFICATION_VERSION,
} from "../mil/records.ts";
import { type BlobPlan, type BlobPlanner, blobPlanner } from "./blob.ts";
import { inputName, interfaceOf } from "./interface.ts";
import { beginLowering, isWritten, type Lowering, lowerValue, nameInUse } from "./lower-value.ts";
import { nameValues } from "./names.ts";

/** The records of a package, and the blobs that they refer to by offset. */
export interface Lowered {
  readonly model: MilModel;
  /** What the model's references into the weight file stand for. */
  readonly blobs: BlobPlan;
}

/** A graph, and its name as a function. */
export interface NamedGraph {
  readonly name: string;
  readonly graph: Graph;
}

/** A package of one function. @throws GraphError when the graph's interface is not one that Core ML can have. */
export const lower = (graph: Graph): Lowered =>
  lowerFunctions([{ name: "main", graph }], { name: graph.name, defaultFunction: "main" });

/**
 * Several functions over one weight file, where equal weights and equal constants lie once, whichever functions read them.
 * @param whole the name of all of them together, and which is run where the host names none
 * @throws GraphError as `lower` does
 */
export function lowerFunctions(
  functions: readonly NamedGraph[],
  whole: { readonly name: string; readonly defaultFunction: string },
): Lowered {
  const blobs = blobPlanner();
  const interfaces = functions.map(({ name, graph }) => [name, interfaceOf(graph)] as const);
  const model: MilModel = {
    specificationVersion: SPECIFICATION_VERSION,
    functions: functions.map(({ name, graph }) => functionOf(name, graph, blobs)),
    interfaces: Object.fromEntries(interfaces),
    defaultFunction: whole.defaultFunction,
    metadata: { [GRAPH_NAME]: whole.name, ...cachesOf(functions) },
  };
  return { model, blobs: blobs.plan() };
}

/** Bytes of a graph's weights, whatever it takes and gives. */
export function blobBytes(graph: Graph): number {
  const blobs = blobPlanner();
  lowered(graph, blobs);
  return blobs.plan().bytes;
}

/** What the host keeps is said once, of every function. @throws Error where they differ */
function cachesOf(functions: readonly NamedGraph[]): Readonly<Record<string, string>> {
  const [first, ...others] = functions.map(({ graph }) => cacheMetadata(graph));
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first)))
    throw new Error("functions of one package keep different caches");
  return first!;
}

const functionOf = (name: string, graph: Graph, blobs: BlobPlanner): MilFunction =>
  signed(name, graph, lowered(graph, blobs).lowering);

/** Where the values of a function were made, by their names in the package; what an op brings with it, constants and reads of states, has the op's place. */
export const sitesOf = (graph: Graph): ReadonlyMap<string, Site> => lowered(graph, blobPlanner()).sites;

interface LoweredFunction {
  readonly lowering: Lowering;
  readonly sites: ReadonlyMap<string, Site>;
}

function lowered(graph: Graph, blobs: BlobPlanner): LoweredFunction {
  const order = schedule(graph);
  const direct = directOutputs(graph);
  const lowering = beginLowering(graph, order, nameValues(graph, order, direct), blobs);
  const { operations } = lowering;
  const sites = new Map<string, Site>();
  /** Lowers something, all of which was made for one value. */
  const lowerAt = ({ site }: Tensor, lowerIt: () => void): void => {
    const before = operations.length;
    lowerIt();
    for (const { outputs } of operations.slice(before)) for (const { name } of outputs) sites.set(name, site);
  };
  for (const value of order) lowerAt(value, () => lowerValue(lowering, value));
  for (const [output, value] of Object.entries(graph.outputs)) {
    if (direct.get(value.def) !== output) lowerAt(value, () => copyToOutput(lowering, output, value));
  }
  return { lowering, sites };
}

function signed(name: string, { inputs, states, outputs }: Graph, { operations }: Lowering): MilFunction {
  return {
    name,
    opset: OPSET,
    inputs: [
      ...inputs.map((input) => ({ name: inputName(input), type: milType(input.type) })),
      ...states.map(({ name, entry }) => ({ name, type: { kind: "state", tensor: milType(entry.type) } as const })),
    ],
    operations,
    outputs: Object.keys(outputs),
  };
}

/** Outputs that the op which makes the value can produce under the output's own name. */
function directOutputs(graph: Graph): ReadonlyMap<Def, string> {
  const sources = ancestors(graph.states.filter(isWritten));
  const direct = new Map<Def, string>();
  for (const [name, { def }] of Object.entries(graph.outputs)) {
    if (def.kind === "op" && !sources.has(def) && !direct.has(def)) direct.set(def, name);
  }
  return direct;
}

/** The values that states hold at exit, and everything that they are computed from. */
function ancestors(states: readonly State[]): ReadonlySet<Def> {
  const seen = new Set<Def>();
  const stack = states.map(({ exit }) => exit.def);
  for (let def = stack.pop(); def; def = stack.pop()) {
    if (seen.has(def)) continue;
    seen.add(def);
    if (def.kind === "op") for (const operand of operandsOf(def)) stack.push(operand.def);
  }
  return seen;
}

function copyToOutput(lowering: Lowering, name: string, value: Tensor): void {
  lowering.operations.push({
    type: "identity",
    name: outputCopyName(name),
    inputs: { x: [{ name: nameInUse(lowering, value, name) }] },
    outputs: [{ name, type: milType(value.type) }],
    blocks: [],
  });
}
