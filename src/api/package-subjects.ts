/** What of a package is checked: the graph of each function, and what is known of the rest. */
import { counted } from "../dsl/counted.ts";
import type { Graph } from "../dsl/graph.ts";
import { show } from "../dsl/type.ts";
import { interfaceIn, type MilFunction, type MilInterface } from "../emit/mil/records.ts";
import { liftedOf, type Package } from "../emit/read/read.ts";
import { unreachedOps } from "../emit/read/unreached.ts";
import { packageFindings } from "../emit/rules/package-rules.ts";
import type { CheckedSubject } from "./judge-graph.ts";

/** A subject for each function; one of flexible size at that of `sizes`, or of its description. @throws UserError as `liftedOf` does */
export function packageSubjects(pkg: Package, sizes: { readonly tokens?: number }): readonly CheckedSubject[] {
  const found = packageFindings(pkg.model);
  return pkg.model.functions.map((fn, n) => {
    // What is said of the model as a whole is said once.
    const findings = found.filter((one) => (one.function === undefined ? n === 0 : one.function === fn.name));
    const { graph, opaque } = liftedOf(pkg, { function: fn.name, opaque: true, ...sizes });
    const optional = optionalInputs(interfaceIn(pkg.model, fn.name));
    const skipped = [...otherSizes(graph, isFlexible(pkg, fn.name)), ...optional, ...unreached(fn)];
    return { graph, skipped, findings, unknown: opaque };
  });
}

/** Without what stands for the results of ops that are not known: no host feeds that. */
export function ownInputs({ graph, unknown }: CheckedSubject): Graph {
  const made = new Set(unknown.flatMap(({ results }) => results));
  return { ...graph, inputs: graph.inputs.filter((x) => !made.has(x)) };
}

function otherSizes(graph: Graph, flexible: boolean): readonly string[] {
  const shapes = graph.inputs.map(({ name, type }) => `${name} ${show(type)}`);
  return flexible ? [`other sizes than ${shapes.join(", ")}`] : [];
}

/** What Core ML feeds where the caller leaves an input out is said beside the graph, and no rule sees it. */
function optionalInputs(described: MilInterface | undefined): readonly string[] {
  const names = (described?.inputs ?? []).filter(({ optional }) => optional).map(({ name }) => name);
  return names.length > 0 ? [`calls that leave out an optional input: ${names.join(", ")}`] : [];
}

function unreached(fn: MilFunction): readonly string[] {
  const ops = unreachedOps(fn);
  return ops.length > 0
    ? [`${counted(ops.length, "op")} that no output and no state depends on: ${ops.join(", ")}`]
    : [];
}

/** Whether an input of the function has an open size. */
export const isFlexible = ({ model }: Package, name = model.defaultFunction): boolean =>
  model.functions
    .filter((fn) => fn.name === name)
    .some(({ inputs }) =>
      inputs.some(({ type }) => (type.kind === "state" ? type.tensor : type).shape.includes(undefined)),
    );
