/** Concrete data that keep the preconditions, for running both graphs in the interpreter. */

import type { Graph } from "../../../dsl/graph.ts";
import { schedule } from "../../../dsl/graph.ts";
import { roundTo } from "../../../dsl/number.ts";
import type { Role, Roles } from "../../../dsl/role.ts";
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

/** Random data from a seed. */
export function sampleOf(pair: ProvenPair, seed: number): Sample {
  const { block, step, roles, placeOf } = pair;
  const arrays = new Map<string, Float64Array>();
  const fill = (name: string, n: number, dtype: TensorType["dtype"], scale: number) => {
    const next = uniform(seed ^ hashOf(name));
    const known = arrays.get(name)?.length ?? 0;
    arrays.set(
      name,
      Float64Array.from({ length: Math.max(n, known) }, () => elementOf(dtype, next() * scale)),
    );
  };
  for (const { value, role } of fedRows(block, roles)) {
    if (role.kind === "rows" || role.kind === "shared")
      fill(nameOf(value), sizeOf(value.type.shape), value.type.dtype, 2);
  }
  for (const { name, entry } of block.states) fill(name, sizeOf(entry.type.shape), "fp16", 2);
  for (const value of [...schedule(block), ...schedule(step)]) {
    if (value.def.kind !== "weight") continue;
    const { base, offset } = placeOf(value.def.source, value.type);
    const size = sizeOf(value.type.shape);
    fill(base, offset + size, value.type.dtype, Math.max(...value.type.shape) === size ? 1 : 0.6);
  }
  const next = uniform(seed + 17);
  return {
    arrays,
    rows: rowsFor(pair, next),
    visible: Array.from({ length: pair.slots ?? 0 }, () => next() > -0.4),
  };
}

const elementOf = (dtype: TensorType["dtype"], x: number): number =>
  roundTo(dtype, isFloat(dtype) ? x : Math.round(8 * x));
const nameOf = (x: Tensor): string => x.name ?? "";

const fedRows = (graph: Graph, roles: Roles) =>
  graph.inputs.map((value) => ({ value, role: roles.get(nameOf(value))! }));

/** Scattered rows; contiguous ones where a graph writes a slice from the first token's position on. */
function rowsFor({ roles, tokens, slots = tokens }: Twins, next: () => number): readonly number[] {
  const sliced = [...roles.values()].some((role) => role.kind === "position" && role.tokenAxis === undefined);
  const shuffled = Array.from({ length: slots }, (_, i) => [next(), i] as const).sort((a, b) => a[0] - b[0]);
  if (!sliced) return shuffled.slice(0, tokens).map(([, i]) => i);
  const first = Math.floor(((next() + 1) / 2) * (slots - tokens + 1));
  return Array.from({ length: tokens }, (_, t) => first + t);
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
  const data = arrays.get(nameOf(value));
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

export interface Run {
  readonly block: Results;
  /** Results of the steps, in order; the last one holds the states at exit. */
  readonly steps: readonly Results[];
}

/** Runs the block once and the step once per token. */
export function runBoth(pair: ProvenPair, sample: Sample, precision: Precision): Run {
  const { placeOf } = pair;
  const weight: Bindings["weight"] = (source, type) => {
    const { base, offset } = placeOf(source, type);
    return arrayOf(type.dtype, type.shape, sample.arrays.get(base)!.subarray(offset, offset + sizeOf(type.shape)));
  };
  let states: Readonly<Record<string, NDArray>> = Object.fromEntries(
    pair.block.states.map(({ name, entry }) => [
      name,
      arrayOf(entry.type.dtype, entry.type.shape, sample.arrays.get(name)!),
    ]),
  );
  const call = (graph: Graph, first: number) =>
    evaluate(graph, { values: { ...feeds(graph, pair, sample, first), ...states }, weight }, precision);
  const block = call(pair.block, 0);
  const steps: Results[] = [];
  for (let t = 0; t < pair.tokens; t++) {
    const result = call(pair.step, t);
    steps.push(result);
    states = result.states;
  }
  return { block, steps };
}
