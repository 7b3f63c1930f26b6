/** What differs between two packages: format, description, functions, and each function as a graph and as it is written. */
import { UserError } from "../../dsl/user-error.ts";
import type { MilFunction, MilModel } from "../mil/records.ts";
import { liftedOf, type Package } from "../read/read.ts";
import { besideModel } from "./beside-model.ts";
import { type CompareOptions, keysOf } from "./canonical.ts";
import { interfaceDifferences, modelDifferences } from "./description.ts";
import { diffGraphs, type GraphDifference } from "./diff.ts";
import { outsideDifferences } from "./outside.ts";
import { respelled } from "./respell.ts";
import { shownValue, unlike } from "./unlike.ts";
import { type WrittenFunction, writtenDifferences } from "./written.ts";

/**
 * The differences: none iff the models say the same in every field, equal spellings of an op aside, and the folders hold the same besides. Functions are
 * compared by name, as graphs at their default sizes; two packages with one function each are compared whatever its name.
 * A difference inside a function names it if there are several.
 * @throws UserError when a function cannot become a graph, or the description contradicts it.
 */
export function diffPackages(a: Package, b: Package, options: CompareOptions = {}): readonly GraphDifference[] {
  const single = a.model.functions.length === 1 && b.model.functions.length === 1;
  const names = new Set([...a.model.functions, ...b.model.functions].map(({ name }) => name));
  const pairs = single
    ? [[a.model.functions[0]!, b.model.functions[0]!] as const]
    : [...names].map((name) => [functionOf(a.model, name), functionOf(b.model, name)] as const);
  return [
    ...modelDifferences(a.model, b.model),
    ...pairs.flatMap(([x, y]) => {
      if (!x || !y) return [oneSided((x ?? y)!, x ? a : b, x !== undefined)];
      const inside = functionDifferences(a, x, b, y, options);
      return single ? inside : inside.map((difference) => ({ ...difference, function: x.name }));
    }),
    ...outsideDifferences(a, b),
    ...besideModel(a, b),
  ];
}

/**
 * The differences between one function of each package: that of the name, or the only one where the other package has it. Of the models as
 * wholes nothing is compared.
 * @throws UserError where there is no such function; and as `diffPackages` does
 */
export function diffFunction(
  a: Package,
  b: Package,
  name: string,
  options: CompareOptions = {},
): readonly GraphDifference[] {
  const [x, y] = [functionOf(a.model, name), functionOf(b.model, name)];
  const onlyOf = ({ model: { functions } }: Package) => (functions.length === 1 ? functions[0] : undefined);
  const [before, after] = [x ?? (y && onlyOf(a)), y ?? (x && onlyOf(b))];
  if (!before) throw noFunction(a, name);
  if (!after) throw noFunction(b, name);
  return functionDifferences(a, before, b, after, options);
}

const noFunction = ({ path, model }: Package, name: string): UserError =>
  new UserError(
    `${path} has no function ${JSON.stringify(name)}; its functions are ${model.functions.map((f) => f.name).join(", ")}`,
  );

const functionOf = ({ functions }: MilModel, name: string): MilFunction | undefined =>
  functions.find((f) => f.name === name);

/** A function that only one package has is read too: what contradicts itself is refused and not reported. */
function oneSided({ name }: MilFunction, pkg: Package, isFirst: boolean): GraphDifference {
  liftedOf(pkg, { function: name });
  const [before, after] = isFirst ? ["present", "absent"] : ["absent", "present"];
  return { kind: "package", what: `function "${name}"`, before: before!, after: after! };
}

function functionDifferences(
  a: Package,
  x: MilFunction,
  b: Package,
  y: MilFunction,
  options: CompareOptions,
): readonly GraphDifference[] {
  const lifted = [liftedOf(a, { function: x.name }), liftedOf(b, { function: y.name })] as const;
  const graphs = diffGraphs(lifted[0].graph, lifted[1].graph, options);
  // The type of a feature is that of the function; where this differs it has been told.
  const told = new Set(graphs.flatMap((d) => (d.kind === "interface" ? [`${d.role} ${d.name}`] : [])));
  const described = interfaceDifferences(a.model, x.name, b.model, y.name).filter(
    ({ typeOf }) => !typeOf || !told.has(`${typeOf.role} ${typeOf.name}`),
  );
  return [
    ...formDifferences(x, y),
    ...described.map(({ difference }) => difference),
    ...graphs,
    ...(graphs.length === 0 ? sameComputation(a, lifted[0], b, lifted[1], options) : []),
  ];
}

/** Opset, attributes, spare blocks: what neither a graph nor the description has. */
const formDifferences = (x: MilFunction, y: MilFunction): readonly GraphDifference[] =>
  unlike(formOf(x), formOf(y)).map(({ path, before, after }) => {
    const text = (z: unknown) => (typeof z === "string" ? z : shownValue(z));
    return { kind: "package", what: path.join(" "), before: text(before), after: text(after) };
  });

const formOf = ({ opset, attributes = {}, specializations = {} }: MilFunction) => ({
  opset,
  "function attribute": attributes,
  "spare block": specializations,
});

type Lifted = ReturnType<typeof liftedOf>;

function sameComputation(
  a: Package,
  x: Lifted,
  b: Package,
  y: Lifted,
  options: CompareOptions,
): readonly GraphDifference[] {
  const [left, right] = [respelled(x.graph), respelled(y.graph)];
  const [before, after] = keysOf(left.graph, right.graph, options);
  const side = ({ blobs }: Package, lifted: Lifted, spelt: typeof left, keys: typeof before): WrittenFunction => ({
    function: lifted.function,
    blobs,
    keyOf(name) {
      const bound = lifted.named.get(name);
      const value = bound?.kind === "value" ? spelt.of(bound.value) : undefined;
      return value && keys.get(value);
    },
  });
  return writtenDifferences(side(a, x, left, before), side(b, y, right, after));
}
