/**
 * One declaration per op. Everything the compiler knows about an op is in it, and the declaration is the function
 * that the author calls.
 */
import type { Algebra, Index, Read, Scalar } from "./algebra.ts";
import { type AttrSpecs, type AttrValues, resolveAttrs } from "./attr.ts";
import { GraphError, type Note } from "./error.ts";
import { roundTo } from "./number.ts";
import { type Site, siteOf } from "./site.ts";
import { type Attrs, constantOf, type Tensor } from "./tensor.ts";
import { type DType, isFloat, show, type TensorType } from "./type.ts";

/** What an op may be given for an operand. */
export interface OperandSpec {
  readonly dtypes: readonly DType[];
  /** Must have the dtype of this other operand (the usual MIL rule `T`). */
  readonly like?: string;
  readonly optional?: true;
  readonly list?: true;
  /** Its value must be known at compile time. */
  readonly constant?: true;
}
export type OperandSpecs = Readonly<Record<string, OperandSpec>>;

/** What a type rule sees of an operand: its type, and its elements where they are known at compile time. */
export interface Info extends TensorType {
  readonly values?: ArrayLike<number>;
  /** Whether it is known at compile time; a weight is, though its elements are not at hand. */
  readonly constant?: boolean;
}

/** Operands and attributes by name, as the author or a file gives them. */
export type Given = Readonly<Record<string, unknown>>;

type Each<O extends OperandSpecs, X> = {
  readonly [K in keyof O]: O[K] extends { list: true }
    ? readonly X[]
    : O[K] extends { optional: true }
      ? X | undefined
      : X;
};

export interface OpSpec<O extends OperandSpecs = OperandSpecs, A extends AttrSpecs = AttrSpecs> {
  /** The formula, as it appears in docs/ops.md. */
  readonly doc: string;
  readonly operands: O;
  readonly attrs: A;
  /** False for ops that only move or choose elements. All others round each element of the result once, to its dtype. */
  readonly rounds?: false;
  /**
   * Rewrites shorthands (−1 in a shape, num_splits) into the declared attributes, or says what is wrong. What it does
   * not know it leaves alone.
   */
  shorthand?(given: Given, x: Each<O, Info>): Given | string;
  /** Number of results, for an op with several. */
  parts?(x: Each<O, Info>, attrs: AttrValues<A>): number;
  /** Result type, or a sentence that says what is wrong. */
  infer(x: Each<O, Info>, attrs: AttrValues<A>, part: number): TensorType | string;
  /** The element of the result at an index, before rounding. */
  element(
    m: Algebra,
    x: Each<O, Read>,
    attrs: AttrValues<A>,
    result: TensorType & { readonly part: number },
  ): (ix: readonly Index[]) => Scalar;
}

/** A declaration with its types erased, as the table holds it. */
export interface Op {
  readonly opName: string;
  readonly spec: OpSpec;
}

/**
 * Declares an op. `Signature` is the typed form of the call; it only narrows what TypeScript sees, the rule that
 * counts is `spec.infer`.
 */
export function op<Signature extends (...args: never[]) => unknown>(opName: string) {
  return <const O extends OperandSpecs, const A extends AttrSpecs>(spec: OpSpec<O, A>): Signature & Op => {
    const erased = spec as unknown as OpSpec;
    const build = (...args: readonly unknown[]): Tensor | readonly Tensor[] => {
      const site = siteOf(build);
      const required = Object.keys(spec.operands).filter((key) => !spec.operands[key]!.optional);
      const options = (args[required.length] ?? {}) as Record<string, unknown>;
      const given = { ...options, ...Object.fromEntries(required.map((key, i) => [key, args[i]])) };
      return makeOp({ opName, spec: erased }, given, site);
    };
    return Object.assign(build as unknown as Signature, { opName, spec: erased });
  };
}

/** Builds the value (or values) of an op from operands and attributes by name, and checks everything. */
export function makeOp(op: Op, given: Given, site: Site): Tensor | readonly Tensor[] {
  const { spec, opName } = op;
  const fail = (text: string, operands: Operands = {}): never => {
    throw new GraphError(`${opName}: ${text}`, site, notesOf(operands));
  };
  const operands = resolveOperands(spec, given, fail);
  const infos = mapOperands(operands, infoOf);
  const full = spec.shorthand?.(given, infos as never) ?? given;
  if (typeof full === "string") return fail(full, operands);
  const unknown = Object.keys(full).find((key) => !(key in spec.operands) && !(key in spec.attrs));
  if (unknown) fail(`has no operand or attribute "${unknown}"`);
  const attrs = resolveAttrs(spec.attrs, full, infos, (text) => fail(text, operands));
  const make = (part: number): Tensor => {
    const type = typeOfPart(spec, infos, attrs, part);
    if (typeof type === "string") return fail(type, operands);
    const def = { kind: "op", op: opName, operands, attrs, ...(spec.parts ? { part } : {}) } as const;
    return { type, def, site };
  };
  if (!spec.parts) return make(0);
  return Array.from({ length: spec.parts(infos as never, attrs as never) }, (_, part) => make(part));
}

/** The declared type rule of one result, with the checks that hold for every op. */
export function typeOfPart(spec: OpSpec, infos: Infos, attrs: Attrs, part: number): TensorType | string {
  const type = spec.infer(infos as never, attrs as never, part);
  if (typeof type === "string") return type;
  if (type.shape.length > 5) return `the result ${show(type)} has rank ${type.shape.length}; Core ML allows 5`;
  const bad = type.shape.find((n) => !(Number.isSafeInteger(n) && n > 0));
  if (bad !== undefined) return `the result ${show(type)} has an axis of size ${bad}`;
  return { dtype: type.dtype, shape: type.shape };
}

type Operands = Readonly<Record<string, Tensor | readonly Tensor[]>>;
export type Infos = Readonly<Record<string, Info | readonly Info[]>>;

/** Applies `f` to every tensor of an operand record, lists included. */
export function mapOperands<X>(operands: Operands, f: (value: Tensor) => X): Record<string, X | readonly X[]> {
  return Object.fromEntries(Object.entries(operands).map(([key, x]) => [key, isList(x) ? x.map(f) : f(x)]));
}

const isList = (x: Tensor | readonly Tensor[]): x is readonly Tensor[] => Array.isArray(x);

/** What a type rule may know about a value. */
export function infoOf(value: Tensor): Info {
  const info = { ...value.type, constant: isConstant(value) };
  return value.def.kind === "const" ? { ...info, values: value.def.data } : info;
}

function resolveOperands(
  spec: OpSpec,
  given: Readonly<Record<string, unknown>>,
  fail: (text: string, seen?: Operands) => never,
): Operands {
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

/** Whether a value is known at compile time: a constant, a weight, or a constexpr op over such. */
export function isConstant(value: Tensor): boolean {
  const { def } = value;
  if (def.kind === "op") return def.op.startsWith("constexpr_");
  return def.kind === "const" || def.kind === "weight";
}

const isTensor = (x: unknown): x is Tensor => typeof x === "object" && x !== null && "def" in x && "type" in x;

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

const notesOf = (operands: Operands): readonly Note[] =>
  Object.entries(operands).flatMap(([key, x]) =>
    isList(x)
      ? x.map((value, i) => ({ label: `${key}[${i}]`, type: show(value.type), site: value.site }))
      : [{ label: key, type: show(x.type), site: x.site }],
  );
