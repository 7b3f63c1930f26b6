/**
 * Records to a graph. Every value is made through the op table, so its type is inferred anew and then held against the
 * declared one. States become SSA: each read yields what was last written.
 */
import { type Graph, graph } from "../../../dsl/graph.ts";
import { makeOp } from "../../../dsl/op.ts";
import type { Op } from "../../../dsl/op-spec.ts";
import { opTable } from "../../../dsl/ops/index.ts";
import type { CacheFacts } from "../../../dsl/role.ts";
import { nowhere } from "../../../dsl/site.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import { cachesIn } from "../../mil/host-caches.ts";
import {
  GRAPH_NAME,
  interfaceIn,
  isOutputCopy,
  type MilArgument,
  type MilFunction,
  type MilModel,
  type MilOperation,
  milType,
} from "../../mil/records.ts";
import { SPECIFICATION_OF } from "../../mil/versions.ts";
import type { Blobs } from "../blobs/blob.ts";
import { whereOp } from "../decode/decode.ts";
import { asUserError, refuse, type Where } from "../decode/value.ts";
import { liftCompressed } from "./compressed.ts";
import { checkDeclared } from "./declared.ts";
import { bindOpaque, type OpaqueOp, unknownOf } from "./opaque.ts";
import { bindConst, bindCopy, refuseStray, stateOf, writeState } from "./own.ts";
import { respellPositions } from "./positions.ts";
import { type BoundName, type FunctionScope, isNoConstant, lookUp, openScope, operandOf } from "./scope.ts";
import { foldedSizes, sizesOf } from "./shape.ts";
import { type ChosenSizes, inputShapes } from "./sizes.ts";
import { sizedSlice } from "./slices.ts";
import { respell } from "./spelling.ts";
import { attributeOf, graphDtype } from "./value.ts";

/** What of a package is read as a graph, and at which sizes. */
export interface LiftOptions extends ChosenSizes {
  /** Which function; the default one when absent. */
  readonly function?: string;
  /** Whether ops that are not known are values from outside; without it the first of them is an error. */
  readonly opaque?: boolean;
}

/** A function as a graph, and what the names of its program stand for in it. */
export interface Lifted {
  readonly graph: Graph;
  readonly function: MilFunction;
  readonly named: ReadonlyMap<string, BoundName>;
  /** Ops that are not part of the graph: none but where they were asked for. */
  readonly opaque: readonly OpaqueOp[];
}

/** @throws UserError as `liftFunction` does */
export const lift = (model: MilModel, blobs: Blobs, options: LiftOptions = {}): Graph =>
  liftFunction(model, blobs, options).graph;

/**
 * A function of the model as a graph. Names are kept as value names. Unknown sizes are those of `options`, see
 * `inputShapes`; an unknown size that the file declares for a result matches any.
 * @throws UserError that names the function, the op and its position, counted from 1.
 */
export function liftFunction(model: MilModel, blobs: Blobs, options: LiftOptions = {}): Lifted {
  const fn = functionIn(model, options.function);
  const where = `function "${fn.name}"`;
  // What an op means depends on it.
  if (!SPECIFICATION_OF.has(fn.opset))
    throw refuse(where, `has the opset "${fn.opset}"; graphc knows ${[...SPECIFICATION_OF.keys()].join(", ")}`);
  const shapes = inputShapes(fn, interfaceIn(model, fn.name), options);
  const leaves = leavesOf(fn, shapes, cachesIn(model), where);
  const entries = leaves.filter((x) => x.def.kind === "state");
  const scope = openScope(fn, leaves, blobs, where);
  const opaque: OpaqueOp[] = [];
  for (const [i, op] of fn.operations.entries()) {
    const at = whereOp(where, i, op.type, op.name);
    refuseStray(op, at);
    const why = unknownOf(op, scope);
    if (why === undefined) liftOperation(op, scope, at);
    else if (options.opaque) opaque.push(bindOpaque(op, why, scope, at));
    else throw refuse(at, why, "graphc check lists every such op, and looks at the rest");
  }
  const outputs = fn.outputs.map((name) => [name, lookUp(scope, name, `${where}, output`)] as const);
  const made = asUserError(where, () =>
    graph({
      name: (model.functions.length === 1 ? model.metadata[GRAPH_NAME] : undefined) ?? fn.name,
      inputs: [...leaves.filter((x) => x.def.kind === "input"), ...opaque.flatMap(({ results }) => results)],
      states: entries.map((entry) => [entry, scope.states.get(entry.name!)!]),
      outputs: outputsOf(outputs, opaque),
    }),
  );
  return { graph: made, function: fn, named: scope.bound, opaque };
}

/** What leads to an op that was not read is looked at under names that are no input's; what it gives is an input, and no output. */
function outputsOf(
  named: readonly (readonly [string, Tensor])[],
  opaque: readonly OpaqueOp[],
): Readonly<Record<string, Tensor>> {
  const given = new Set(opaque.flatMap(({ results }) => results));
  const taken = opaque.flatMap(({ op, operands }) => operands.map((x, k) => [`${op.name}_operand_${k}`, x] as const));
  return Object.fromEntries([...taken, ...named].filter(([, value]) => !given.has(value)));
}

/** @throws UserError when there is no function of that name */
function functionIn(model: MilModel, wanted = model.defaultFunction): MilFunction {
  const found = model.functions.find(({ name }) => name === wanted);
  if (found) return found;
  throw new UserError(
    `there is no function "${wanted}"; the functions are ${model.functions.map((f) => f.name).join(", ")}`,
  );
}

function leavesOf(
  fn: MilFunction,
  shapes: Readonly<Record<string, Shape>>,
  caches: ReadonlyMap<string, CacheFacts>,
  where: Where,
): readonly Tensor[] {
  return fn.inputs.map(({ name, type }) => {
    const dtype = graphDtype((type.kind === "state" ? type.tensor : type).dtype, `${where}, input "${name}"`);
    const role = caches.get(name);
    const def =
      type.kind === "state"
        ? ({ kind: "state", name } as const)
        : ({ kind: "input", name, ...(role ? { role } : {}) } as const);
    return { type: { dtype, shape: shapes[name]! }, def, name, site: nowhere };
  });
}

function liftOperation(op: MilOperation, scope: FunctionScope, where: Where): void {
  if (op.type === "const") bindConst(op, scope, where);
  else if (op.type === "write_state") writeState(op, scope, where);
  else if (op.outputs.length === 1 && isOutputCopy(op)) bindCopy(op, scope, where);
  else bindResults(op, makeResults(op, scope, where), scope, where);
}

function makeResults(op: MilOperation, scope: FunctionScope, where: Where): readonly Tensor[] {
  if (op.type === "read_state") return [scope.states.get(stateOf(op, scope, where))!];
  if (op.type === "shape") return [sizesOf(op, scope, where)];
  const compressed = asUserError(where, () => liftCompressed(op, scope, where));
  if (compressed) return compressed;
  // An op that is not known did not come as far as here.
  const entry = opTable.get(op.type)!;
  const given = Object.entries(op.inputs).map(([key, args]) => [key, argumentOf(entry, key, args, scope, where)]);
  return asUserError(where, () => {
    const respelled = respellPositions(op.type, respell(op.type, Object.fromEntries(given)), scope.opset);
    return [sizedSlice(op.type, respelled) ?? makeOp(entry, respelled, nowhere)]
      .flat()
      .map((x) => foldedSizes(x, scope));
  });
}

/** A parameter as `makeOp` wants it: a tensor, a list of tensors, or a literal. */
function argumentOf(
  { spec }: Op,
  key: string,
  args: readonly MilArgument[],
  scope: FunctionScope,
  where: Where,
): unknown {
  const operand = ownOf(spec.operands, key);
  if (operand?.list) return args.map((x) => operandOf(x, scope, where));
  const [argument] = args;
  if (!argument || args.length > 1) throw refuse(where, `binds ${args.length} values to "${key}"`);
  if (operand) return operandOf(argument, scope, where);
  const found = "value" in argument ? { kind: "literal", literal: argument.value } : scope.bound.get(argument.name);
  if (found?.kind === "literal") return attributeOf(found.literal, ownOf(spec.attrs, key)?.kind, scope.blobs, where);
  // Not a literal: sizes (`unknownOf`), or it is undefined, or a state, or made further down.
  const { def, type } = lookUp(scope, (argument as { name: string }).name, where);
  if (def.kind !== "const") throw refuse(where, isNoConstant(key));
  const sizes = { type: milType(type), data: Array.from(def.data) };
  return attributeOf(sizes, ownOf(spec.attrs, key)?.kind, scope.blobs, where);
}

/** Parameters are named by the file: what an object inherits is none. */
const ownOf = <X>(record: Readonly<Record<string, X>>, key: string): X | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

function bindResults({ outputs }: MilOperation, results: readonly Tensor[], scope: FunctionScope, where: Where): void {
  if (outputs.length !== results.length)
    throw refuse(where, `declares ${outputs.length} results; it has ${results.length}`);
  for (const [i, output] of outputs.entries()) {
    const value = results[i]!;
    checkDeclared(output, value.type, where);
    // What read_state yields has its name already: that of the state, or of the value written to it.
    scope.bound.set(output.name, { kind: "value", value: value.name ? value : { ...value, name: output.name } });
  }
}
