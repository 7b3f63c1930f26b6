/** What a run of both graphs says of their values: which are equal row by row. */
import { schedule } from "../../../../dsl/graph.ts";
import { tokenAxisOf } from "../../../../dsl/host/output-rows.ts";
import { operandsOf, type Tensor } from "../../../../dsl/tensor.ts";
import { FAR } from "../../logic/visible.ts";
import type { ProvenPair } from "../../program/pair.ts";
import type { Sample } from "../feeds.ts";
import { cacheRowsOf } from "../rows-for.ts";
import type { Fit, Judge, Twin } from "./descent.ts";
import { frontierOf } from "./frontier.ts";
import { type RowReading, rowReadings } from "./row-reading.ts";
import type { Runs } from "./runs.ts";

/** Relative difference that another order of summation does not make in fp64. */
const NOISE = 1e-9;

interface Compared {
  readonly fit: Fit;
  readonly shows: boolean;
}

/** Judges by a run in fp64 on a sample that is no special case: random, and nothing of it made zero. */
export function byRuns(pair: ProvenPair, sample: Sample, runs: Runs): Judge {
  const { tokens, block, step } = pair;
  const exits = new Map(block.states.map(({ name, exit }) => [exit, step.states.find((x) => x.name === name)?.exit]));
  const values = { block: schedule(block), step: schedule(step) };
  const remembering = rememberingOf(values.block);
  const remembers = (value: Tensor): boolean => remembering.has(value);
  const later = laterRows(pair, sample);
  const known = new Map<Tensor, Map<Tensor, Compared>>();
  const compared = (twin: Twin): Compared => {
    const own = known.get(twin.block) ?? new Map<Tensor, Compared>();
    known.set(twin.block, own);
    const found = own.get(twin.step) ?? compare(twin);
    own.set(twin.step, found);
    return found;
  };
  const compare = ({ block: v, step: w }: Twin): Compared => {
    const readings = rowReadings(v.type.shape, w.type.shape, tokens);
    const of = (reading: RowReading): Compared => {
      const ignored = remembers(v) ? later(v, reading) : undefined;
      return compareRows(reading, runs.get(v)![0]!.data, callsOf(runs, w, tokens), ignored);
    };
    const all = readings.map(of);
    const best = (["equal", "later", "differs"] as const).find((fit) => all.some((x) => x.fit === fit));
    return all.find((x) => x.fit === best) ?? { fit: "unlike", shows: false };
  };
  const met = new Map<Tensor, boolean>();
  const judge: Omit<Judge, "frontier"> = {
    met(value) {
      const found =
        met.get(value) ??
        values.step.some((w) => w.def.kind === "op" && compared({ block: value, step: w }).fit === "equal");
      met.set(value, found);
      return found;
    },
    fit: (twin) => compared(twin).fit,
    shows: (twin) => compared(twin).shows,
    remembers,
    tells: ({ block: v, step: w }) => tokenAxisOf(v, w, tokens) !== undefined || exits.get(v) === w,
  };
  return { ...judge, frontier: (twin) => frontierOf(judge, values, twin) };
}

/** A value without rows of its own, such as a weight, is seen once a call all the same. */
const callsOf = (runs: Runs, value: Tensor, tokens: number): readonly Float64Array[] => {
  const arrays = runs.get(value)!;
  return Array.from({ length: tokens }, (_, t) => arrays[Math.min(t, arrays.length - 1)]!.data);
};

/** Whether an element of the block's array has to do with the row of a later token than the one whose call it is. */
type Later = (token: number, place: number) => boolean;

function compareRows(
  { place }: RowReading,
  block: Float64Array,
  calls: readonly Float64Array[],
  later: Later | undefined,
): Compared {
  let fit: Fit = "equal";
  let shows = false;
  for (const [token, call] of calls.entries()) {
    for (let k = 0; k < call.length; k++) {
      const at = place(token, k);
      const [a, b] = [block[at]!, call[k]!];
      if (Object.is(a, b) || Math.abs(a - b) <= NOISE * (1 + Math.abs(b))) continue;
      if (!later?.(token, at)) return { fit: "differs", shows };
      fit = "later";
      shows ||= Math.max(a, b) > FAR;
    }
  }
  return { fit, shows };
}

/** An index along an axis as long as the cache counts as a cache row, since nothing says that it is none. */
function laterRows(pair: ProvenPair, sample: Sample): (value: Tensor, reading: RowReading) => Later | undefined {
  const { slots } = pair;
  const tokenOf = new Map(cacheRowsOf(pair, sample.rows).map((row, token) => [row, token]));
  return ({ type: { shape } }, { axis: own }) => {
    const axes = shape.flatMap((n, axis) => (n === slots && axis !== own ? [axis] : []));
    if (axes.length === 0) return undefined;
    const inner = axes.map((axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    return (token, place) =>
      inner.some((stride, k) => (tokenOf.get(Math.floor(place / stride) % shape[axes[k]!]!) ?? -1) > token);
  };
}

/** Those of all values, operands before users, that depend on a state. */
function rememberingOf(order: readonly Tensor[]): ReadonlySet<Tensor> {
  const found = new Set<Tensor>();
  for (const value of order) {
    const { def } = value;
    if (def.kind === "state" || (def.kind === "op" && operandsOf(def).some((x) => found.has(x)))) found.add(value);
  }
  return found;
}
