/** Ops of a program that no op table has: constants, reads and writes of states, and the emitter's copies to outputs. */
import type { Tensor } from "../../../dsl/tensor.ts";
import { sameType, show } from "../../../dsl/type.ts";
import { isOutputCopy, type MilArgument, type MilNamed, type MilOperation } from "../../mil/records.ts";
import { refuse, type Where } from "../decode/value.ts";
import { checkDeclared, matches, showMilType } from "./declared.ts";
import { type FunctionScope, operandOf } from "./scope.ts";
import { tensorOf } from "./value.ts";

const COPY = "identity";
/** Parameters of the ops that are read here and not by the op table. */
const OWN_PARAMETERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["const", []],
  [COPY, ["x"]],
  ["shape", ["x"]],
  ["read_state", ["input"]],
  ["write_state", ["input", "data"]],
]);

/** @throws UserError for a parameter that such an op does not have; other ops are judged by the table */
export function refuseStray(op: MilOperation, where: Where): void {
  const known = OWN_PARAMETERS.get(op.outputs.length === 1 && isOutputCopy(op) ? COPY : op.type);
  const stray = known && Object.keys(op.inputs).find((key) => !known.includes(key));
  if (stray !== undefined) throw refuse(where, `has no operand or attribute "${stray}"`);
}

/** The one value that a parameter of such an op is bound to. */
export function soleArgument({ inputs }: MilOperation, key: string, where: Where): MilArgument {
  const [argument, second] = Object.hasOwn(inputs, key) ? inputs[key]! : [];
  if (!argument || second) throw refuse(where, `must have one value as its "${key}"`);
  return argument;
}

/** A const op: what its users make of it is theirs. @throws UserError when it declares another type than its value has */
export function bindConst(
  { value: literal, outputs }: MilOperation,
  { bound, blobs }: FunctionScope,
  where: Where,
): void {
  const [output] = outputs;
  if (!literal || !output || outputs.length > 1) throw refuse(where, "must have one value and one output");
  const declared = output.type.kind === "tensor" ? output.type : undefined;
  const same = declared?.dtype === literal.type.dtype && matches(declared.shape, literal.type.shape);
  if (!same) throw refuse(where, `declares ${showMilType(output.type)}, its value is ${showMilType(literal.type)}`);
  let made: Tensor | undefined;
  const value = () => {
    made ??= { ...tensorOf(literal, blobs, where), name: output.name };
    return made;
  };
  // A bad blob is refused even if no op uses it.
  if ("blob" in literal) value();
  bound.set(output.name, { kind: "literal", literal, value });
}

/** The emitter's copy of a value to an output is not part of the graph. @throws UserError when it copies no value */
export function bindCopy(op: MilOperation, scope: FunctionScope, where: Where): void {
  const value = operandOf(soleArgument(op, "x", where), scope, where);
  const [output] = op.outputs as [MilNamed];
  checkDeclared(output, value.type, where);
  scope.bound.set(output.name, { kind: "value", value });
}

/** The name of the state that the op reads or writes. @throws UserError when it names none */
export function stateOf(op: MilOperation, { bound }: FunctionScope, where: Where): string {
  const argument = soleArgument(op, "input", where);
  const found = "name" in argument ? bound.get(argument.name) : undefined;
  if (found?.kind !== "state") throw refuse(where, `must name a state as its "input"`);
  return found.name;
}

/** From here on the state holds what is written. @throws UserError when that is of another type */
export function writeState(op: MilOperation, scope: FunctionScope, where: Where): void {
  const name = stateOf(op, scope, where);
  const data = operandOf(soleArgument(op, "data", where), scope, where);
  if (op.outputs.length > 0) throw refuse(where, `declares ${op.outputs.length} results; it has none`);
  const held = scope.states.get(name)!;
  if (!sameType(data.type, held.type))
    throw refuse(where, `writes ${show(data.type)} into the state "${name}", which is ${show(held.type)}`);
  scope.states.set(name, data);
}
