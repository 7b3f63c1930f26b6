/** conv, linear, matmul and einsum on the engine's accumulator. */
import type { Algebra, Read } from "../../dsl/algebra.ts";
import { meaningOf } from "../../dsl/meaning.ts";
import type { OpDef, Tensor } from "../../dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../dsl/type.ts";
import { indexArithmetic } from "../interpret/reading.ts";
import { type Estimate, estimateOf, indicesOf, placeOf, spreadAt } from "./estimate.ts";
import { decoded } from "./half-away.ts";
import { accumulate, LIMIT, leaving, productOf, startOf } from "./multiply-add.ts";
import { exactly, isExact, type Spread } from "./spread.ts";

/** Products of one element of the result, in the order in which the meaning adds them, in units of the last place. */
export interface Products<S> {
  readonly products: S[];
  bias: S | undefined;
}

/** What stands for a product or a sum of them: they are told by what they leave behind in `Products`. */
const NOTHING = Symbol("nothing");

/**
 * The meaning of an op that only adds products up, asked for one element after the other in row-major order; what is given is used again.
 * Everything it multiplies goes to the accumulator; what it adds behind that is its bias, from which the engine starts.
 */
export function* productsOf<S>(
  def: OpDef,
  type: TensorType,
  read: (x: Tensor) => Read<S, number>,
  times: (a: S, b: S) => S,
): Generator<Products<S>> {
  const sum: Products<S> = { products: [], bias: undefined };
  const reading: Algebra<S, number> = collecting(sum, times);
  const element = meaningOf(reading, def, type, read);
  for (const ix of indicesOf(type.shape)) {
    sum.products.length = 0;
    sum.bias = undefined;
    element(ix);
    yield sum;
  }
}

/** The op on points and their ends. */
export function productOp(def: OpDef, type: TensorType, operand: (x: Tensor) => Estimate): Estimate {
  const each = productsOf(def, type, (x) => readOf(operand(x)), multiplied);
  return estimateOf(type, sizeOf(type.shape), () => accumulated(each.next().value!));
}

function readOf(array: Estimate): Read<Spread, number> {
  const place = placeOf(array.shape);
  return { shape: array.shape, dtype: array.dtype, at: (...ix) => spreadAt(array, place(ix)) };
}

/** What the accumulator gives: its point in the order of the products; its ends in any order. */
function accumulated({ products, bias }: Products<Spread>): Spread {
  const start = bias ? ends(bias, startOf) : exactly(0);
  let point = accumulate(0, start.point);
  let [low, high, fallen, risen] = [start.low, start.high, Math.min(start.low, 0), Math.max(start.high, 0)];
  for (const q of products) {
    point = accumulate(point, q.point);
    low += q.low;
    high += q.high;
    fallen += Math.min(q.low, 0);
    risen += Math.max(q.high, 0);
  }
  // Whether a sum passes the limit on the way depends on the order, unless it cannot even with all of one sign.
  return {
    point: leaving(point) + 0,
    low: fallen <= -LIMIT ? Number.NEGATIVE_INFINITY : Math.min(leaving(low), leaving(point)) + 0,
    high: risen >= LIMIT ? Number.POSITIVE_INFINITY : Math.max(leaving(high), leaving(point)) + 0,
  };
}

const ends = ({ point, low, high }: Spread, f: (x: number) => number): Spread => ({
  point: f(point),
  low: f(low),
  high: f(high),
});

function multiplied(a: Spread, b: Spread): Spread {
  const point = productOf(decoded(a.point), decoded(b.point));
  if (isExact(a) && isExact(b)) return exactly(point);
  const [xs, ws] = [
    [decoded(a.low), decoded(a.high)],
    [decoded(b.low), decoded(b.high)],
  ];
  const corners = xs.flatMap((x) => ws.map((w) => productOf(x, w)));
  return { point, low: Math.min(...corners), high: Math.max(...corners) };
}

const refused = (): never => {
  throw new Error("an op with the trait product does something else than to add products up");
};

/** A reading that notes products and the bias instead of adding them up. */
function collecting<S>(sum: Products<S>, times: (a: S, b: S) => S): Algebra<S, number> {
  const nothing = NOTHING as S;
  return {
    ...indexArithmetic,
    indexOf: refused,
    piece: indexArithmetic.piece as never,
    within: indexArithmetic.within as never,
    scalar: refused,
    // What padding adds.
    num: (value) => (value === 0 ? nothing : refused()),
    mul(a, b) {
      if (a !== nothing && b !== nothing) sum.products.push(times(a, b));
      return nothing;
    },
    add(a, b) {
      if (a !== nothing || sum.bias !== undefined) return refused();
      sum.bias = b;
      return nothing;
    },
    sum(n, term) {
      for (let k = 0; k < n; k++) if (term(k) !== nothing) return refused();
      return nothing;
    },
    round: (_, a) => a,
    sub: refused,
    div: refused,
    maximum: refused,
    minimum: refused,
    pow: refused,
    unary: refused,
    compare: refused,
    select: refused,
    sorted: refused,
    ownOrder: (_op, _at, value) => value,
    max: refused,
    min: refused,
  };
}
