/** Concrete data that keep the preconditions, for running both graphs in the interpreter. */

import type { Graph } from "../../../dsl/graph.ts";
import { schedule } from "../../../dsl/graph.ts";
import { roundTo } from "../../../dsl/number.ts";
import type { Role, Roles } from "../../../dsl/roles.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Twins } from "../../../dsl/twins.ts";
import { isFloat, sizeOf, type TensorType } from "../../../dsl/type.ts";
import { arrayOf, type NDArray, tabulate } from "../../interpret/array.ts";
import { type Bindings, evaluate, type Results } from "../../interpret/evaluate.ts";
import type { Precision } from "../../interpret/reading.ts";
import type { ProvenPair } from "../program/pair.ts";
import { MASKED_OUT } from "../rules/masked.ts";

/** The data of one run of both graphs. Arrays by name: inputs with rows (all tokens), states, and stored weights. */
export interface Sample {
  readonly arrays: ReadonlyMap<string, Float64Array>;
  /** Cache row of each token. */
  readonly rows: readonly number[];
  /** Other cache rows that every token sees. */
  readonly visible: readonly boolean[];
}

/** A stream of uniform numbers in [-1, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

const hashOf = (text: string): number =>
  [...text].reduce((h, ch) => Math.imul(h ^ ch.charCodeAt(0), 16777619), 2166136261);

/** Where an input, a state or a stored tensor has its numbers in a sample: names of two kinds may be the same. */
export const keyOfInput = (name: string): string => `input ${name}`;
export const keyOfState = (name: string): string => `state ${name}`;
export const keyOfWeight = (base: string): string => `weight ${base}`;

/** How the data of a sample are spread. */
export interface Style {
  /** Largest number fed as a row; weights are as usual. */
  readonly scale?: number;
  /** Largest number in a cache. */
  readonly stale?: number;
  /** Which cache rows the tokens write. */
  readonly rows?: "scattered" | "contiguous" | "first" | "last" | "falling";
  /** Which other cache rows the tokens see. */
  readonly visible?: "some" | "all" | "none";
}

/** Random data from a seed. */
export function sampleOf(pair: ProvenPair, seed: number, style: Style = {}): Sample {
  const { block, step, roles, placeOf } = pair;
  const { scale = 2, stale = 2 } = style;
  const arrays = new Map<string, Float64Array>();
  const fill = (key: string, n: number, dtype: TensorType["dtype"], largest: number) => {
    const next = uniform(seed ^ hashOf(key));
    const known = arrays.get(key)?.length ?? 0;
    arrays.set(
      key,
      Float64Array.from({ length: Math.max(n, known) }, () => elementOf(dtype, next() * largest)),
    );
  };
  for (const { value, role } of fedRows(block, roles)) {
    if (role.kind === "rows" || role.kind === "shared")
      fill(keyOfInput(nameOf(value)), sizeOf(value.type.shape), value.type.dtype, scale);
  }
  for (const { name, entry } of block.states) fill(keyOfState(name), sizeOf(entry.type.shape), entry.type.dtype, stale);
  for (const value of [...schedule(block), ...schedule(step)]) {
    if (value.def.kind !== "weight") continue;
    const { base, offset } = placeOf(value.def.source, value.type);
    const size = sizeOf(value.type.shape);
    const largest = Math.max(...value.type.shape) === size ? 1 : 0.6;
    fill(keyOfWeight(base), offset + size, value.type.dtype, largest);
  }
  const next = uniform(seed + 17);
  return {
    arrays,
    rows: rowsFor(pair, style.rows ?? "scattered", next),
    visible: Array.from({ length: pair.slots ?? 0 }, () => isVisible(style.visible, next())),
  };
}

const isVisible = (which: Style["visible"] = "some", x: number): boolean =>
  which === "all" || (which === "some" && x > -0.4);

const elementOf = (dtype: TensorType["dtype"], x: number): number =>
  roundTo(dtype, isFloat(dtype) ? x : Math.round(8 * x));
const nameOf = (x: Tensor): string => x.name ?? "";

const fedRows = (graph: Graph, roles: Roles) => graph.inputs.map((value) => ({ value, role: roles[nameOf(value)]! }));

/** Rows that follow each other where a graph is told the first token's position only, whatever was asked for. */
function rowsFor(
  { roles, tokens, slots = tokens }: Twins,
  asked: NonNullable<Style["rows"]>,
  next: () => number,
): readonly number[] {
  const single = Object.values(roles).some((role) => role.kind === "position" && role.tokenAxis === undefined);
  const from = (first: number) => Array.from({ length: tokens }, (_, t) => first + t);
  const shuffled = Array.from({ length: slots }, (_, i) => [next(), i] as const).sort((a, b) => a[0] - b[0]);
  const scattered = shuffled.slice(0, tokens).map(([, i]) => i);
  switch (asked) {
    case "first":
      return from(0);
    case "last":
      return from(slots - tokens);
    case "falling":
      if (!single) return scattered.sort((a, b) => b - a);
      break;
    case "scattered":
      if (!single) return scattered;
  }
  return from(Math.floor(((next() + 1) / 2) * (slots - tokens + 1)));
}

/** What the host feeds to a run of a graph that begins at token `first`. */
export function feeds(graph: Graph, pair: Twins, sample: Sample, first: number) {
  return Object.fromEntries(
    fedRows(graph, pair.roles).map(({ value, role }) => [nameOf(value), feed(value, role, pair.tokens, sample, first)]),
  );
}

function feed(value: Tensor, role: Role, tokens: number, { arrays, rows, visible }: Sample, first: number): NDArray {
  const { type } = value;
  const token = (ix: readonly number[], axis: number | undefined) => first + (axis === undefined ? 0 : ix[axis]!);
  const data = arrays.get(keyOfInput(nameOf(value)));
  switch (role.kind) {
    case "shared":
      return arrayOf(type.dtype, type.shape, data!);
    case "rows": {
      const inner = type.shape.slice(role.tokenAxis + 1).reduce((a, b) => a * b, 1);
      const own = type.shape[role.tokenAxis]!;
      return tabulate(type, (ix) => {
        const outer = ix.slice(0, role.tokenAxis).reduce((sum, i, axis) => sum * type.shape[axis]! + i, 0);
        const rest = ix
          .slice(role.tokenAxis + 1)
          .reduce((sum, i, k) => sum * type.shape[role.tokenAxis + 1 + k]! + i, 0);
        const all = own === 1 ? tokens : own;
        return data![(outer * all + token(ix, role.tokenAxis)) * inner + rest]!;
      });
    }
    case "position":
      return tabulate(type, (ix) => rows[token(ix, role.tokenAxis)]!);
    case "write_mask":
      return tabulate(type, (ix) => Number(rows[token(ix, role.tokenAxis)] === ix[role.slotAxis]!));
    case "mask":
      return tabulate(type, (ix) => {
        const owner = rows.indexOf(ix[role.slotAxis]!);
        const open = owner < 0 ? visible[ix[role.slotAxis]!]! : owner <= token(ix, role.tokenAxis);
        if (type.dtype === "bool") return Number(open);
        return open ? 0 : MASKED_OUT;
      });
  }
}

/** Results of the block and of its steps on one sample. */
export interface BothRuns {
  readonly block: Results;
  /** Results of the steps, in order; the last one holds the states at exit. */
  readonly steps: readonly Results[];
}

/** Runs the block once and the step once per token; `see` is shown every value on the way. */
export function runBoth(
  pair: ProvenPair,
  sample: Sample,
  precision: Precision,
  see: (value: Tensor, array: NDArray) => void = () => {},
): BothRuns {
  const { placeOf } = pair;
  const weight: Bindings["weight"] = (source, type) => {
    const { base, offset } = placeOf(source, type);
    return arrayOf(
      type.dtype,
      type.shape,
      sample.arrays.get(keyOfWeight(base))!.subarray(offset, offset + sizeOf(type.shape)),
    );
  };
  let states: Readonly<Record<string, NDArray>> = Object.fromEntries(
    pair.block.states.map(({ name, entry }) => [
      name,
      arrayOf(entry.type.dtype, entry.type.shape, sample.arrays.get(keyOfState(name))!),
    ]),
  );
  const call = (graph: Graph, first: number) => {
    const values = { ...feeds(graph, pair, sample, first), ...states };
    return evaluate(graph, { values, weight }, precision, see);
  };
  const block = call(pair.block, 0);
  const steps: Results[] = [];
  for (let t = 0; t < pair.tokens; t++) {
    const result = call(pair.step, t);
    steps.push(result);
    states = result.states;
  }
  return { block, steps };
}
