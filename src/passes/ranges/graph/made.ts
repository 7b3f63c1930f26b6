/** What elements are made of, beyond their intervals: a vector in a ball times its gain, products of rows of a matrix with it, products of two of these. */
import type { Rows } from "./lemmas.ts";
import type { Numbers } from "./numbers.ts";

/** Vectors u of a ball, one a column; two values that are made of one of them have the same `ball`. */
interface OfBall {
  readonly ball: object;
  /** By element, which of the vectors. */
  readonly column: Int32Array;
  /** By vector, ‖u‖₂. */
  readonly radius: Numbers;
  /** By element, what is added at most to what the kind says. */
  readonly rest: Float64Array;
}

/** |x| ≤ |gᵢuᵢ| + rest; and x itself is ±gᵢuᵢ for a vector u of the ball, up to rest. */
export interface Scaled extends OfBall {
  readonly kind: "scaled";
  readonly index: Int32Array;
  readonly gain: Float64Array;
}

/** |x| ≤ factor · |⟨aᵣ, u⟩| + rest. */
export interface Projected extends OfBall {
  readonly kind: "projected";
  readonly rows: Rows;
  readonly row: Int32Array;
  readonly factor: number;
}

/** |x| ≤ factor · |⟨aᵣ, u⟩ ⟨b_q, u⟩| + rest. */
export interface Joint extends OfBall {
  readonly kind: "joint";
  readonly first: Rows;
  readonly second: Rows;
  readonly row: Int32Array;
  readonly other: Int32Array;
  readonly factor: number;
}

/** One of them. */
export type Made = Scaled | Projected | Joint;

/** After a rounding of elements by `relative` and `least`. */
export function roundedMade(made: Made, relative: number, least: number): Made {
  const rest = made.rest.map((x) => x * (1 + relative) + least);
  return made.kind === "scaled"
    ? { ...made, ball: {}, radius: Float64Array.from(made.radius, (x) => x * (1 + relative)), rest }
    : { ...made, factor: made.factor * (1 + relative), rest };
}

/** Of elements that were moved from these places. */
export function madeAt(made: Made, places: Int32Array): Made {
  const int = (from: Int32Array): Int32Array => Int32Array.from(places, (at) => from[at]!);
  const common = { column: int(made.column), rest: Float64Array.from(places, (at) => made.rest[at]!) };
  switch (made.kind) {
    case "scaled":
      return { ...made, ...common, index: int(made.index) };
    case "projected":
      return { ...made, ...common, row: int(made.row) };
    case "joint":
      return { ...made, ...common, row: int(made.row), other: int(made.other) };
  }
}
