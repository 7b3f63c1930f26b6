/** Each precondition of the proof is needed: break it, and block and steps part. */
import { expect, test } from "vitest";
import { twinsOf } from "../../../src/dsl/host/twins.ts";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { streamBase, tagOfName, uniformAt } from "../../../src/dsl/random.ts";
import { sizeOf, type TensorType } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { MASKED } from "../../../src/models/host.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluate, type Results } from "../../../src/passes/interpret/evaluate.ts";
import { type Feed, feed, type Values } from "../../../src/passes/parity/feeds.ts";
import { SMALL } from "../../support/phi/phi.ts";

const T = 3;
const S = 8;
const [block, step] = [T, 1].map((tokens) => decoderLayers(SMALL, { tokens, maxSeq: S })) as [
  ReturnType<typeof decoderLayers>,
  ReturnType<typeof decoderLayers>,
];
const source = { seed: 3, roles: twinsOf(block, step).roles, config: SMALL, maxSeq: S };
const call: Feed = { rows: [2, 3, 4], committed: new Set([0, 1]), stream: 0 };

/** Uniform weights; those of the projections `scale` times as large. */
const weights =
  (scale: number) =>
  (weight: WeightSource, type: TensorType): NDArray => {
    const { tensor } = weight as Extract<WeightSource, { from: "checkpoint" }>;
    const base = streamBase(11, tagOfName(tensor));
    const size = tensor.includes("qkv_proj") ? scale : 1;
    const value = (i: number) => (tensor.includes("norm") ? 1 + uniformAt(base, i) / 2 : size * uniformAt(base, i));
    return arrayOf(
      "fp16",
      type.shape,
      Array.from({ length: sizeOf(type.shape) }, (_, i) => roundFp16(value(i))),
    );
  };

/** The cache at entry, with finite garbage in rows that nobody has committed. */
function cache(spoil: (row: number, x: number) => number = (_, x) => x): Values {
  return Object.fromEntries(
    block.states.map(({ name, entry: { type } }) => {
      const base = streamBase(5, tagOfName(name));
      const width = type.shape[3]!;
      const data = Array.from({ length: sizeOf(type.shape) }, (_, i) =>
        spoil(Math.floor(i / width) % S, roundFp16(uniformAt(base, i))),
      );
      return [name, arrayOf("fp16", type.shape, data)];
    }),
  );
}

interface Case {
  readonly spoilCache?: (row: number, x: number) => number;
  /** Changes what is fed; `t` is the token of a step, undefined for the block. */
  readonly spoil?: (values: Values, t?: number) => Values;
  readonly scale?: number;
}

/** Whether every live token's hidden row and the final cache agree. */
function agrees(
  { spoilCache, spoil = (values) => values, scale = 1 }: Case,
  live: readonly number[] = [0, 1, 2],
): boolean {
  const states = cache(spoilCache);
  const weight = weights(scale);
  const whole = evaluate(block, { values: { ...spoil(feed(block, source, call)), ...states }, weight });
  let after: Values = states;
  const rows: boolean[] = [];
  for (const t of live) {
    const one = evaluate(step, { values: { ...spoil(feed(step, source, call, t), t), ...after }, weight });
    after = one.states;
    rows.push(sameRow(whole, one, t));
  }
  return rows.every(Boolean) && Object.entries(whole.states).every(([name, a]) => same(a.data, after[name]!.data));
}

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => Array.from(a).every((x, i) => x === b[i]);

function sameRow({ outputs }: Results, one: Results, t: number): boolean {
  const { data } = outputs.hidden!;
  return same(
    data.filter((_, i) => i % T === t),
    one.outputs.hidden!.data,
  );
}

/** One input with some elements replaced. */
const change = (values: Values, name: string, f: (x: number, i: number) => number): Values => {
  const array = values[name]!;
  return { ...values, [name]: { ...array, data: array.data.map(f) } };
};

test("with all preconditions kept, block and steps agree", () => {
  expect(agrees({})).toBe(true);
});

test("P1, P2: two columns that name one row", () => {
  // Column 2 writes row 3 as well; the steps write one after the other, the block adds both.
  const spoil = (values: Values, t?: number) =>
    change(values, "kv_write_mask", (x, i) => {
      const [row, column] = t === undefined ? [Math.floor(i / T), i % T] : [i, t];
      return column === 2 ? Number(row === 3) : x;
    });
  expect(agrees({ spoil })).toBe(false);
});

test("P3: a token that sees a later token of its block", () => {
  const spoil = (values: Values, t?: number) =>
    change(values, "attn_mask", (x, i) => ((t ?? Math.floor(i / S)) === 0 && i % S === 3 ? 0 : x));
  expect(agrees({ spoil })).toBe(false);
});

test("P4: a row that is masked everywhere reads what the mask should hide", () => {
  const spoil = (values: Values, t?: number) =>
    change(values, "attn_mask", (x, i) => ((t ?? Math.floor(i / S)) === 0 ? MASKED : x));
  expect(agrees({ spoil })).toBe(false);
});

for (const [name, bad] of [
  ["Inf", Number.POSITIVE_INFINITY],
  ["NaN", Number.NaN],
] as const) {
  test(`P7: ${name} in a cache row that no token sees`, () => {
    expect(agrees({ spoilCache: (row, x) => (row === 6 ? bad : x) })).toBe(false);
  });
}

test("P7: a dead column whose row is not finite poisons the whole cache", () => {
  const dead = (values: Values) => change(values, "kv_write_mask", (x, i) => (i % T === 2 ? 0 : x));
  const padded = (x: number) => (values: Values, t?: number) =>
    t === undefined ? change(dead(values), "x", (old, i) => (i % T === 2 ? x : old)) : values;
  expect(agrees({ spoil: padded(1) }, [0, 1])).toBe(true);
  expect(agrees({ spoil: padded(Number.POSITIVE_INFINITY) }, [0, 1])).toBe(false);
});

test("P8: scores beyond the gap of the mask", () => {
  expect(agrees({ scale: 10 })).toBe(true);
  expect(agrees({ scale: 120 })).toBe(false);
});
