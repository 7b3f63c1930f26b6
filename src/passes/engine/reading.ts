/**
 * The engine as a reading of an op's meaning. Where the record fixes an op's bits the spread is its point; sums whose order is not on
 * record are bounded over every order with fp16 partial sums.
 */
import type { Algebra } from "../../dsl/algebra.ts";
import { roundTo } from "../../dsl/number.ts";
import { type DType, isFloat } from "../../dsl/type.ts";
import { placesInOrder } from "../interpret/order.ts";
import { indexArithmetic, numericReading } from "../interpret/reading.ts";
import { applied, type EngineFunction } from "./functions.ts";
import { decoded, halfAbove, halfAway, halfBelow } from "./half-away.ts";
import { anything, exactly, hull, isExact, type Spread } from "./spread.ts";
import { inverse } from "./tables.ts";

/** A reading in spreads of fp16; indices are numbers. */
export type EngineReading = Algebra<Spread, number>;

/** A spread whose ends are a monotone function of other ends. */
const monotone = (f: (a: number, b: number) => number, a: Spread, b: Spread): Spread => ({
  point: f(decoded(a.point), decoded(b.point)),
  low: f(decoded(a.low), decoded(b.low)),
  high: f(decoded(a.high), decoded(b.high)),
});

/** Of decoded numbers; what an infinity was taken for leaves as one. */
const larger = (a: number, b: number): number => halfAway(Math.max(a, b));
const smaller = (a: number, b: number): number => halfAway(Math.min(a, b));

/** a + b, rounded as the elementwise unit does it. */
export const added = (a: Spread, b: Spread): Spread => monotone((x, y) => halfAway(x + y), a, b);

const negated = ({ point, low, high }: Spread): Spread => ({ point: -point, low: -high, high: -low });

function multiplied(a: Spread, b: Spread): Spread {
  const times = (x: number, y: number): number => halfAway(decoded(x) * decoded(y));
  const corners = [times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)];
  return { point: times(a.point, b.point), low: Math.min(...corners), high: Math.max(...corners) };
}

/** Read as a product with the reciprocal; up to two units of the last place from it. */
function divided(a: Spread, b: Spread): Spread {
  const point = halfAway(decoded(a.point) * decoded(inverse(b.point, 0)));
  const isKnown = [b.point, b.low, b.high].every(Number.isFinite);
  if (!isKnown || (b.low <= 0 && b.high >= 0)) return anything(point);
  const ends = [b.low, b.high].map((x) => inverse(x, 0));
  const { low, high } = multiplied(a, { point: ends[0]!, low: Math.min(...ends), high: Math.max(...ends) });
  const [down, up] = [halfBelow(low - ulps(low, 2)), halfAbove(high + ulps(high, 2))];
  return { point, low: Math.min(down, point), high: Math.max(up, point) };
}

const ulps = (x: number, n: number): number => (Number.isFinite(x) ? n * (Math.abs(x) * 2 ** -10 + 2 ** -24) : 0);

/** Every order of addition with fp16 partial sums: each of n − 1 additions is off by half a unit of the largest partial sum at most. */
function summed(n: number, term: (k: number) => Spread): Spread {
  let [point, low, high, most] = [0, 0, 0, 0];
  let isKnown = true;
  for (let k = 0; k < n; k++) {
    const t = term(k);
    const [lowest, highest] = [decoded(t.low), decoded(t.high)];
    point = halfAway(decoded(point) + decoded(t.point));
    low += lowest;
    high += highest;
    most += Math.max(Math.abs(lowest), Math.abs(highest));
    isKnown &&= isExact(t);
  }
  if (n === 1 && isKnown) return exactly(point);
  const largest = most * (1 + 2 ** -11) ** (n - 1);
  if (largest >= 65520) return anything(point);
  const off = (n - 1) * (largest * 2 ** -11 + 2 ** -25);
  return { point, low: Math.min(point, halfBelow(low - off)), high: Math.max(point, halfAbove(high + off)) };
}

const chosen = (n: number, term: (k: number) => Spread, pick: (a: number, b: number) => number): Spread => {
  let best = term(0);
  for (let k = 1; k < n; k++) best = monotone(pick, best, term(k));
  return best;
};

/** 1 or 0 where all numbers of both spreads say so. */
function compared(how: "less" | "less_equal" | "equal", a: Spread, b: Spread): Spread {
  const ask = (x: number, y: number) => Number(how === "less" ? x < y : how === "equal" ? x === y : x <= y);
  const point = ask(a.point, b.point);
  const apart = a.high < b.low || b.high < a.low;
  const sure = (a.low === a.high && b.low === b.high) || apart;
  const always = how === "less_equal" && a.high <= b.low;
  return sure || always ? exactly(point) : { point, low: 0, high: 1 };
}

/** Functions that are not on record. */
const offRecord = numericReading("fp64", false);

/** The engine's reading of what is not a sum of products. */
export const engineReading = (functions: ReadonlyMap<string, EngineFunction>): EngineReading => ({
  ...indexArithmetic,
  indexOf: (s, size) => indexArithmetic.indexOf(s.point, size),
  piece: indexArithmetic.piece as unknown as EngineReading["piece"],
  within: indexArithmetic.within as unknown as EngineReading["within"],
  scalar: exactly,
  num: (value) => exactly(halfAway(value)),
  add: added,
  sub: (a, b) => added(a, negated(b)),
  mul: multiplied,
  div: divided,
  maximum: (a, b) => monotone(larger, a, b),
  minimum: (a, b) => monotone(smaller, a, b),
  pow: (a, b) => anything(halfAway(a.point ** b.point)),
  unary: (f, a) => {
    const onRecord = functions.get(f);
    return onRecord ? applied(onRecord, a, 0) : anything(halfAway(offRecord.unary(f, decoded(a.point))));
  },
  compare: compared,
  select: (cond, yes, no) => {
    if (isExact(cond)) return cond.point !== 0 ? yes() : no();
    return cond.point !== 0 ? hull(yes(), no()) : hull(no(), yes());
  },
  round: (dtype: DType, a) => {
    const f = dtype === "fp16" ? halfAway : isFloat(dtype) ? (x: number) => x : (x: number) => roundTo(dtype, x);
    return { point: f(a.point), low: f(a.low), high: f(a.high) };
  },
  sum: summed,
  sorted: ({ gives, descending }, n, at, element) => {
    const elements = Array.from({ length: n }, (_, k) => element(k));
    const points = elements.map((x) => decoded(x.point));
    const place = placesInOrder(points, descending)[at]!;
    if (elements.every(isExact)) return gives === "place" ? exactly(place) : elements[place]!;
    return gives === "place" ? { point: place, low: 0, high: n - 1 } : hull(elements[place]!, ...elements);
  },
  ownOrder: (_op, _at, { point }) => anything(point),
  max: (n, term) => chosen(n, term, larger),
  min: (n, term) => chosen(n, term, smaller),
});
