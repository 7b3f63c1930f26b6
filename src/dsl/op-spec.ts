/** What the declaration of an op consists of. op.ts makes values by it, `meaningOf` reads its meaning. */
import type { Algebra, Index, Read, Scalar } from "./algebra.ts";
import type { AttrSpecs, AttrValues } from "./attr.ts";
import type { Trait } from "./traits.ts";
import type { DType, TensorType } from "./type.ts";

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
/** The operands of an op by name, in the order of the call. */
export type OperandSpecs = Readonly<Record<string, OperandSpec>>;

/** What a type rule sees of an operand: its type, and its elements where they are known at compile time. */
export interface Info extends TensorType {
  readonly values?: ArrayLike<number>;
  /** Whether it is known at compile time; a weight is, though its elements are not at hand. */
  readonly constant?: boolean;
}

/** The same by operand name; a list operand has a list. */
export type Infos = Readonly<Record<string, Info | readonly Info[]>>;

/** Operands and attributes by name, as the author or a file gives them. */
export type Given = Readonly<Record<string, unknown>>;

type Each<O extends OperandSpecs, X> = {
  readonly [K in keyof O]: O[K] extends { list: true }
    ? readonly X[]
    : O[K] extends { optional: true }
      ? X | undefined
      : X;
};

/** All that is declared about an op: its operands and attributes, type rule, meaning, documentation and traits. */
export interface OpSpec<O extends OperandSpecs = OperandSpecs, A extends AttrSpecs = AttrSpecs> {
  /** The formula, as it appears in docs/ops.md. */
  readonly doc: string;
  readonly operands: O;
  readonly attrs: A;
  /** False for ops that only move or choose elements. All others round each element of the result once, to its dtype. */
  readonly rounds?: false;
  /** Facts that passes decide by, see `TRAITS`; none when absent. */
  readonly traits?: readonly Trait[];
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
