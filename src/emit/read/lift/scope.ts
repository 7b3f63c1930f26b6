/** What each name of a function stands for while its operations are read from top to bottom. */
import type { Def, Tensor } from "../../../dsl/tensor.ts";
import type { MilArgument, MilFunction, MilValue } from "../../mil/records.ts";
import type { Blobs } from "../blobs/blob.ts";
import { refuse, type Where } from "../decode/value.ts";
import { tensorOf } from "./value.ts";

/** What a name stands for while a function is read from top to bottom. */
export type BoundName =
  | { readonly kind: "value"; readonly value: Tensor }
  | { readonly kind: "state"; readonly name: string }
  /** A const op: an attribute or an operand, as its user wants it. `value` is the operand, made at most once. */
  | { readonly kind: "literal"; readonly literal: MilValue; readonly value: () => Tensor };

/** A function on its way to a graph. */
export interface FunctionScope {
  /** Some ops mean something else in older ones. */
  readonly opset: string;
  readonly blobs: Blobs;
  readonly bound: Map<string, BoundName>;
  /** What each state holds at this point. */
  readonly states: Map<string, Tensor>;
  /** Constants that are sizes of values, or computed of such. */
  readonly ofSizes: Set<Def>;
  /** Position, from 1, of the op that makes each name. */
  readonly makers: ReadonlyMap<string, number>;
}

/** The scope before the first operation: inputs and states. @throws UserError when a name is defined twice */
export function openScope(fn: MilFunction, leaves: readonly Tensor[], blobs: Blobs, where: Where): FunctionScope {
  const entries = leaves.filter((x) => x.def.kind === "state");
  return {
    opset: fn.opset,
    blobs,
    bound: new Map(leaves.map((x) => [x.name!, bindLeaf(x)])),
    states: new Map(entries.map((x) => [x.name!, x])),
    ofSizes: new Set(),
    makers: makersOf(fn, where),
  };
}

const bindLeaf = (leaf: Tensor): BoundName =>
  leaf.def.kind === "state" ? { kind: "state", name: leaf.def.name } : { kind: "value", value: leaf };

function makersOf(fn: MilFunction, where: Where): ReadonlyMap<string, number> {
  const makers = new Map<string, number>();
  const inputs = fn.inputs.map(({ name }) => ({ name, position: 0 }));
  const results = fn.operations.flatMap((op, i) => op.outputs.map(({ name }) => ({ name, position: i + 1 })));
  for (const { name, position } of [...inputs, ...results]) {
    const first = makers.get(name);
    if (first !== undefined) {
      const text = `is defined twice: by ${maker(first)} and by ${maker(position)}`;
      throw refuse(`${where}, value "${name}"`, text);
    }
    makers.set(name, position);
  }
  return makers;
}

const maker = (position: number): string => (position === 0 ? "an input" : `op ${position}`);

/** What a name stands for, as a tensor. @throws UserError when it is a state, unknown, or made further down */
export function lookUp({ bound, makers }: FunctionScope, name: string, where: Where): Tensor {
  const found = bound.get(name);
  if (found?.kind === "value") return found.value;
  if (found?.kind === "literal") return found.value();
  if (found) throw refuse(where, `uses the state "${name}" as a tensor; only read_state and write_state may`);
  const position = makers.get(name);
  if (position === undefined) throw refuse(where, `uses "${name}", which is not defined`);
  throw refuse(where, `uses "${name}", which only op ${position} makes: the ops are cyclic or out of order`);
}

/** Why an op is refused whose parameter is no literal, as the end of a sentence about it. */
export const isNoConstant = (key: string): string =>
  `takes "${key}" from a computed value; graphc needs it to be a constant`;

/** An argument as a tensor: a literal becomes a constant or a weight. @throws UserError as `lookUp` does */
export const operandOf = (argument: MilArgument, scope: FunctionScope, where: Where): Tensor =>
  "name" in argument ? lookUp(scope, argument.name, where) : tensorOf(argument.value, scope.blobs, where);
