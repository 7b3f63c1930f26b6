/** Bounds of a layer from its weights, against inputs drawn at random and looked for. */
import { afterAll, describe, expect, test } from "vitest";
import { uniform } from "../../../src/dsl/random.ts";
import { gramMachine } from "../../../src/passes/kernels/gram-run.ts";
import { type GramOf, largestEigenvalue, spectralBound } from "../../../src/passes/ranges/eigen.ts";
import { broken, type LayerWeights, layerBounds, type Quantity } from "../../../src/passes/ranges/layer.ts";
import { dot, lengthOf, type Matrix, magnitudesDot, rowOf } from "../../../src/passes/ranges/matrix.ts";

const machine = gramMachine(64, 24, 1);
afterAll(machine.close);
const gramOf: GramOf = (rows, columns, write) => ({
  n: columns,
  data: machine.gram(rows, columns, write),
  error: machine.error(rows),
});

/** Numbers of −scale to scale, of a stream of their own. */
const drawn = (tag: number, n: number, scale = 1): Float64Array =>
  Float64Array.from({ length: n }, (_, k) => scale * uniform(2026, tag, k));
const matrix = (tag: number, rows: number, columns: number, scale = 1): Matrix => ({
  rows,
  columns,
  data: drawn(tag, rows * columns, scale),
});

const [D, FFN, HEADS, KV, HEAD] = [12, 20, 4, 2, 6] as const;

function layerOf(tag: number, scale = 1, more: LayerWeights["more"] = {}): LayerWeights {
  const of = (part: number, rows: number, columns: number) => matrix(100 * tag + part, rows, columns, scale);
  return {
    sizes: { heads: HEADS, kvHeads: KV, headDim: HEAD, scoreScale: HEAD ** -0.5, ropeFactor: 1, residualMultiplier: 1 },
    attnNorm: drawn(100 * tag, D, 2),
    q: of(1, HEADS * HEAD, D),
    k: of(2, KV * HEAD, D),
    v: of(3, KV * HEAD, D),
    output: of(4, D, HEADS * HEAD),
    mlpNorm: drawn(100 * tag + 5, D, 2),
    gate: of(6, FFN, D),
    up: of(7, FFN, D),
    down: of(8, D, FFN),
    more,
  };
}

const times = (m: Matrix, x: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: m.rows }, (_, row) => dot(rowOf(m, row), x));
const magnitudes = (m: Matrix, x: Float64Array): number =>
  Math.max(...Array.from({ length: m.rows }, (_, row) => magnitudesDot(rowOf(m, row), x.map(Math.abs))));
const most = (x: Float64Array): number => Math.max(...x.map(Math.abs));
const onBall = (x: Float64Array): Float64Array => x.map((y) => (y * Math.sqrt(x.length)) / lengthOf(x));
const stretched = (x: Float64Array, gain: ArrayLike<number>): Float64Array => x.map((y, k) => y * gain[k]!);

/** Σ |wx| of every quantity where two tokens have the normed rows x and y. */
function reached(layer: LayerWeights, x: Float64Array, y: Float64Array): Readonly<Record<Quantity, number>> {
  const { sizes } = layer;
  const [nx, ny] = [x, y].map((row) => stretched(row, layer.attnNorm)) as [Float64Array, Float64Array];
  const [q, k] = [times(layer.q, nx), times(layer.k, ny)];
  const values = [times(layer.v, nx), times(layer.v, ny)] as const;
  const heads = Array.from({ length: HEADS }, (_, h) => {
    const own = q.subarray(h * HEAD, (h + 1) * HEAD);
    const kv = Math.floor((h * KV) / HEADS) * HEAD;
    return own.reduce((s, a, d) => s + Math.abs(a * k[kv + d]!), 0);
  });
  const mixed = Float64Array.from({ length: HEADS * HEAD }, (_, at) => {
    const kv = Math.floor((Math.floor(at / HEAD) * KV) / HEADS) * HEAD + (at % HEAD);
    return 0.3 * values[0][kv]! + 0.7 * values[1][kv]!;
  });
  const m = stretched(x, layer.mlpNorm);
  const [g, u] = [times(layer.gate, m), times(layer.up, m)];
  const act = g.map((a, unit) => (a / (1 + Math.exp(-a))) * u[unit]!);
  return {
    q: magnitudes(layer.q, nx),
    k: magnitudes(layer.k, ny),
    v: magnitudes(layer.v, nx),
    qk: Math.max(...heads),
    score: Math.max(...heads) * sizes.scoreScale,
    pv: most(mixed),
    output: magnitudes(layer.output, mixed),
    gate: magnitudes(layer.gate, m),
    up: magnitudes(layer.up, m),
    act: most(act),
    down: magnitudes(layer.down, act),
  };
}

describe("no input passes a bound", () => {
  test("of ten layers, a thousand inputs each, and those that rows point at", () => {
    let closest = 0;
    for (let tag = 1; tag <= 10; tag++) {
      const layer = layerOf(tag);
      const { bounds } = layerBounds(layer, gramOf);
      const rows = [layer.q, layer.k, layer.gate, layer.up].flatMap((m) =>
        Array.from({ length: m.rows }, (_, row) => stretched(Float64Array.from(rowOf(m, row)), layer.mlpNorm)),
      );
      const inputs = [...Array.from({ length: 1000 }, (_, n) => drawn(5000 + 1000 * tag + n, D)), ...rows].map(onBall);
      for (const [n, x] of inputs.entries()) {
        const seen = reached(layer, x, inputs[(n + 1) % inputs.length]!);
        for (const [name, value] of Object.entries(seen) as [Quantity, number][]) {
          expect(value, `${name} of layer ${tag}`).toBeLessThanOrEqual(bounds[name].value);
          if (name === "gate" || name === "act") closest = Math.max(closest, value / bounds[name].value);
        }
      }
    }
    // They are not far either: a row's own direction reaches its bound but for the margin and the signs.
    expect(closest).toBeGreaterThan(0.6);
  });
});

describe("what breaks a limit is named", () => {
  test("a unit whose products overflow the down projection, and an input that does it", () => {
    const layer = layerOf(3);
    layer.gate.data.set(
      Float64Array.from(rowOf(layer.gate, 7), (x) => 20 * x),
      7 * D,
    );
    for (let row = 0; row < D; row++) layer.down.data[row * FFN + 7]! *= 20;
    layer.up.data.set(rowOf(layer.gate, 7), 7 * D);
    const found = layerBounds(layer, gramOf);
    expect(broken(found)).toBe("down");
    expect(found.units[0]!.unit).toBe(7);
    expect(found.reached!).toBeGreaterThan(32768);
    expect(found.reached!).toBeLessThanOrEqual(found.bounds.down.value);
  });
  test("a layer of small weights breaks none", () => {
    expect(broken(layerBounds(layerOf(4), gramOf))).toBeUndefined();
  });
  test("q · k where q is scaled up before the product, though a cap holds the score", () => {
    const layer = layerOf(5);
    for (const part of [layer.q, layer.k]) for (let k = 0; k < part.data.length; k++) part.data[k]! *= 6;
    expect(broken(layerBounds(layer, gramOf))).toBeUndefined();
    const capped = { ...layer, sizes: { ...layer.sizes, scoreScale: 40, scoreCap: 50 } };
    expect(broken(layerBounds(capped, gramOf))).toBe("qk");
    const turned = { ...layer, sizes: { ...layer.sizes, ropeFactor: 10 } };
    expect(broken(layerBounds(turned, gramOf))).toBe("qk");
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY])("a weight of %d in any matrix", (x) => {
    for (const part of ["q", "k", "v", "output", "gate", "up", "down"] as const) {
      const layer = layerOf(4);
      layer[part].data[5] = x;
      expect(broken(layerBounds(layer, gramOf)), part).toBeDefined();
    }
  });
  test("scores beyond P8", () => {
    const layer = layerOf(5);
    for (const part of [layer.q, layer.k]) for (let k = 0; k < part.data.length; k++) part.data[k]! *= 12;
    expect(broken(layerBounds(layer, gramOf))).toBe("score");
  });
});

test("norms behind q, k and the blocks bound what they leave", () => {
  const large = layerOf(6, 40);
  const gains = { qNorm: drawn(1, HEAD), kNorm: drawn(2, HEAD), attnPostNorm: drawn(3, D), mlpPostNorm: drawn(4, D) };
  const found = layerBounds({ ...large, more: gains }, gramOf);
  expect(found.bounds.qk.value).toBeLessThan(1.05 * HEAD);
  expect(found.added).toBeLessThan(2 * 1.03 * Math.sqrt(D));
});

test("eigenvalues are below their bound, and not far", () => {
  for (let tag = 0; tag < 20; tag++) {
    const rows = 1 + (tag % 7);
    const m = matrix(900 + tag, rows, 24);
    const full = {
      n: 24,
      data: machine.gram(rows, 24, (row, to) => to.set(rowOf(m, row))),
      error: machine.error(rows),
    };
    let v = drawn(950 + tag, 24);
    for (let k = 0; k < 500; k++) {
      const w = new Float64Array(24);
      for (let row = 0; row < rows; row++)
        for (let c = 0; c < 24; c++) w[c]! += rowOf(m, row)[c]! * dot(rowOf(m, row), v);
      v = w.map((x) => x / lengthOf(w));
    }
    const largest = times(m, v).reduce((s, x) => s + x * x, 0);
    for (const bound of [largestEigenvalue(full, gramOf).bound, spectralBound(m, gramOf) ** 2]) {
      expect(bound).toBeGreaterThanOrEqual(largest);
      expect(bound).toBeLessThan(1.01 * largest);
    }
  }
});

describe("eigenvalues of forms that no vector tells apart", () => {
  const form = (n: number, of: (i: number, j: number) => number) => ({
    n,
    data: Float32Array.from({ length: n * n }, (_, k) => of(Math.floor(k / n), k % n)),
    error: 0,
  });
  test.each([1e-12, 1, 3, 1e12])("all are alike, %d", (x) => {
    const { bound } = largestEigenvalue(
      form(24, (i, j) => (i === j ? x : 0)),
      gramOf,
    );
    expect(bound).toBeGreaterThanOrEqual(Math.fround(x));
    expect(bound).toBeLessThan(1.06 * x);
  });
  test("one is all", () => {
    const { bound } = largestEigenvalue(
      form(24, () => 0.5),
      gramOf,
    );
    expect(bound).toBeGreaterThanOrEqual(12);
    expect(bound).toBeLessThan(12.001);
  });
  test("two are almost alike and the rest is far", () => {
    const { bound } = largestEigenvalue(
      form(24, (i, j) => (i !== j ? 0 : i === 5 ? 1 : i === 9 ? 0.9999 : 0.1)),
      gramOf,
    );
    expect(bound).toBeGreaterThanOrEqual(1);
    expect(bound).toBeLessThan(1.03);
  });
  test("what an entry may be off by is added", () => {
    const off = { ...form(24, (i, j) => (i === j ? 1 : 0)), error: 0.01 };
    expect(largestEigenvalue(off, gramOf).bound).toBeGreaterThan(1.24);
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY])("of a diagonal with %d nothing is bounded", (x) => {
    const { bound } = largestEigenvalue(
      form(4, (i, j) => (i === j ? (i === 2 ? x : 1) : 0)),
      gramOf,
    );
    expect(bound < Number.POSITIVE_INFINITY).toBe(false);
  });
});
