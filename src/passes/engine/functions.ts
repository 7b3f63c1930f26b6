/** What the engine makes of a function of one number: a point, and bounds where its bits are not on record. */
import { erf } from "../interpret/reading.ts";
import { fittedTable } from "./fitted.ts";
import { decoded, halfAbove, halfAway, halfBelow } from "./half-away.ts";
import { anything, exactly, hull, isExact, type Spread } from "./spread.ts";
import { between, cosine, erfPoint, exp, inverse, log, rsqrt, SIGMOID, sine, sqrt, tanh } from "./tables.ts";

/** A function of one fp16, and `epsilon` where its op has one. */
export interface EngineFunction {
  at(x: number, epsilon: number): Spread;
  /** Where it changes from rising to falling or has a pole, but for epsilon; "everywhere" where that is too often to look at. */
  readonly turns: readonly number[] | "everywhere";
}

/** What a function makes of all that lies between the ends of a spread. */
export function applied({ at, turns }: EngineFunction, x: Spread, epsilon: number): Spread {
  const own = at(x.point, epsilon);
  if (isExact(x)) return own;
  if (turns === "everywhere") return hull(own, EVERY_WAVE);
  // Behind a pole at 0 the function is looked at on both sides of it.
  const inside = turns.map((turn) => turn - epsilon).filter((turn) => turn > x.low && turn < x.high);
  return hull(own, ...[x.low, x.high, ...inside].map((y) => at(y, epsilon)));
}

const EVERY_WAVE: Spread = { point: 0, low: -1.001, high: 1.001 };

const known = (f: (x: number, epsilon: number) => number, turns: readonly number[] = []): EngineFunction => ({
  at: (x, epsilon) => exactly(f(x, epsilon)),
  turns,
});

/** The engine's own answer below 0 is not on record. */
const above0 = (f: (x: number, epsilon: number) => number): EngineFunction => ({
  at: (x, epsilon) => (decoded(x) + epsilon >= 0 ? exactly(f(x, epsilon)) : anything(Number.NaN)),
  turns: [],
});

/** A point of which the recorded worst distance from the real function is known. */
const within = (
  engine: (x: number) => number,
  real: (x: number) => number,
  worst: number,
  turns: EngineFunction["turns"],
): EngineFunction => ({
  at: (x) => {
    const [point, exact] = [engine(decoded(x)), real(decoded(x))];
    return { point, low: Math.min(point, halfBelow(exact - worst)), high: Math.max(point, halfAbove(exact + worst)) };
  },
  turns,
});

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const silu = (x: number): number => x * logistic(x);
const gelu = (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2));
/** Where silu and gelu are least. */
const [SILU_LEAST, GELU_LEAST] = [-1.278464542761, -0.751791524694];

/** Inside its table the bits are known; outside it runs straight to the asymptote, how fast is not known exactly. */
const sigmoid: EngineFunction = {
  at: (x) => {
    const v = decoded(x);
    if (Math.abs(v) <= 8) return exactly(between(SIGMOID, v));
    const [point, last] = [halfAway(logistic(v)), between(SIGMOID, 8 * Math.sign(v))];
    return v > 0 ? { point, low: last, high: 1 } : { point, low: 0, high: last };
  },
  turns: [],
};

/** 1/(x + epsilon) has no bounds where x + epsilon may be 0. */
const reciprocal: EngineFunction = {
  at: (x, epsilon) => {
    const y = inverse(x, epsilon);
    return Number.isFinite(y) ? exactly(y) : anything(y);
  },
  turns: [0],
};

/**
 * Half is added in fp16 and the rest cut off, so that 1024 becomes 1025 (sbryngelson/ANEForge, pull request 116: M5). That was not measured
 * on M4 and M6: the whole numbers on both sides of it are its bounds.
 */
const nearestWhole: EngineFunction = {
  at: (x) => {
    const v = decoded(x);
    const point = Math.sign(v) * Math.floor(halfAway(Math.abs(v) + 0.5));
    const [below, above] = [Math.floor(v), Math.floor(v + 0.5)];
    const low = v - below <= 0.5 ? below : above;
    return { point, low: Math.min(low, point), high: Math.max(above, point) };
  },
  turns: [],
};

/** Exact by inference alone (K, f3_lut_m6: no table); its bounds are a whole number to both sides, as far as `round` was seen to be off. */
const wholeBelow: EngineFunction = {
  at: (x) => {
    const point = halfAway(Math.floor(decoded(x)));
    return { point, low: Math.min(point, halfBelow(point - 1)), high: Math.max(point, halfAbove(point + 1)) };
  },
  turns: [],
};

/** A table has words of its own for infinities and NaNs, and what they stand for is not on record. */
const ofFinite = (f: EngineFunction): EngineFunction => ({
  ...f,
  at: (x, epsilon) => {
    const own = f.at(x, epsilon);
    return Number.isFinite(halfAway(x + epsilon)) ? own : anything(halfAway(own.point));
  },
});

/** Every function on record, by the name of the op. Made for each use: the fitted tables take a moment. */
export function engineFunctions(): ReadonlyMap<string, EngineFunction> {
  const [geluTable, siluTable] = [fittedTable(gelu, 4), fittedTable(silu, 8)];
  const geluPoint = (x: number): number => (x < -4 ? 0 : x > 4 ? x : between(geluTable, x));
  const siluPoint = (x: number): number => (Math.abs(x) > 8 ? halfAway(silu(x)) : between(siluTable, x));
  const tables: readonly (readonly [op: string, f: EngineFunction])[] = [
    ["tanh", known(tanh)],
    ["exp", known(exp)],
    ["log", above0(log)],
    ["sqrt", above0(sqrt)],
    ["rsqrt", above0(rsqrt)],
    ["inverse", reciprocal],
    ["round", nearestWhole],
    ["floor", wholeBelow],
    ["sigmoid", sigmoid],
    // The recorded worst errors (6.16e-3, 1.49e-2, 8.6e-4, 6.3e-4), with room for knots that the fit misses at the ends.
    ["gelu", within(geluPoint, gelu, 6.4e-3, [GELU_LEAST])],
    ["silu", within(siluPoint, silu, 1.6e-2, [SILU_LEAST])],
    ["erf", within(erfPoint, erf, 9.4e-4, [])],
    ["sin", within(sine, Math.sin, 6.4e-4, "everywhere")],
    ["cos", within(cosine, Math.cos, 6.4e-4, "everywhere")],
  ];
  return new Map([
    ["abs", known((x) => Math.abs(halfAway(decoded(x))), [0])],
    ["square", known((x) => halfAway(decoded(x) ** 2), [0])],
    ...tables.map(([op, f]) => [op, ofFinite(f)] as const),
  ]);
}
