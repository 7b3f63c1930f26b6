/** Bounds of what several rows of matrices make together: no input passes them, and one comes near, so that a smaller bound would be passed. */
import { afterAll, describe, expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../../src/dsl/number.ts";
import * as o from "../../../../src/dsl/ops/index.ts";
import { constant, input, operandsOf, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { rmsNorm } from "../../../../src/models/blocks/norm.ts";
import { rope } from "../../../../src/models/blocks/rope.ts";
import { arrayOf, type NDArray } from "../../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../../src/passes/interpret/evaluate.ts";
import { boundGraph, type Known } from "../../../../src/passes/ranges/graph/bound-graph.ts";
import type { GraphBounds } from "../../../../src/passes/ranges/graph/judged.ts";
import { emptyLemmas } from "../../../../src/passes/ranges/graph/lemmas.ts";
import { evenly, type Region } from "../../../../src/passes/ranges/graph/region.ts";
import { smallForms } from "../../../support/graphs/ranges.ts";
import { randomFrom } from "../../../support/ops/examples.ts";

const { gramOf, close } = smallForms();
afterAll(close);

type Value = Tensor<Shape, "fp16">;

const D = 8;
const random = randomFrom(31);
const numbers = (n: number, scale = 1): Float64Array =>
  Float64Array.from({ length: n }, () => roundFp16((2 * random() - 1) * scale));

/** Weights by name. */
const CONTENTS = {
  gain: numbers(D, 2).map((g) => g + Math.sign(g)),
  heads: numbers(D * D, 12),
  values: numbers(D * D, 12),
  bias: numbers(D, 20),
  gate: numbers(D * D, 12),
  up: numbers(D * D, 12),
  small: numbers(D * D, 0.5),
  less: numbers(D * D, 0.5),
  down: numbers(D * D, 3).map(Math.abs),
};
type Name = keyof typeof CONTENTS;

const matrix = (name: Name): Value => weight(name, [CONTENTS[name].length / D, D, 1, 1]);
const x = input("x", [1, D, 1, 1]);
const normed = (of: Value = x): Value => rmsNorm(of, weight("gain", [1, D, 1, 1]), { eps: 1e-6 }) as Value;

const ANGLES = [0.9, 2.3];
const tableOf = (f: (x: number) => number): Float64Array => Float64Array.from(ANGLES, (a) => roundFp16(f(a)));
const cos = input("rope_cos", [1, 2]);
const sin = input("rope_sin", [1, 2]);
const slot = input("slot", [1, 1, 3, 1]);
const ones = (axis: number) => ({ p: 1, axis, most: new Float64Array(axis === 2 ? 1 : 3).fill(1) }) as const;

const INPUTS: Readonly<Record<string, Float64Array>> = {
  rope_cos: tableOf(Math.cos),
  rope_sin: tableOf(Math.sin),
  slot: Float64Array.from([0, 1, 0]),
};

const known = (tables: ReadonlyMap<Tensor, Tensor>): Known => ({
  masks: new Set(),
  tables,
  lemmas: emptyLemmas(gramOf),
  weight: ({ def }) => Float32Array.from(CONTENTS[(def as { source: { tensor: Name } }).source.tensor]),
  input({ name, type: { shape } }): Region {
    if (name === "slot") return { ...evenly(shape, 0, 1), lengths: [ones(2), ones(3)] };
    return name?.startsWith("rope") ? evenly(shape, -1, 1) : evenly(shape, -600, 600);
  },
});

const TABLES = new Map<Tensor, Tensor>([[cos, sin]]);

interface Tried {
  readonly bound: number;
  readonly reached: number;
}

const BOUNDS = new Map<Tensor, Map<unknown, GraphBounds>>();

/** Once for a value and its tables. */
function boundsOf(made: Graph, y: Tensor, tables: ReadonlyMap<Tensor, Tensor>): GraphBounds {
  const own = BOUNDS.get(y) ?? new Map<unknown, GraphBounds>();
  BOUNDS.set(y, own);
  const found = own.get(tables) ?? boundGraph(made, known(tables));
  own.set(tables, found);
  return found;
}

/** What a value is made of in the end. */
function leavesOf(y: Tensor, found = new Set<Tensor>()): ReadonlySet<Tensor> {
  if (found.has(y)) return found;
  found.add(y);
  if (y.def.kind === "op") for (const one of operandsOf(y.def)) leavesOf(one, found);
  return found;
}

/** The bound of an element of y, and what it is for a row x along a direction. */
function tried(
  y: Value,
  at: number,
  along: ArrayLike<number>,
  { tables = TABLES, feeds = {} }: { tables?: ReadonlyMap<Tensor, Tensor>; feeds?: Record<string, Float64Array> } = {},
): Tried {
  const leaves = [...leavesOf(y)];
  const used = leaves.filter(({ def }) => def.kind === "input");
  const entries = leaves.filter(({ def }) => def.kind === "state").map((one) => [one, EXITS.get(one)!] as const);
  const made: Graph = graph({ name: "g", inputs: used, states: entries as never, outputs: { y } });
  const { regions, growing } = boundsOf(made, y, tables);
  expect(growing).toEqual([]);
  const most = Array.from(along).reduce((all, v) => Math.max(all, Math.abs(v)), 0);
  const row = Float64Array.from(along, (v) => roundFp16((500 * v) / most));
  const values = Object.fromEntries(
    used.map(({ name = "", type }) => [name, arrayOf("fp16", type.shape, feeds[name] ?? INPUTS[name] ?? row)]),
  );
  const zeros = Object.fromEntries(
    made.states.map(({ name, entry: { type } }) => [
      name,
      arrayOf("fp16", type.shape, new Float64Array(type.shape.reduce((a, n) => a * n, 1))),
    ]),
  );
  const contents = (source: { tensor: Name }, type: { shape: Shape }): NDArray =>
    arrayOf("fp16", type.shape, CONTENTS[source.tensor]);
  const run = evaluateAll(made, { values: { ...values, ...zeros }, weight: contents as never });
  for (const value of schedule(made)) {
    const [{ low, high }, { data }] = [regions.get(value)!, run.get(value)!];
    expect(data.findIndex((v, k) => !(v >= low[k]! && v <= high[k]!))).toBe(-1);
  }
  return { bound: regions.get(y)!.high[at]!, reached: Math.abs(run.get(y)!.data[at]!) };
}

const EXITS = new Map<Tensor, Tensor>();

/** What comes within a share of its bound: of so many factors, each of which has a margin of 2 %. */
function expectNear({ bound, reached }: Tried, factors: number): void {
  expect(reached).toBeLessThanOrEqual(bound);
  expect(reached / bound).toBeGreaterThan(1.02 ** -factors * 0.985);
}

const rowOf = (name: Name, row: number): Float64Array =>
  CONTENTS[name].slice(row * D, (row + 1) * D).map((w, k) => w * CONTENTS.gain[k]!);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, k) => sum + v * b[k]!, 0);
const unit = (a: Float64Array): Float64Array => a.map((v) => v / Math.sqrt(dot(a, a)));

/** The direction in which Σ f(row) is largest, by power iteration of Σ wⱼ aⱼ (aⱼ·v). */
function topOf(rows: readonly Float64Array[], weights: ArrayLike<number> = rows.map(() => 1)): Float64Array {
  let v = unit(numbers(D));
  for (let k = 0; k < 500; k++) {
    const next = new Float64Array(D);
    for (const [j, row] of rows.entries()) {
      const along = weights[j]! * dot(row, v);
      for (let i = 0; i < D; i++) next[i]! += along * row[i]!;
    }
    v = unit(next);
  }
  return v;
}

const headRows = (name: Name): readonly Float64Array[] => [0, 1, 2, 3].map((row) => rowOf(name, row));

/** [1, 2, 1, 4], turned or not. */
function headsOf(name: Name, turn: (heads: Value) => Value = (one) => one): Value {
  const heads = o.reshape(o.conv(normed(), matrix(name)), { shape: [1, 2, 4, 1] });
  return turn(o.transpose(heads, { perm: [0, 1, 3, 2] }) as Value);
}

describe("of rows on a norm's ball", () => {
  test.each([0, 1, 5])("row %i by √d · ‖w∘γ‖₂, an element of the gain may be far larger than others", (row) => {
    expectNear(tried(o.conv(normed(), matrix("gate")), row, rowOf("gate", row)), 1);
  });
  test("with a bias", () => {
    const row = rowOf("gate", 2).map((v) => v * Math.sign(CONTENTS.bias[2]!));
    expectNear(tried(o.conv(normed(), matrix("gate"), { bias: weight("bias", [D]) }), 2, row), 1);
  });
  test("a projection as a matrix product", () => {
    const columns = o.reshape(normed(), { shape: [1, D, 1] });
    expectNear(tried(o.matmul(weight("gate", [D, D]), columns) as Value, 1, rowOf("gate", 1)), 1);
  });
  test("a projection in linear", () => {
    const flat = o.reshape(normed(), { shape: [1, D] });
    expectNear(tried(o.linear(flat, weight("gate", [D, D])) as Value, 1, rowOf("gate", 1)), 1);
  });
});

describe("of a product of heads", () => {
  const top = topOf(headRows("heads"));
  const scoresOf = (turn: (heads: Value) => Value): Value => {
    const Q = o.mul(headsOf("heads", turn), 0.25);
    return o.matmul(Q, headsOf("heads", turn), { transpose_y: true }) as Value;
  };
  test("by the largest singular value of the head's rows", () => {
    expectNear(
      tried(
        scoresOf((one) => one),
        0,
        top,
      ),
      2,
    );
  });
  test.each([
    ["halves", "halves"],
    ["halves", "neighbours"],
    ["rotate_half", "halves"],
    ["rotate_half", "neighbours"],
  ] as const)("turned by RoPE as %s, pairs by %s", (form, pairs) => {
    expectNear(
      tried(
        scoresOf((one) => rope(one, cos, sin, { axis: 3, form, pairs })),
        0,
        top,
      ),
      2,
    );
  });
  test("turned in part", () => {
    const [narrow, sines] = [input("rope_cos1", [1, 1]), input("rope_sin1", [1, 1])];
    const feeds = { rope_cos1: Float64Array.from([roundFp16(0.6)]), rope_sin1: Float64Array.from([roundFp16(0.8)]) };
    const tables = new Map<Tensor, Tensor>([[narrow, sines]]);
    expectNear(
      tried(
        scoresOf((one) => rope(one, narrow, sines, { axis: 3 })),
        0,
        top,
        { tables, feeds },
      ),
      2,
    );
  });
  test("through a cache", () => {
    const turn = (one: Value): Value => rope(one, cos, sin, { axis: 3 });
    const old = state("k", [1, 2, 3, 4]);
    const kept = o.sub(1, o.reduce_sum(slot, { axes: [3], keep_dims: true }));
    const K = o.add(o.mul(old, kept), o.matmul(slot, headsOf("heads", turn)));
    EXITS.set(old, K);
    const scores = o.matmul(o.mul(headsOf("heads", turn), 0.25), K, { transpose_y: true }) as Value;
    expectNear(tried(scores, 1, top), 2);
  });

  /** The largest of every element over many directions and angles. */
  function searched(y: Value, tables = TABLES): Tried {
    const angles = [Math.PI / 4, -Math.PI / 4, Math.PI / 2, 0.3];
    const directions = [top, topOf(headRows("heads"), [1, 0, 1, 0]), ...Array.from({ length: 12 }, () => numbers(D))];
    const found = directions.flatMap((along) =>
      angles.map((a) =>
        tried(y, 0, along, {
          tables,
          feeds: {
            rope_cos: Float64Array.from([a, a], (v) => roundFp16(Math.cos(v))),
            rope_sin: Float64Array.from([a, a], (v) => roundFp16(Math.sin(v))),
          },
        }),
      ),
    );
    return found.reduce((a, b) => (b.reached > a.reached ? b : a));
  }
  const right = tried(
    scoresOf((one) => rope(one, cos, sin, { axis: 3 })),
    0,
    top,
  ).bound;
  const split = (one: Value): readonly [Value, Value] => o.split(one, { num_splits: 2, axis: 3 }) as never;
  const back = (a: Tensor, b: Tensor): Value => o.concat([a, b], { axis: 3 }) as Value;
  const ofHalves =
    (turn: (lo: Value, hi: Value) => readonly [Tensor, Tensor]) =>
    (one: Value): Value =>
      back(...turn(...split(one)));
  const turnedAround = o.reverse(sin, { axes: [1] });

  test.each<[string, (one: Value) => Value, boolean]>([
    [
      "signs that are alike",
      ofHalves((lo, hi) => [o.add(o.mul(lo, cos), o.mul(hi, sin)), o.add(o.mul(hi, cos), o.mul(lo, sin))]),
      true,
    ],
    [
      "the same half twice",
      ofHalves((lo, hi) => [o.sub(o.mul(lo, cos), o.mul(hi, sin)), o.sub(o.mul(lo, cos), o.mul(hi, sin))]),
      true,
    ],
    [
      "a cosine twice",
      ofHalves((lo, hi) => [o.sub(o.mul(lo, cos), o.mul(hi, cos)), o.add(o.mul(hi, cos), o.mul(lo, cos))]),
      true,
    ],
    [
      "a factor",
      ofHalves((lo, hi) => [
        o.sub(o.mul(o.mul(lo, 3), cos), o.mul(hi, sin)),
        o.add(o.mul(hi, cos), o.mul(o.mul(lo, 3), sin)),
      ]),
      true,
    ],
    [
      "sines of the other angle",
      ofHalves((lo, hi) => [
        o.sub(o.mul(lo, cos), o.mul(hi, turnedAround)),
        o.add(o.mul(hi, cos), o.mul(lo, turnedAround)),
      ]),
      false,
    ],
    [
      "a ring of four",
      (one) => {
        const [p, q, r, t] = o.split(one, { num_splits: 4, axis: 3 }) as readonly Value[];
        const [c, s] = [cos, sin].map((table) => o.split(table, { num_splits: 2, axis: 1 })[0]!) as [Value, Value];
        const around = o.concat([o.mul(q!, -1), r!, o.mul(t!, -1), p!], { axis: 3 });
        return o.add(o.mul(one, c), o.mul(around, s)) as Value;
      },
      false,
    ],
    [
      "a pair twice",
      ofHalves((lo, hi) => {
        const [a, b] = [o.sub(o.mul(lo, cos), o.mul(hi, sin)), o.add(o.mul(hi, cos), o.mul(lo, sin))];
        return [o.concat([a, b], { axis: 3 }), o.concat([a, b], { axis: 3 })];
      }),
      true,
    ],
    ["no turn of one half", ofHalves((lo, hi) => [o.sub(o.mul(lo, cos), o.mul(hi, sin)), o.add(lo, hi)]), true],
  ])("what is no turn is not taken for one: %s", (_, turn, passes) => {
    const found = searched(scoresOf(turn));
    expect(found.reached).toBeLessThanOrEqual(found.bound);
    expect(found.bound).toBeGreaterThan(1.2 * right);
    if (passes) expect(found.reached).toBeGreaterThan(right);
  });
  test("elements that are there twice make a row longer than the one they are of", () => {
    const heads = rmsNorm(headsOf("heads"), constant([1, 1, 1, 1], [1, 1, 1, 4], "fp16"), {
      eps: 1e-6,
      axis: 3,
    }) as Value;
    const twice = o.concat([heads, heads], { axis: 3 });
    const both = tried(o.matmul(twice, twice, { transpose_y: true }) as Value, 0, top);
    const once = tried(o.matmul(heads, heads, { transpose_y: true }) as Value, 0, top);
    expect(once.bound).toBeLessThan(4 * 1.05);
    expect(both.reached).toBeGreaterThan(1.8 * once.bound);
    expect(both.reached).toBeLessThanOrEqual(both.bound);
  });
  test("tables that nobody says are RoPE's", () => {
    const plain = tried(
      scoresOf((one) => rope(one, cos, sin, { axis: 3 })),
      0,
      top,
      { tables: new Map() },
    );
    expect(plain.bound).toBeGreaterThan(1.2 * right);
  });
});

describe("of a mixture of rows", () => {
  const top = topOf(headRows("heads"));
  const left = unit(Float64Array.from(headRows("heads"), (row) => dot(row, top)));
  const flags = input("flags", [1, 2, 1, 3]);
  const feeds = { flags: Float64Array.from([0, -60, -60, 0, -60, -60]) };
  const V = o.concat([headsOf("heads"), o.mul(headsOf("heads"), 0.125), o.mul(headsOf("heads"), 0.5)], { axis: 2 });
  const mixed = o.matmul(o.softmax(flags, { axis: 3 }), V);
  const outputOf = (weights: readonly number[]): Value => {
    const joined = o.reshape(o.transpose(mixed, { perm: [0, 1, 3, 2] }), { shape: [1, D, 1, 1] });
    return o.conv(joined, constant([...weights], [1, D, 1, 1], "fp16")) as Value;
  };
  test("a head by the longest of its rows", () => {
    expectNear(tried(outputOf([...left, 0, 0, 0, 0]), 0, top, { feeds }), 2);
  });
  test("heads beside each other add up", () => {
    const both = outputOf([...left, ...left]);
    const alone = outputOf([...left, 0, 0, 0, 0]);
    const { bound } = tried(both, 0, top, { feeds });
    const { bound: first } = tried(alone, 0, top, { feeds });
    const { bound: second } = tried(outputOf([0, 0, 0, 0, ...left]), 0, top, { feeds });
    expect(bound).toBeGreaterThan(0.99 * (first + second));
    expect(bound).toBeLessThan(1.01 * (first + second));
  });
});

test("a state whose rows lengthen where no element of it grows", () => {
  const [old, wide] = [state("s", [1, 1024, 1, 1]), input("wide", [1, 1024, 1, 1])];
  const exit = o.tanh(o.mul(o.add(old, wide), 20));
  const y = o.conv(old, constant(new Array(1024).fill(1), [1, 1024, 1, 1], "fp16"));
  const made = graph({ name: "g", inputs: [wide], states: [[old, exit]], outputs: { y } });
  const ball = { p: 2, axis: 1, most: Float64Array.from([0.6]) } as const;
  const given = { ...evenly(wide.type.shape, -0.5, 0.5), lengths: [ball] };
  const { regions } = boundGraph(made, { ...known(TABLES), input: () => given });
  // Three calls with 0.018 in every element, of a length below 0.6, leave ones, whose sum is 1024.
  expect(regions.get(y)!.high[0]).toBeGreaterThanOrEqual(1024);
});

describe("of a gate times up", () => {
  const gate = (of = normed()): Value => o.conv(of, matrix("gate")) as Value;
  const up = (of = normed()): Value => o.conv(of, matrix("up")) as Value;
  const between = (row: number, sign: number): Float64Array => {
    const [a, b] = [unit(rowOf("gate", row)), unit(rowOf("up", row))];
    const flip = sign * Math.sign(dot(a, b));
    return a.map((v, k) => v + flip * b[k]!);
  };
  const one = normed();
  test.each([0, 3, 6])("unit %i by d/2 · (‖a‖‖b‖ + |a·b|)", (row) => {
    expectNear(tried(o.mul(gate(one), up(one)), row, between(row, 1)), 2);
  });
  test("behind silu, of a gate above 0", () => {
    const [row, along] = [0, between(0, 1)];
    const positive = along.map((v) => v * Math.sign(dot(along, rowOf("gate", row))));
    expectNear(tried(o.mul(up(one), o.silu(gate(one))), row, positive), 2);
    const spelled = o.mul(o.mul(gate(one), o.sigmoid(gate(one))), up(one));
    expectNear(tried(spelled, row, positive), 2);
  });
  test("times a number", () => {
    expectNear(tried(o.mul(o.mul(gate(one), 3), up(one)), 3, between(3, 1)), 2);
  });
  test("what an activation's table may be off by is in it", () => {
    const none = o.conv(one, constant(new Array(D * D).fill(0), [D, D, 1, 1], "fp16"));
    const { bound } = tried(o.mul(up(one), o.silu(none)), 0, between(0, 1));
    expect(bound).toBeGreaterThan(0.016 * Math.sqrt(D) * Math.sqrt(dot(rowOf("up", 0), rowOf("up", 0))));
  });
  test("halves of one projection in any order, moved alike", () => {
    const flipped = (of: Value): Value => o.reverse(of, { axes: [1] });
    expectNear(tried(o.mul(flipped(gate(one)), flipped(up(one))), 2, between(5, 1)), 2);
  });
  test("of vectors that are not one each has its own", () => {
    const y = input("y", [1, D, 1, 1]);
    const other = normed(y);
    const [a, b] = [rowOf("gate", 4), rowOf("up", 4)];
    const feeds = { y: unit(b).map((v) => roundFp16(500 * v)) };
    const apart = tried(o.mul(gate(one), up(other)), 4, a, { feeds });
    expectNear(apart, 2);
    expect(apart.reached).toBeGreaterThan(1.05 * tried(o.mul(gate(one), up(one)), 4, a).bound);
  });
  test("of rows of two tokens that meet crosswise too", () => {
    const two = input("two", [1, D, 1, 2]);
    const all = normed(two);
    const crossed = o.mul(gate(all), o.reverse(up(all), { axes: [3] }));
    const [a, b] = [rowOf("gate", 4), rowOf("up", 4)];
    const along = Float64Array.from({ length: 2 * D }, (_, k) => roundFp16(300 * unit(k % 2 === 0 ? a : b)[k >> 1]!));
    expectNear(tried(crossed, 8, [], { feeds: { two: along } }), 2);
  });
  test("with biases, of which nothing is lost", () => {
    const biased = (name: Name): Value => o.conv(one, matrix(name), { bias: weight("bias", [D]) }) as Value;
    const { bound, reached } = tried(o.mul(biased("gate"), biased("up")), 1, between(1, 1));
    const negative = tried(
      o.mul(biased("gate"), biased("up")),
      1,
      between(1, 1).map((v) => -v),
    );
    expect(Math.max(reached, negative.reached) / bound).toBeGreaterThan(0.9);
  });
});

test("of a sum that breaks its limit the elements are told that its largest row is made of", () => {
  const loud = constant(
    Float64Array.from({ length: 2 * D }, (_, k) => (k === D + 5 ? 30000 : 1)),
    [2, D, 1, 1],
    "fp16",
  );
  const made = graph({ name: "g", inputs: [x], outputs: { y: o.conv(normed(), loud) } });
  const { values } = boundGraph(made, known(TABLES));
  const blamed = values.filter(({ blame }) => blame !== undefined);
  expect(blamed.map(({ blame }) => [blame!.row, blame!.units.map(({ unit }) => unit)])).toEqual([[1, [5]]]);
});

describe("of what a matrix sums up of units", () => {
  const one = normed();
  const squares = o.mul(o.conv(one, matrix("small")), o.conv(one, matrix("small")));
  test("by the largest eigenvalue of a form", () => {
    const rows = Array.from({ length: D }, (_, row) => rowOf("small", row));
    // Of one row of the matrix alone, as all rows share the bound of the largest weights.
    const weights = CONTENTS.down.slice(0, D);
    const single = o.conv(squares, constant([...weights], [1, D, 1, 1], "fp16")) as Value;
    expectNear(tried(single, 0, topOf(rows, weights)), 2);
  });
  test("of several rows no input passes it", () => {
    const y = o.conv(o.mul(o.conv(one, matrix("small")), o.silu(o.conv(one, matrix("less")))), matrix("down")) as Value;
    const plain = tried(y, 0, numbers(D)).bound;
    for (let k = 0; k < 50; k++) {
      const { bound, reached } = tried(y, k % D, numbers(D));
      expect(reached).toBeLessThanOrEqual(bound);
    }
    const apart =
      D *
      1.02 ** 2 *
      [...CONTENTS.down.slice(0, D)].reduce((sum, w, k) => {
        const [a, b] = [rowOf("small", k), rowOf("less", k)];
        return sum + (w / 2) * (Math.sqrt(dot(a, a) * dot(b, b)) + Math.abs(dot(a, b)));
      }, 0);
    expect(plain).toBeLessThan(1.01 * apart);
  });
});
