/** Which cache rows the tokens of a sample write, and which they see besides. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { input, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { type Style, sampleOf } from "../../../../src/passes/prove/refute/sample.ts";

const S = 6;
const T = 3;
const SEEDS = Array.from({ length: 300 }, (_, k) => k + 1);
const ALL = Array.from({ length: S }, (_, k) => k);

type Feeds = readonly Tensor<Shape, DType>[];
const pairOf = (more: (tokens: number) => Feeds, tokens = T, states: Feeds = []) => {
  const build = (n: number) => {
    const x = input("x", [n, 2]);
    return graph({ name: `g${n}`, inputs: [x, ...more(n)], states: states.map((s) => [s, s]), outputs: { y: x } });
  };
  return provenPair(build(tokens), build(1));
};

const mask = (n: number) => input("attn_mask", [n, S]);
/** The row of every token is told. */
const every = pairOf((n) => [input("position", [n], "int32"), mask(n), input("same", [4])]);
/** The first token's row alone is told. */
const first = pairOf((n) => [input("position", [1], "int32"), mask(n)]);
/** A write mask tells them. */
const written = pairOf((n) => [input("kv_write_mask", [S, n]), input("same", [4])]);
/** Nothing tells how many rows there are. */
const none = pairOf(() => []);

const drawn = (pair: typeof every, rows?: Style["rows"], seeds = SEEDS) =>
  seeds.map((seed) => sampleOf(pair, seed, rows === undefined ? {} : { rows }).rows);
const follow = (rows: readonly number[]) => rows.every((r, t) => r === rows[0]! + t);

const areOwn = (rows: readonly number[], slots: number): boolean =>
  rows.length === T && new Set(rows).size === T && rows.every((r) => Number.isInteger(r) && r >= 0 && r < slots);

test.each([
  ["every token is told", every],
  ["only the first is told", first],
  ["a write mask tells them", written],
  ["nothing tells them", none],
] as const)("every token has a row of its own in the cache where %s, however they are drawn", (_, pair) => {
  for (const how of [undefined, "scattered", "contiguous", "first", "last", "falling"] as const)
    expect(drawn(pair, how, SEEDS.slice(0, 40)).filter((rows) => !areOwn(rows, pair.slots ?? T))).toEqual([]);
});

describe("scattered rows", () => {
  test.each([
    ["of a write mask", written],
    ["of positions", every],
  ] as const)("%s are any, each as often at each token, and the usual ones", (_, pair) => {
    const all = drawn(pair, "scattered");
    expect(all).toEqual(drawn(pair));
    for (let t = 0; t < T; t++)
      for (const row of ALL) expect(Math.abs(all.filter((rows) => rows[t] === row).length - 50)).toBeLessThan(25);
    // 120 arrays of three of six rows.
    expect(new Set(all.map(String)).size).toBeGreaterThan(90);
  });

  test("are a permutation where there are no more rows than tokens", () => {
    expect(new Set(drawn(none).map(String)).size).toBe(6);
  });

  test("falling ones fall, and are as many", () => {
    const all = drawn(every, "falling");
    expect(all.every((rows) => rows[0]! > rows[1]! && rows[1]! > rows[2]!)).toBe(true);
    // 20 sets of three of six rows.
    expect(new Set(all.map(String)).size).toBe(20);
  });
});

describe("rows that follow each other", () => {
  test.each([
    ["where that is asked for", every, "contiguous"],
    ["where only the first is told", first, "scattered"],
    ["where only the first is told, and none is asked for", first, undefined],
    ["where only the first is told, though falling ones are asked for", first, "falling"],
  ] as const)("%s begin anywhere", (_, pair, how) => {
    const all = drawn(pair, how);
    expect(all.every(follow)).toBe(true);
    for (const begin of [0, 1, 2, 3]) expect(Math.abs(all.filter(([r]) => r === begin).length - 75)).toBeLessThan(30);
  });

  test.each([every, first, written])("are at the ends where that is asked for", (pair) => {
    expect(new Set(drawn(pair, "first").map(String))).toEqual(new Set(["0,1,2"]));
    expect(new Set(drawn(pair, "last").map(String))).toEqual(new Set(["3,4,5"]));
  });
});

test("a seed that a report names draws the same rows as ever", () => {
  expect([1, 2, 3].map((seed) => sampleOf(every, seed).rows)).toEqual([
    [3, 0, 2],
    [0, 5, 1],
    [5, 3, 1],
  ]);
  expect([1, 2, 3, 4, 5, 6].map((seed) => sampleOf(first, seed).rows[0])).toEqual([2, 2, 2, 3, 1, 2]);
});

test.each<readonly [number, number]>([
  [0, T],
  [1, 5],
  [2, 20],
  [17, 20],
  [4, 7],
])(
  "rows from %d up to %d are those that a claim allows, whether or not a state tells how many there are",
  (...within) => {
    const told = (states: Feeds) => pairOf((n) => [input("position", [n], "int32")], T, states);
    for (const pair of [told([]), told([state("K", [20, 2])])])
      for (const rows of ["scattered", "contiguous", "first", "last", "falling"] as const) {
        const all = SEEDS.slice(0, 40).map((seed) => sampleOf(pair, seed, { rows, within }).rows);
        expect(all.filter((own) => !areOwn(own, within[1]) || own.some((r) => r < within[0]))).toEqual([]);
      }
  },
);

test.each<readonly [Style["padding"], number, readonly number[] | undefined]>([
  ["odd", 5, [1, 3]],
  ["even", 5, [0, 2, 4]],
  ["odd", 2, [1]],
  ["even", 1, [0]],
  ["odd", 1, []],
  [undefined, 3, undefined],
])("padding is every other token: %s of %d", (padding, tokens, dead) => {
  const own = pairOf((n) => [input("kv_write_mask", [S, n])], tokens);
  const found = sampleOf(own, 1, padding ? { padding } : {}).dead;
  expect(found && [...found]).toEqual(dead);
});

describe("the rows that a token sees", () => {
  const LONG = 400;
  const two = pairOf((n) => [input("attn_mask", [n, LONG]), input("window", [n, LONG], "bool", { role: "mask" })]);
  const seen = (style: Style, seed = 1) => sampleOf(two, seed, style).visible;

  test("are told by mask, and of masks alone", () => {
    expect([...seen({}).keys()].sort()).toEqual(["attn_mask", "window"]);
    expect([...sampleOf(written, 1).visible.keys()]).toEqual([]);
    for (const open of seen({}).values()) expect(open).toHaveLength(LONG);
  });

  test.each([{}, { visible: "some" }] as const)("are most of them in the style %j", (style) => {
    for (const open of seen(style).values()) {
      const share = open.filter((x) => x).length / LONG;
      expect(share).toBeGreaterThan(0.6);
      expect(share).toBeLessThan(0.8);
    }
  });

  test("are others in another mask or for another seed", () => {
    const open = seen({});
    expect(open.get("window")).not.toEqual(open.get("attn_mask"));
    expect(seen({}, 2).get("window")).not.toEqual(open.get("window"));
    expect(seen({})).toEqual(open);
  });

  test.each([
    ["all", true],
    ["none", false],
  ] as const)("are %s where that is asked for", (visible, expected) => {
    for (const open of seen({ visible }).values()) expect(new Set(open)).toEqual(new Set([expected]));
  });
});
