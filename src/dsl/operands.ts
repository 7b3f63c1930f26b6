/** The operands of an op: from what the author wrote to checked values, and what a type rule sees of them. */
import type { Note } from "./error.ts";
import { isTensor } from "./given/tensors.ts";
import { roundTo } from "./number.ts";
import type { Given, Info, OperandSpec, OpSpec } from "./op-spec.ts";
import { constantOf, type Tensor } from "./tensor.ts";
import { has } from "./traits.ts";
import { type DType, isFloat, show } from "./type.ts";

/** Operand values by name; a list operand has a list. */
export type Operands = Readonly<Record<string, Tensor | readonly Tensor[]>>;

/**
 * The operands that `given` holds, literals made tensors, each checked against its declaration. `fail` throws, with the
 * operands that were resolved so far.
 */
export function resolveOperands(spec: OpSpec, given: Given, fail: (text: string, seen?: Operands) => never): Operands {
  const operands: Record<string, Tensor | readonly Tensor[]> = {};
  const firstTensor = Object.keys(spec.operands)
    .flatMap((key) => given[key])
    .find(isTensor);
  for (const [key, rule] of Object.entries(spec.operands)) {
    const arg = given[key];
    if (arg === undefined && rule.optional) continue;
    if (arg === undefined) fail(`operand "${key}" is missing`, operands);
    if (rule.list) {
      if (!Array.isArray(arg) || arg.length === 0 || !arg.every(isTensor))
        fail(`"${key}" must be a list of tensors`, operands);
      operands[key] = arg as readonly Tensor[];
    } else {
      const literalType = literalDtype(key, spec, given, firstTensor);
      const value = isTensor(arg) ? arg : literal(arg, literalType);
      if (value === undefined) return fail(`"${key}" must be a tensor`, operands);
      operands[key] = typeof value === "number" ? fail(`"${key}": ${value} is no ${literalType}`, operands) : value;
    }
    checkOperand(key, rule, operands, fail);
  }
  return operands;
}

function checkOperand(
  key: string,
  rule: OperandSpec,
  operands: Operands,
  fail: (text: string, seen?: Operands) => never,
): void {
  const values = [operands[key]!].flat() as readonly Tensor[];
  const like = rule.like === undefined ? undefined : ([operands[rule.like] ?? []].flat()[0] as Tensor | undefined);
  for (const value of values) {
    const { dtype } = value.type;
    if (!rule.dtypes.includes(dtype)) fail(`"${key}" is ${dtype}; it must be ${rule.dtypes.join(" or ")}`, operands);
    if (like && like.type.dtype !== dtype)
      fail(`dtypes differ: ${rule.like} is ${like.type.dtype}, ${key} is ${dtype}`, operands);
    if (values[0]!.type.dtype !== dtype)
      fail(`dtypes differ in "${key}": ${values[0]!.type.dtype} and ${dtype}`, operands);
    if (rule.constant && !isConstant(value)) fail(`"${key}" must be known at compile time`, operands);
  }
}

/** The dtype of a literal: that of a tensor it must match, else that of the op's first tensor, else the first allowed. */
function literalDtype(key: string, { operands }: OpSpec, given: Given, first: Tensor | undefined): DType {
  const rule = operands[key]!;
  const model = rule.like ?? key;
  const peer = Object.keys(operands)
    .filter((other) => (operands[other]!.like ?? other) === model)
    .flatMap((other) => given[other])
    .find(isTensor);
  const dtype = (peer ?? first)?.type.dtype;
  return dtype !== undefined && rule.dtypes.includes(dtype) ? dtype : rule.dtypes[0]!;
}

/**
 * A number becomes a scalar, a list of numbers a vector. A number that the dtype cannot stand for (1.5 as int32,
 * −10⁹ as fp16) is handed back: rounding it away would hide a mistake.
 */
function literal(arg: unknown, dtype: DType): Tensor | number | undefined {
  const given = [arg].flat() as readonly unknown[];
  if (given.length === 0 || given.some((x) => typeof x !== "number" && typeof x !== "boolean")) return undefined;
  const numbers = given.map(Number);
  const data = numbers.map((x) => roundTo(dtype, x));
  const lost = numbers.find((x, i) =>
    isFloat(dtype) ? Number.isFinite(x) && !Number.isFinite(data[i]) : x !== data[i],
  );
  if (lost !== undefined) return lost;
  return constantOf(data, { dtype, shape: Array.isArray(arg) ? [arg.length] : [] });
}

/** Applies `f` to every tensor of an operand record, lists included. */
export function mapOperands<X>(operands: Operands, f: (value: Tensor) => X): Record<string, X | readonly X[]> {
  return Object.fromEntries(Object.entries(operands).map(([key, x]) => [key, isList(x) ? x.map(f) : f(x)]));
}

const isList = (x: Tensor | readonly Tensor[]): x is readonly Tensor[] => Array.isArray(x);

/** What a type rule may know about a value. */
export function infoOf(value: Tensor): Info {
  // A name after a spread costs V8 twenty times as much as one before it.
  const info = { constant: isConstant(value), ...value.type };
  return value.def.kind === "const" ? { values: value.def.data, ...info } : info;
}

/** Whether a value is known at compile time: a constant, a weight, or a constexpr op over such. */
export function isConstant(value: Tensor): boolean {
  const { def } = value;
  if (def.kind === "op") return has(def, "constexpr");
  return def.kind === "const" || def.kind === "weight";
}

/** Operands with type and origin, for an error about them. */
export const notesOf = (operands: Operands): readonly Note[] =>
  Object.entries(operands).flatMap(([key, x]) =>
    isList(x)
      ? x.map((value, i) => ({ label: `${key}[${i}]`, type: show(value.type), site: value.site }))
      : [{ label: key, type: show(x.type), site: x.site }],
  );
