/** What differs between the descriptions of two packages: all that Core ML and people are told of them. */
import type { Graph } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { interfaceIn, type MilFeature, type MilInterface, type MilModel } from "../mil/records.ts";
import type { GraphDifference, InterfaceRole } from "./diff.ts";
import { shownValue, type Unlike, unlike } from "./unlike.ts";

type Described = Extract<GraphDifference, { kind: "package" }>;

/** Of the models as wholes: everything but functions and their interfaces. */
export function modelDifferences(a: MilModel, b: MilModel): readonly Described[] {
  return [
    ...unlike(besideFunctions(a), besideFunctions(b)).map((x) => described(wordsOf(x), x)),
    ...orderDifferences("described functions", a.interfaces, b.interfaces),
    ...orderDifferences("buildInfo", a.buildInfo ?? {}, b.buildInfo ?? {}),
  ];
}

/** Of records whose keys are a list in the file. */
function orderDifferences(what: string, a: object, b: object): readonly Described[] {
  const [before, after] = [Object.keys(a), Object.keys(b)];
  const isMoved = unlike(before, after).length > 0 && unlike(before.toSorted(), after.toSorted()).length === 0;
  return isMoved ? [described(`order of ${what}`, { before, after })] : [];
}

function besideFunctions({ functions: _, interfaces: __, specificationVersion, defaultFunction, ...rest }: MilModel) {
  return { "specification version": specificationVersion, "default function": defaultFunction, ...rest };
}

/** `trainingInputs 0 name`. */
const wordsOf = ({ path }: Unlike): string => path.join(" ");

const described = (what: string, { before, after }: Pick<Unlike, "before" | "after">): Described => ({
  kind: "package",
  what,
  before: typeof before === "string" ? before : shownValue(before),
  after: typeof after === "string" ? after : shownValue(after),
});

const LISTS = [
  ["input", "inputs"],
  ["state", "states"],
  ["output", "outputs"],
] as const;

/** Of what is said of one function each: order, sizes, optionality, defaults, words; of features that both have. */
export function interfaceDifferences(a: MilModel, x: string, b: MilModel, y: string): readonly FeatureDifference[] {
  const [before, after] = [interfaceIn(a, x), interfaceIn(b, y)];
  if (!before || !after) return unlike(before, after).map((z) => ({ difference: described("description", z) }));
  const features = LISTS.flatMap(([role, list]) => roleDifferences(role, before[list], after[list]));
  const predicted = unlike(predictionsOf(before), predictionsOf(after));
  return [...features, ...predicted.map((z) => ({ difference: described(wordsOf(z), z) }))];
}

/**
 * What a package says of a function beyond what a graph can be: sizes that a caller may choose, optional inputs.
 * `after` of each is what the graph has; the caller turns it round where the graph is the first of the two.
 */
export function beyondGraph(model: MilModel, name: string, graph: Graph): readonly Described[] {
  const features = interfaceDifferences(model, name, { ...model, interfaces: { [name]: featuresOf(graph) } }, name);
  return [
    ...(model.updatable ? [described("updatable", { before: true, after: undefined })] : []),
    // Types are those of the function, and compared as such.
    ...features.flatMap(({ difference, typeOf }) => (typeOf ? [] : [difference])),
  ];
}

function featuresOf({ inputs, states, outputs }: Graph): MilInterface {
  const feature = (name: string, { type }: Tensor): MilFeature => ({ name, ...type });
  return {
    inputs: inputs.map((x) => feature(x.def.kind === "input" ? x.def.name : "", x)),
    outputs: Object.entries(outputs).map(([name, x]) => feature(name, x)),
    states: states.map(({ name, entry }) => feature(name, entry)),
  };
}

/** A difference, and the feature whose type or shape it is about, if it is. */
export interface FeatureDifference {
  readonly difference: Described;
  readonly typeOf?: { readonly role: InterfaceRole; readonly name: string };
}

const predictionsOf = ({ predictedFeature, predictedProbabilities }: MilInterface) => ({
  "predicted feature": predictedFeature,
  "predicted probabilities": predictedProbabilities,
});

function roleDifferences(
  role: InterfaceRole,
  before: readonly MilFeature[],
  after: readonly MilFeature[],
): readonly FeatureDifference[] {
  const others = new Map(after.map((feature) => [feature.name, feature]));
  const both = before.filter(({ name }) => others.has(name));
  const shared = new Set(both.map(({ name }) => name));
  const order = [both, after.filter(({ name }) => shared.has(name))].map(namesIn);
  const moved = order[0] === order[1] ? [] : [described(`order of ${role}s`, { before: order[0], after: order[1] })];
  return [
    ...moved.map((difference) => ({ difference })),
    ...both.flatMap((feature) => featureDifferences(role, feature, others.get(feature.name)!)),
  ];
}

const namesIn = (features: readonly MilFeature[]): string => features.map(({ name }) => name).join(", ");

function featureDifferences(role: InterfaceRole, x: MilFeature, y: MilFeature): readonly FeatureDifference[] {
  const { name } = x;
  const sizes = unlike([x.range, x.enumerated], [y.range, y.enumerated]).length > 0;
  const words = (["optional", "default", "description"] as const).flatMap((key) => {
    const found = unlike(x[key], y[key]).length > 0;
    return found ? [{ difference: described(`${key} of ${role} "${name}"`, { before: x[key], after: y[key] }) }] : [];
  });
  const types = (["dtype", "shape"] as const).flatMap((key) => {
    if (unlike(x[key], y[key]).length === 0) return [];
    const difference = described(`described ${key} of ${role} "${name}"`, { before: x[key], after: y[key] });
    return [{ difference, typeOf: { role, name } }];
  });
  const sized = described(`sizes of ${role} "${name}"`, { before: sizesText(x), after: sizesText(y) });
  return [...types, ...(sizes ? [{ difference: sized }] : []), ...words];
}

function sizesText({ range, enumerated }: MilFeature): string {
  if (enumerated) return `one of ${enumerated.map((shape) => `[${shape.join(",")}]`).join(" ")}`;
  if (!range) return "fixed";
  return `[${range.map(([low, high]) => (low === high ? low : `${low}..${high}`)).join(",")}]`;
}
