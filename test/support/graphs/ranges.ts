/** Decoder layers of a few small matrices, and what their numbers reach for given normed rows, written as the formulas stand. */
import { uniform } from "../../../src/dsl/random.ts";
import { gramMachine } from "../../../src/passes/kernels/gram-run.ts";
import type { GramOf } from "../../../src/passes/ranges/eigen.ts";
import { type LayerBounds, type LayerWeights, QUANTITIES, type Quantity } from "../../../src/passes/ranges/layer.ts";
import { ACTIVATION, MARGIN } from "../../../src/passes/ranges/limits.ts";
import { dot, lengthOf, type Matrix, rowOf } from "../../../src/passes/ranges/matrix.ts";

export const [D, FFN, HEADS, KV, HEAD] = [12, 20, 4, 2, 6] as const;

/** Forms of matrices of up to 24 columns; whoever makes them closes them. */
export function smallForms(): { readonly gramOf: GramOf; readonly close: () => Promise<void> } {
  const machine = gramMachine(24, 1);
  const gramOf: GramOf = (rows, columns, write) => ({
    n: columns,
    data: machine.gram(rows, columns, write),
    error: machine.error(rows),
  });
  return { gramOf, close: machine.close };
}

/** Numbers of −scale to scale, of a stream of their own. */
export const drawn = (tag: number, n: number, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, (_, k) => scale * uniform(2026, tag, k));
export const matrix = (tag: number, rows: number, columns: number, scale = 1): Matrix => ({
  rows,
  columns,
  data: drawn(tag, rows * columns, scale),
});

const SIZES: LayerWeights["sizes"] = {
  heads: HEADS,
  kvHeads: KV,
  headDim: HEAD,
  scoreScale: HEAD ** -0.5,
  ropeFactor: 1,
  residualMultiplier: 1,
};

/** A layer of numbers up to `scale`, with what a decoder may have beside its matrices. */
export function layerOf(tag: number, scale = 1, more: Partial<LayerWeights> = {}): LayerWeights {
  const of = (part: number, rows: number, columns: number) => matrix(100 * tag + part, rows, columns, scale);
  return {
    sizes: SIZES,
    attnNorm: drawn(100 * tag, D, 2),
    q: of(1, HEADS * HEAD, D),
    k: of(2, KV * HEAD, D),
    v: of(3, KV * HEAD, D),
    output: of(4, D, HEADS * HEAD),
    mlpNorm: drawn(100 * tag + 5, D, 2),
    gate: of(6, FFN, D),
    up: of(7, FFN, D),
    down: of(8, D, FFN),
    ...more,
  };
}

const biases = (tag: number): NonNullable<LayerWeights["biases"]> => ({
  q: drawn(tag, HEADS * HEAD, 3),
  k: drawn(tag + 1, KV * HEAD, 3),
  v: drawn(tag + 2, KV * HEAD, 3),
  output: drawn(tag + 3, D, 3),
  gate: drawn(tag + 4, FFN, 3),
  up: drawn(tag + 5, FFN, 3),
  down: drawn(tag + 6, D, 3),
});
const postNorms = { attnPostNorm: drawn(7001, D, 2), mlpPostNorm: drawn(7002, D, 2) };

/** What decoders have: a layer of each kind, by name. */
export const LAYERS: ReadonlyMap<string, LayerWeights> = new Map([
  ["plain", layerOf(1)],
  ["of large weights", layerOf(2, 30)],
  ["with biases, as Qwen 2", layerOf(3, 1, { biases: biases(6000) })],
  ["of large weights and biases", layerOf(4, 20, { biases: biases(6100) })],
  ["with norms of heads, as Qwen 3", layerOf(5, 1, { more: { qNorm: drawn(1, HEAD, 2), kNorm: drawn(2, HEAD, 3) } })],
  [
    "with norms of all heads at once",
    layerOf(6, 1, {
      sizes: { ...SIZES, qkNormOverAll: true },
      more: { qNorm: drawn(3, HEADS * HEAD, 2), kNorm: drawn(4, KV * HEAD, 3) },
    }),
  ],
  [
    "with norms of heads that leave more than there was",
    layerOf(12, 1, { more: { qNorm: drawn(5, HEAD, 60), kNorm: drawn(6, HEAD, 60) } }),
  ],
  [
    "with norms of all heads at once that leave more than there was",
    layerOf(13, 1, {
      sizes: { ...SIZES, qkNormOverAll: true },
      more: { qNorm: drawn(7, HEADS * HEAD, 60), kNorm: drawn(8, KV * HEAD, 60) },
    }),
  ],
  [
    "with capped scores, gelu and norms behind the blocks, as Gemma 2",
    layerOf(7, 1, { sizes: { ...SIZES, scoreCap: 5, activation: "gelu_tanh" }, more: postNorms }),
  ],
  [
    "with a residual multiplier, a scale of queries and RoPE's factor",
    layerOf(8, 1, { sizes: { ...SIZES, residualMultiplier: 0.25, scoreScale: 3, ropeFactor: 1.2 } }),
  ],
]);

/** Σ |aᵢxᵢ| + |b| of every row, which no order of the sum passes; and the sums themselves. */
const magnitudes = (m: Matrix, x: ArrayLike<number>, bias?: ArrayLike<number>): number => {
  let most = 0;
  for (let row = 0; row < m.rows; row++) {
    let sum = Math.abs(bias?.[row] ?? 0);
    for (let k = 0; k < m.columns; k++) sum += Math.abs(m.data[row * m.columns + k]! * x[k]!);
    most = Math.max(most, sum);
  }
  return most;
};
const times = (m: Matrix, x: ArrayLike<number>, bias?: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: m.rows }, (_, row) => dot(rowOf(m, row), x) + (bias?.[row] ?? 0));
const most = (x: ArrayLike<number>): number => Array.from(x).reduce((a, y) => Math.max(a, Math.abs(y)), 0);
const stretched = (x: Float64Array, gain: ArrayLike<number>): Float64Array => x.map((y, k) => y * gain[k]!);

/** A row of the length that a norm leaves, times what the norm may be off by. */
export function onBall(x: Float64Array, off = MARGIN): Float64Array {
  const length = lengthOf(x);
  return length === 0 ? x : x.map((y) => (off * y * Math.sqrt(x.length)) / length);
}

/** Pairs of a head turned by an angle each, and by RoPE's own factor. */
function turned(x: Float64Array, angle: number, factor: number): Float64Array {
  const [out, half] = [new Float64Array(x.length), HEAD / 2];
  for (let at = 0; at < x.length; at += HEAD)
    for (let i = 0; i < half; i++) {
      const [c, s] = [factor * Math.cos(angle * (i + 1)), factor * Math.sin(angle * (i + 1))];
      out[at + i] = c * x[at + i]! - s * x[at + half + i]!;
      out[at + half + i] = s * x[at + i]! + c * x[at + half + i]!;
    }
  return out;
}

const activate = (x: number, kind: string): number =>
  kind === "silu" ? x / (1 + Math.exp(-x)) : (x / 2) * (1 + Math.tanh(0.7978845608 * (x + 0.044715 * x ** 3)));

/** Queries or keys as they meet: normed where the layer norms them, then turned. */
function heads(layer: LayerWeights, part: "q" | "k", row: Float64Array, angle: number): Float64Array {
  const gain = layer.more?.[`${part}Norm`];
  const { qkNormOverAll, ropeFactor } = layer.sizes;
  const own = times(layer[part], row, layer.biases?.[part]);
  if (!gain) return turned(own, angle, ropeFactor);
  const size = qkNormOverAll ? own.length : HEAD;
  const normed = new Float64Array(own.length);
  for (let at = 0; at < own.length; at += size)
    normed.set(stretched(onBall(own.slice(at, at + size)), qkNormOverAll ? gain : gain.subarray(0, HEAD)), at);
  return turned(normed, angle, ropeFactor);
}

/** What is reached of every quantity, and what is added to the hidden row. */
export type Reached = Readonly<Record<Quantity | "added", number>>;

/** Of two tokens with the normed rows x and y, whose weights of softmax add up to what they may. */
export function reached(layer: LayerWeights, x: Float64Array, y: Float64Array): Reached {
  const { sizes, biases: b = {}, more = {} } = layer;
  const [nx, ny] = [stretched(x, layer.attnNorm), stretched(y, layer.attnNorm)];
  const [q, k] = [heads(layer, "q", nx, 0.3), heads(layer, "k", ny, 0.3)];
  const values = [times(layer.v, nx, b.v), times(layer.v, ny, b.v)] as const;
  const kv = (head: number): number => Math.floor((head * KV) / HEADS) * HEAD;
  const products = Array.from({ length: HEADS }, (_, h) =>
    Array.from({ length: HEAD }, (_, d) => q[h * HEAD + d]! * k[kv(h) + d]!),
  );
  const sums = products.map((own) => own.reduce((s, p) => s + Math.abs(p), 0));
  const capped = (s: number): number => (sizes.scoreCap ? sizes.scoreCap * Math.tanh(s / sizes.scoreCap) : s);
  const scores = products.map((own) => capped(Math.abs(sizes.scoreScale * own.reduce((s, p) => s + p, 0))));
  const mixed = Float64Array.from({ length: HEADS * HEAD }, (_, at) => {
    const from = kv(Math.floor(at / HEAD)) + (at % HEAD);
    return MARGIN * (0.3 * values[0][from]! + 0.7 * values[1][from]!);
  });
  const m = stretched(x, layer.mlpNorm);
  const [g, u] = [times(layer.gate, m, b.gate), times(layer.up, m, b.up)];
  const act = g.map((a, unit) => {
    const own = activate(a, sizes.activation ?? "silu");
    return (own + Math.sign(own) * ACTIVATION) * u[unit]!;
  });
  const post = (row: Float64Array, gain: ArrayLike<number> | undefined): number =>
    Math.abs(sizes.residualMultiplier) * most(gain ? stretched(onBall(row), gain) : row);
  // A turned element may be √2 times what was projected, and is within fp16 where that is within the accumulator.
  const turning = more.qNorm ? 1 : Math.SQRT1_2;
  return {
    normed: Math.max(most(nx), most(m)),
    q: Math.max(magnitudes(layer.q, nx, b.q), turning * most(q)) * Math.max(1, sizes.scoreScale),
    k: Math.max(magnitudes(layer.k, ny, b.k), turning * most(k)),
    v: Math.max(magnitudes(layer.v, nx, b.v), magnitudes(layer.v, ny, b.v)),
    qk: Math.max(...sums) * Math.max(1, sizes.scoreScale),
    score: Math.max(...scores),
    pv: most(mixed),
    output: magnitudes(layer.output, mixed, b.output),
    gate: magnitudes(layer.gate, m, b.gate),
    up: magnitudes(layer.up, m, b.up),
    act: most(act),
    down: magnitudes(layer.down, act, b.down),
    added:
      post(times(layer.output, mixed, b.output), more.attnPostNorm) +
      post(times(layer.down, act, b.down), more.mlpPostNorm),
  };
}

/** The quantities of which more is reached than the bounds allow, with how much; none where they hold. */
export function violations({ bounds, added }: LayerBounds, seen: Reached): readonly string[] {
  const limits: Readonly<Record<string, number>> = {
    ...Object.fromEntries((Object.keys(QUANTITIES) as Quantity[]).map((name) => [name, bounds[name].value])),
    added,
  };
  return Object.entries(seen).flatMap(([name, value]) =>
    value <= limits[name]! ? [] : [`${name}: ${value} above ${limits[name]}`],
  );
}

/**
 * Normed rows to try a layer with: at random, where its rows and units point, and each of these led up for every quantity by steps that are kept where
 * more is reached.
 */
export function* inputsOf(
  layer: LayerWeights,
  count: number,
  seed: number,
): Generator<readonly [Float64Array, Float64Array]> {
  const pointed = [layer.q, layer.k, layer.v].flatMap((m) => rowsTimes(m, layer.attnNorm));
  const [gates, ups] = [layer.gate, layer.up].map((m) => rowsTimes(m, layer.mlpNorm)) as [
    Float64Array[],
    Float64Array[],
  ];
  const unit = (x: Float64Array) => x.map((y) => y / (lengthOf(x) || 1));
  const units = gates.flatMap((a, n) => {
    const [p, r] = [unit(a), unit(ups[n]!)];
    const sign = Math.sign(dot(p, r)) || 1;
    return [p.map((y, k) => y + sign * r[k]!)];
  });
  const starts = [...pointed, ...gates, ...ups, ...units].flatMap((x) => [onBall(x), onBall(x.map((y) => -y))]);
  let n = 0;
  for (const x of starts) if (n++ < count) yield [x, x];
  const names = [...Object.keys(QUANTITIES), "added"] as (keyof Reached)[];
  for (let climb = 0; n < count; climb++) {
    const name = names[climb % names.length]!;
    let best = [
      onBall(Float64Array.from(drawn(seed + climb, D))),
      onBall(Float64Array.from(drawn(seed + 7777 + climb, D))),
    ] as const;
    let so = reached(layer, ...best)[name];
    for (let step = 0; step < STEPS && n < count; step++, n++) {
      const size = step < STEPS / 2 ? 0.5 : 0.1;
      const moved = best.map((x, k) =>
        onBall(x.map((y, i) => y + size * uniform(seed, 2 * climb + k, step * D + i))),
      ) as [Float64Array, Float64Array];
      yield moved;
      const now = reached(layer, ...moved)[name];
      if (now > so) [best, so] = [moved, now];
    }
  }
}
const STEPS = 60;

const rowsTimes = (m: Matrix, gain: ArrayLike<number>): Float64Array[] =>
  Array.from({ length: m.rows }, (_, row) => stretched(Float64Array.from(rowOf(m, row)), gain));
