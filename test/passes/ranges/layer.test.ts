/** Bounds of a layer from its weights, against inputs drawn at random and looked for. */
import { afterAll, describe, expect, test } from "vitest";
import { largestEigenvalue, spectralBound } from "../../../src/passes/ranges/eigen.ts";
import { broken, type LayerBounds, type LayerWeights, layerBounds } from "../../../src/passes/ranges/layer.ts";
import { columnsTimes, dot, lengthOf, type Matrix, rowOf, rowsOf, scaled } from "../../../src/passes/ranges/matrix.ts";
import {
  D,
  drawn,
  FFN,
  HEAD,
  inputsOf,
  KV,
  LAYERS,
  layerOf,
  matrix,
  onBall,
  reached,
  smallForms,
  violations,
} from "../../support/graphs/ranges.ts";

const { gramOf, close } = smallForms();
afterAll(close);

const times = (m: Matrix, x: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: m.rows }, (_, row) => dot(rowOf(m, row), x));

/** A direction in which a matrix stretches most. */
function topOf(m: Matrix): Float64Array {
  let v = Float64Array.from(drawn(950, m.columns));
  for (let k = 0; k < 300; k++) {
    const products = times(m, v);
    const w = new Float64Array(m.columns);
    for (let row = 0; row < m.rows; row++)
      for (let c = 0; c < m.columns; c++) w[c]! += rowOf(m, row)[c]! * products[row]!;
    v = w.map((x) => x / lengthOf(w));
  }
  return v;
}

/** How many inputs a layer is tried with here; layer.long.test.ts tries it with more. */
const INPUTS = 400;
/** Those that rows and units point at. */
const POINTED = 216;

describe("no input passes a bound", () => {
  test.each([...LAYERS])("of a layer %s", (_, layer) => {
    const found = layerBounds(layer, gramOf);
    const inputs = [...inputsOf(layer, INPUTS, 1)];
    expect(inputs).toHaveLength(INPUTS);
    expect(inputs.flatMap(([x, y]) => violations(found, reached(layer, x, y)))).toEqual([]);
  });
});

/** Layers in which inputs reach the bound of each quantity, so that a smaller one is seen. */
describe("a bound that is 5 % too small is passed", () => {
  const large = layerOf(9, 30);
  /** Keys as queries: what meets is the same vector twice. */
  const alike = layerOf(10, 1, { k: rowsOf(layerOf(10).q, 0, KV * HEAD) });
  /** One unit alone, and one head of v that one row of output points along. */
  const alone = layerOf(11, 30);
  for (const part of [alone.gate, alone.up]) part.data.fill(0, D);
  for (let row = 0; row < D; row++) alone.down.data.fill(0, row * FFN + 1, (row + 1) * FFN);
  const top = topOf(columnsTimes(rowsOf(alone.v, 0, HEAD), alone.attnNorm));
  alone.output.data.fill(0);
  alone.output.data.set(times(columnsTimes(rowsOf(alone.v, 0, HEAD), alone.attnNorm), top));
  const quiet = { ...alone, output: matrix(1, D, 4 * HEAD, 0) };
  const axis = new Float64Array(D);
  axis[layerBounds(large, gramOf).bounds.normed.at] = 1;
  const one = (layer: LayerWeights, k = 0) => topOf(columnsTimes(rowsOf(layer.q, k, HEAD), layer.attnNorm));
  test.each([
    ["normed", large, axis],
    ["q", large],
    ["k", large],
    ["v", large],
    ["gate", large],
    ["up", large],
    ["act", large],
    ["pv", large],
    ["qk", alike, one(alike)],
    ["score", alike, one(alike)],
    ["output", alone, top],
    ["down", alone],
    ["added", quiet],
  ] as const)("%s", (name, layer, direction?: Float64Array) => {
    const found = layerBounds(layer, gramOf);
    const smaller: LayerBounds = {
      ...found,
      added: 0.95 * found.added,
      bounds: { ...found.bounds, ...(name === "added" ? {} : { [name]: scaled(found.bounds[name], 0.95) }) },
    };
    const inputs = [
      ...inputsOf(layer, POINTED, 2),
      ...(direction ? [[onBall(direction), onBall(direction)] as const] : []),
    ];
    const seen = inputs.flatMap(([x, y]) => violations(smaller, reached(layer, x, y)));
    expect(seen.some((one) => one.startsWith(`${name}:`))).toBe(true);
    expect(inputs.flatMap(([x, y]) => violations(found, reached(layer, x, y)))).toEqual([]);
  });
});

describe("what breaks a limit is named", () => {
  test("a unit whose products overflow the down projection, and an input that does it", () => {
    const layer = layerOf(23);
    layer.gate.data.set(
      Float32Array.from(rowOf(layer.gate, 7), (x) => 20 * x),
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
  test("keys that turning makes larger than what the write into the cache may sum", () => {
    const layer = layerOf(5);
    const { value } = layerBounds(layer, gramOf).bounds.k;
    const withKeys = (most: number) => ({
      ...layer,
      q: { ...layer.q, data: layer.q.data.map((x) => x * 1e-5) },
      k: { ...layer.k, data: layer.k.data.map((x) => (x * most) / value) },
    });
    expect(broken(layerBounds(withKeys(23_000), gramOf))).toBeUndefined();
    // Two elements of a pair of 23200 each come to 32810 at an eighth of a turn.
    expect(broken(layerBounds(withKeys(23_200), gramOf))).toBe("k");
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
    const full = gramOf(rows, 24, (row, to) => to.set(rowOf(m, row)));
    const v = topOf(m);
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
