/** What differs between two packages: format, functions, flexible sizes, and each function as a graph. */

import type { MilFeature, MilFunction, MilModel } from "../mil/records.ts";
import { graphOf, type Package } from "../read/read.ts";
import type { CompareOptions } from "./canonical.ts";
import { diffGraphs, type GraphDifference } from "./diff.ts";

/**
 * The differences. Functions are compared by name, at their default sizes; two packages with one function each are
 * compared whatever its name. A difference inside a function names it if there are several.
 * @throws UserError when a function cannot become a graph.
 */
export function diffPackages(a: Package, b: Package, options: CompareOptions = {}): readonly GraphDifference[] {
  const single = a.model.functions.length === 1 && b.model.functions.length === 1;
  const names = new Set([...a.model.functions, ...b.model.functions].map(({ name }) => name));
  const pairs = single
    ? [[a.model.functions[0]!, b.model.functions[0]!] as const]
    : [...names].map((name) => [functionOf(a.model, name), functionOf(b.model, name)] as const);
  return [
    ...differs("specification version", a.model.specificationVersion, b.model.specificationVersion),
    ...differs("default function", a.model.defaultFunction, b.model.defaultFunction),
    ...pairs.flatMap(([x, y]) => {
      if (!x || !y) return differs(`function "${(x ?? y)!.name}"`, x && "present", y && "present");
      const inside = [...formDifferences(a.model, x, b.model, y), ...graphDifferences(a, x, b, y, options)];
      return single ? inside : inside.map((difference) => ({ ...difference, function: x.name }));
    }),
  ];
}

const functionOf = ({ functions }: MilModel, name: string): MilFunction | undefined =>
  functions.find((f) => f.name === name);

function differs(
  what: string,
  before: string | number | undefined,
  after: string | number | undefined,
): readonly GraphDifference[] {
  if (before === after) return [];
  return [{ kind: "package", what, before: String(before ?? "absent"), after: String(after ?? "absent") }];
}

/** Opset and flexible sizes: what a graph does not have. */
function formDifferences(a: MilModel, x: MilFunction, b: MilModel, y: MilFunction): readonly GraphDifference[] {
  const [left, right] = [flexibleInputs(a, x), flexibleInputs(b, y)];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return [
    ...differs("opset", x.opset, y.opset),
    ...names.flatMap((name) =>
      differs(`sizes of input "${name}"`, left.get(name) ?? "fixed", right.get(name) ?? "fixed"),
    ),
  ];
}

function flexibleInputs({ interfaces }: MilModel, f: MilFunction): ReadonlyMap<string, string> {
  const open = f.inputs.filter(({ type }) => type.kind === "tensor" && type.shape.includes(undefined));
  const features = new Map(interfaces[f.name]?.inputs.map((feature) => [feature.name, feature]));
  return new Map(open.map(({ name }) => [name, sizesText(features.get(name))]));
}

function sizesText(feature: MilFeature | undefined): string {
  if (feature?.enumerated) return feature.enumerated.map((shape) => `[${shape.join(",")}]`).join(" or ");
  if (!feature?.range) return "not described";
  return `[${feature.range.map(([low, high]) => (low === high ? low : `${low}..${high}`)).join(",")}]`;
}

const graphDifferences = (
  a: Package,
  x: MilFunction,
  b: Package,
  y: MilFunction,
  options: CompareOptions,
): readonly GraphDifference[] =>
  diffGraphs(graphOf(a, { function: x.name }), graphOf(b, { function: y.name }), options);
