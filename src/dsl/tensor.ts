/** The values a graph is made of: immutable, reached from the graph's outputs and states. */
import { GraphError } from "./error.ts";
import { namedTypeGiven, refuseAt, shapeGiven, tensorGiven } from "./given/tensors.ts";
import { choiceGiven, nameGiven, optionsGiven, shown } from "./given/values.ts";
import { integerRange, roundTo } from "./number.ts";
import type { DeclaredRole } from "./role.ts";
import { nowhere, type Site, siteOf } from "./site.ts";
import type { Trait } from "./traits.ts";
import { DTYPES, type DType, isInteger, type Shape, show, sizeOf, type TensorType } from "./type.ts";
import type { Joined, RowScale, WeightSource } from "./weight-source.ts";

/**
 * One value of a graph. `S` and `D` are literal types wherever TypeScript can carry them; `type` always tells the
 * truth at run time.
 */
export interface Tensor<out S extends Shape = Shape, out D extends DType = DType> {
  readonly type: TensorType<S, D>;
  readonly def: Def;
  /** A name the author gave, such as `q.rope`; it becomes the MIL name. */
  readonly name?: string;
  readonly site: Site;
}

/** How a value comes to be. A closed union: every reader of graphs handles these five and nothing else. */
export type Def =
  /** `role` is what the author says of it; a package does not hold it. */
  | { readonly kind: "input"; readonly name: string; readonly role?: DeclaredRole }
  /** The contents of a state at entry; what it holds at exit is in `Graph.states`. */
  | { readonly kind: "state"; readonly name: string }
  | { readonly kind: "weight"; readonly source: WeightSource }
  /** Elements in row-major order, each already a value of the tensor's dtype. */
  | { readonly kind: "const"; readonly data: ArrayLike<number> }
  | OpDef;

/** A value that an op computes. */
export interface OpDef {
  readonly kind: "op";
  /** The MIL name. */
  readonly op: string;
  /** Those of its declaration. */
  readonly traits: readonly Trait[];
  /** By operand name. A list operand (`values` of concat) holds an array; an absent optional one has no key. */
  readonly operands: Readonly<Record<string, Tensor | readonly Tensor[]>>;
  /** Every attribute of the op, defaults filled in, in the order of the declaration. */
  readonly attrs: Attrs;
  /** Which of the results this value is, for an op with several (split). */
  readonly part?: number;
}

/** A literal that the graph holds; which kind it is, the op's declaration says. */
export type AttrValue = number | boolean | string | readonly number[] | readonly boolean[];
/** Attributes of a value by MIL name. */
export type Attrs = Readonly<Record<string, AttrValue>>;

/** What an author may say of an input beyond its type. */
export interface InputOptions {
  /**
   * What the host feeds: `"mask"`, `"position"`, …, with axes where they are not the usual ones, as in
   * `{ kind: "mask", tokenAxis: 3, slotAxis: 1 }`. Without it the role is taken from the name or the shape.
   */
  readonly role?: DeclaredRole;
}

/** A graph input, fed at every call. @throws GraphError where the name is no text, or the type none */
export function input<const S extends Shape, D extends DType = "fp16">(
  name: string,
  shape: S,
  dtype: D = "fp16" as D,
  options: InputOptions = {},
): Tensor<S, D> {
  const no = refuseAt("input", input);
  namedTypeGiven(name, shape, dtype, no);
  const { role } = optionsGiven(options, "input", ["role"], no) as InputOptions;
  const def = { kind: "input", name, ...(role === undefined ? {} : { role }) } as const;
  return { type: { dtype, shape }, def, name, site: siteOf(input) };
}

/** What a state holds at entry. States are fp16, as Core ML demands. @throws GraphError where the name is no text, or the shape none */
export function state<const S extends Shape>(name: string, shape: S): Tensor<S, "fp16"> {
  namedTypeGiven(name, shape, "fp16", refuseAt("state", state));
  return { type: { dtype: "fp16", shape }, def: { kind: "state", name }, name, site: siteOf(state) };
}

/** Which part of a stored matrix a weight is, in its own rows and columns; `transpose` comes last. */
export type WeightOptions = Omit<Extract<WeightSource, { from: "checkpoint" }>, "from" | "tensor" | "joined">;

/**
 * A weight of the checkpoint, as fp16 of the given shape; rows, columns and transform pick it out of the stored
 * matrix first. The shape may split or merge axes of the stored one but not reorder elements.
 * @throws GraphError where the name is no text, the shape none, or an option unknown
 */
export function weight<const S extends Shape>(
  tensor: string,
  shape: S,
  options: WeightOptions = {},
): Tensor<S, "fp16"> {
  const no = refuseAt("weight", weight);
  namedTypeGiven(tensor, shape, "fp16", no);
  optionsGiven(options, "weight", ["rows", "columns", "transform", "scaled", "quantised"], no);
  const source: WeightSource = { from: "checkpoint", tensor, ...options };
  return { type: { dtype: "fp16", shape }, def: { kind: "weight", source }, site: siteOf(weight) };
}

/** A weight out of tensors that are one matrix; `weight` is for a single tensor. */
export function joinedWeight<const S extends Shape>(
  joined: Joined,
  shape: S,
  rows?: readonly [begin: number, end: number],
  scaled?: RowScale,
): Tensor<S, "fp16"> {
  const part = { ...(rows ? { rows } : {}), ...(scaled ? { scaled } : {}) };
  const source: WeightSource = { from: "checkpoint", tensor: joined[0]!.tensor, joined, ...part };
  return { type: { dtype: "fp16", shape }, def: { kind: "weight", source }, site: siteOf(joinedWeight) };
}

/**
 * A small constant; its elements are rounded to `dtype`.
 * @throws GraphError for what are no numbers, no shape or no type, and where an integer type cannot hold one of them: wrapped it would
 * be another number.
 */
export function constant<const S extends Shape, D extends DType = "fp16">(
  data: ArrayLike<number>,
  shape: S,
  dtype: D = "fp16" as D,
): Tensor<S, D> {
  const no = refuseAt("constant", constant);
  const site = siteOf(constant);
  shapeGiven(shape, no);
  choiceGiven(dtype, "the element type", DTYPES, no);
  if (!isNumbers(data)) no(`its numbers must be an array of numbers, not ${shown(data)}`);
  const type = { dtype, shape };
  if (data.length !== sizeOf(shape)) {
    throw new GraphError(`constant: ${data.length} numbers for ${show(type)}, which has ${sizeOf(shape)}`, site);
  }
  const lost = isInteger(dtype) ? Array.from(data).find((x) => !isWithin(x, integerRange(dtype))) : undefined;
  if (lost !== undefined) throw new GraphError(`constant: ${lost} is no ${dtype}`, site);
  return constantOf(
    Array.from(data, (x) => roundTo(dtype, x)),
    type,
    site,
  );
}

/** Numbers of an array, whole ones of 64 bits left out: a tensor has none such. */
function isNumbers(data: unknown): data is ArrayLike<number> {
  if (ArrayBuffer.isView(data))
    return !(data instanceof DataView || data instanceof BigInt64Array || data instanceof BigUint64Array);
  return Array.isArray(data) && Array.from(data).every((x) => typeof x === "number");
}

const isWithin = (x: number, [least, most]: readonly [number, number]): boolean =>
  Math.trunc(x) >= least && Math.trunc(x) <= most;

/** A constant of numbers that are already elements of the type. */
export function constantOf<S extends Shape, D extends DType>(
  data: ArrayLike<number>,
  type: TensorType<S, D>,
  site: Site = nowhere,
): Tensor<S, D> {
  return { type, def: { kind: "const", data }, site };
}

/** The same value under a readable name. Give it at once, before the value is used. @throws GraphError for what is no name or no value */
export function named<T extends Tensor>(name: string, value: T): T {
  const no = refuseAt("named", named);
  nameGiven(name, "the name", no);
  tensorGiven(value, "what is named", no);
  return { ...value, name };
}

/** The tensors an op value reads, in operand order. */
export function operandsOf(def: OpDef): readonly Tensor[] {
  const all: Tensor[] = [];
  for (const operand of Object.values(def.operands)) {
    if ("type" in operand) all.push(operand);
    else for (const x of operand) all.push(x);
  }
  return all;
}
