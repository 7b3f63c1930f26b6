/**
 * For every rule of the prover a pair of graphs that are not equal, and that only a broken form of this rule would
 * equate. Each is a value made from one row of `x` and from the masks, for the block and for the step.
 */
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import {
  abs,
  add,
  cast,
  concat,
  exp,
  floor_div,
  gather,
  less,
  maximum,
  minimum,
  mul,
  real_div,
  reduce_max,
  reduce_min,
  reduce_sum,
  scatter,
  select,
  slice_by_size,
  slice_update,
  softmax,
  sqrt,
  square,
  sub,
  tanh,
  tile,
  transpose,
} from "../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";

type Value = Tensor<Shape, "fp16">;

interface Feeds {
  /** [T, 4]. */
  readonly x: Value;
  /** [1, 1, T, S] and [1, 1, S, T]. */
  readonly mask: Value;
  readonly write: Value;
  readonly tokens: number;
}
type Make = (feeds: Feeds) => Value;

export interface Dual {
  readonly block: Graph;
  readonly step: Graph;
  /** The false claim; any proof when absent. */
  readonly level?: "exact";
}

const [T, S] = [2, 3];

function feeding(make: Make, tokens: number): Graph {
  const x = input("x", [tokens, 4]) as Value;
  const mask = input("attn_mask", [1, 1, tokens, S]) as Value;
  const write = input("kv_write_mask", [1, 1, S, tokens]) as Value;
  return graph({
    name: `dual_${tokens}`,
    inputs: [x, mask, write],
    outputs: { y: make({ x, mask, write, tokens }) },
  });
}

const dual = (block: Make, step: Make, more: Pick<Dual, "level"> = {}): Dual => ({
  block: feeding(block, T),
  step: feeding(step, 1),
  ...more,
});

const cut = <X extends Tensor<Shape, "fp16" | "int32">>(x: X, axis: number, begin: number, count = 1): X =>
  slice_by_size(
    x,
    x.type.shape.map((_, a) => (a === axis ? begin : 0)),
    { size: x.type.shape.with(axis, count) },
  ) as unknown as X;

/** f(mask[t, w_j]) for every t, as [1, 1, T, 1]: the write mask's column j picks the row. */
const maskAt = ({ mask, write }: Feeds, j: number, f: (m: Value) => Value): Value => {
  const column = cut(write, 3, j) as Value;
  const picked = mul(f(mask), reshapeRow(column)) as Value;
  return reduce_sum(picked, { axes: [3], keep_dims: true }) as Value;
};

const reshapeRow = (column: Value): Value => transpose(column, { perm: [0, 1, 3, 2] }) as Value;

/** The masked-out entry (0, w_1) through f for token 0; zero for all other tokens. */
const maskedOut =
  (f: (m: Value) => Value): Make =>
  (feeds) => {
    const first = cut(maskAt(feeds, 1, f), 2, 0);
    return concat(
      [
        first,
        mul(
          cut(
            maskAt(feeds, 1, (m) => exp(m) as Value),
            2,
            1,
          ),
          0,
        ) as Value,
      ],
      { axis: 2 },
    ) as Value;
  };
const nothing: Make = ({ write }) => mul(reduce_sum(reshapeRow(write), { axes: [3], keep_dims: true }), 0) as Value;
const one: Make = (feeds) => add(nothing(feeds), 1) as Value;

const caching = (
  tokens: number,
  update: (K: Value, rows: Value, at: Tensor<Shape, "int32">) => Tensor,
  at: number,
): Graph => {
  const x = input("x", [tokens, 4]) as Value;
  const position = input("position", [at], "int32") as Tensor<Shape, "int32">;
  const K = state("K", [S + 1, 4]) as Value;
  return graph({
    name: `cache_${tokens}`,
    inputs: [x, position],
    states: [[K, update(K, x, position)]],
    outputs: { y: x },
  });
};

/** A value of rows and their positions, beside a cache that tells how many rows there are. */
const positioned = (tokens: number, at: number, make: (x: Value, position: Tensor<Shape, "int32">) => Value): Graph => {
  const x = input("x", [tokens, 4]) as Value;
  const position = input("position", [at], "int32") as Tensor<Shape, "int32">;
  const K = state("K", [S + 1, 4]) as Value;
  return graph({ name: `at_${tokens}`, inputs: [x, position], states: [[K, K]], outputs: { y: make(x, position) } });
};
const TABLE = weight("table", [S + 1, 4]) as Value;
/** Rows of a mask, as many as the cache has; the last entry of the last row is `last`. */
const triangle = (last: number): Value => {
  const entries: readonly number[] = Array.from({ length: (S + 1) ** 2 }, (_, k) =>
    k % (S + 1) > Math.floor(k / (S + 1)) ? -10_000 : 0,
  );
  return constant(entries.with(-1, last), [S + 1, S + 1]) as Value;
};

/** A value of two attention masks for one token. */
const masked = (make: (masks: readonly [Value, Value]) => Value): Graph => {
  const [a, b] = ["attn_mask", "causal_mask"].map((name) => input(name, [1, 1, 1, S]) as Value) as [Value, Value];
  return graph({ name: "masked", inputs: [a, b], outputs: { y: reduce_sum(make([a, b]), { axes: [3] }) as Value } });
};

const low = (x: Value): Value => add(x, -10000) as Value;
const twoBelowOne = () => less(constant([2], [1, 1]), constant([1], [1, 1])) as never;

/** A run of pieces of x along the channels. */
const pieces =
  (...channels: readonly number[]): Make =>
  ({ x }) =>
    concat(
      channels.map((c) => cut(x, 1, c)),
      { axis: 1 },
    ) as Value;

const spread = (x: Value): Value => {
  const top = exp(sub(x, reduce_max(x, { axes: [1], keep_dims: true })));
  return real_div(top, reduce_sum(top, { axes: [1], keep_dims: true })) as Value;
};

const minus = (x: Value): Value => mul(x, -1) as Value;
const same: Make = ({ x }) => x;

const times =
  (k: number): Make =>
  ({ x }) =>
    mul(x, k) as Value;

export const DUALS: Readonly<Record<string, Dual>> = {
  "write-mask": dual(
    ({ write, tokens }) =>
      reduce_sum(mul(write, tile(cut(write, 3, 0), { reps: [1, 1, 1, tokens] })), {
        axes: [2],
        keep_dims: true,
      }) as Value,
    ({ write }) => reduce_sum(mul(write, write), { axes: [2], keep_dims: true }) as Value,
  ),
  "mask-shut": dual((feeds) => maskAt(feeds, 0, (m) => exp(m) as Value), nothing),
  "mask-own-open": dual((feeds) => maskAt(feeds, 0, (m) => exp(m) as Value), one),
  "row-distinct": {
    block: caching(
      T,
      (K, x, at) => scatter(K, at, tile(cut(x, 0, T - 1), { reps: [T, 1] }), { axis: 0, mode: "update" }),
      T,
    ),
    step: caching(1, (K, x, at) => scatter(K, at, x, { axis: 0, mode: "update" }), 1),
  },
  "row-contiguous": {
    block: caching(T, (K, x, at) => slice_update(K, x, after(cut(at, 0, 0), 1), after(cut(at, 0, 0), 1 + T, 4)), T),
    step: caching(1, (K, x, at) => slice_update(K, x, after(at, 0), after(at, 1, 4)), 1),
  },
  "re-roll": dual(pieces(0, 1, 3), pieces(0, 1, 2)),
  commute: dual(
    ({ x }) => sub(x, exp(x)) as Value,
    ({ x }) => sub(exp(x) as Value, x) as Value,
  ),
  "add-constants": dual(({ x }) => mul(x, add(constant([1.5], [1]), 1)) as Value, times(2)),
  "add-zero": dual(({ x }) => add(x, 1) as Value, same),
  "add-opposite": dual(({ x }) => sub(x, exp(x)) as Value, times(0)),
  "mul-constants": dual(({ x }) => mul(x, mul(constant([1.5], [1]), 1.5)) as Value, times(2)),
  "mul-zero": dual(times(3), times(0)),
  "mul-one": dual(times(3), same),
  "mul-minus-one": dual(times(3), times(-1)),
  "mul-sign": dual(
    ({ x }) => mul(minus(x), exp(x)) as Value,
    ({ x }) => mul(x, exp(x)) as Value,
  ),
  "div-by-power": dual(
    ({ x }) => real_div(x, 3) as Value,
    ({ x }) => real_div(x, 4) as Value,
  ),
  "zero-div": dual(
    ({ x }) => real_div(constant([1], [1, 1]), x) as Value,
    ({ x }) => real_div(constant([2], [1, 1]), x) as Value,
  ),
  "div-sign": dual(
    ({ x }) => real_div(minus(x), exp(x)) as Value,
    ({ x }) => real_div(x, exp(x)) as Value,
  ),
  "round-known": dual(
    ({ x }) => softmax(x, { axis: 1 }),
    ({ x }) => spread(x),
    { level: "exact" },
  ),
  "round-sign": dual(
    ({ x }) => mul(minus(x), exp(x)) as Value,
    ({ x }) => mul(x, exp(x)) as Value,
  ),
  "sum-zero": dual(
    ({ x }) => reduce_sum(concat([exp(cut(x, 1, 0)) as Value, cut(x, 1, 1)], { axis: 1 }), { axes: [1] }) as Value,
    ({ x }) => reduce_sum(mul(x, 0), { axes: [1] }) as Value,
  ),
  "sum-one-hot": dual(
    (feeds) =>
      reduce_sum(concat([exp(cut(feeds.x, 1, 0)) as Value, cut(feeds.x, 1, 1)], { axis: 1 }), {
        axes: [1],
        keep_dims: true,
      }) as Value,
    ({ x }) => exp(cut(x, 1, 0)) as Value,
  ),
  "sum-sign": dual(
    ({ x }) => reduce_sum(minus(x), { axes: [1] }) as Value,
    ({ x }) => reduce_sum(x, { axes: [1] }) as Value,
  ),
  "exp-underflow": dual(
    maskedOut((m) => tanh(m) as Value),
    nothing,
  ),
  "max-drop": dual(
    ({ x }) => maximum(low(cut(x, 1, 0)), low(cut(x, 1, 1))) as Value,
    ({ x }) => low(cut(x, 1, 0)),
  ),
  "lift-mask": {
    block: masked(([a, b]) => exp(add(a, b)) as Value),
    step: masked(([a]) => exp(add(a, a)) as Value),
  },
  "neg-neg": dual(({ x }) => minus(x), same),
  "neg-number": dual(
    ({ x }) => sub(x, 2) as Value,
    ({ x }) => add(x, 2) as Value,
  ),
  "abs-number": dual(
    ({ x }) => add(x, abs(constant([-3], [1, 1]))) as Value,
    ({ x }) => add(x, -3) as Value,
  ),
  "abs-sign": dual(
    ({ x }) => tanh(minus(x)) as Value,
    ({ x }) => tanh(x) as Value,
  ),
  "exp-zero": dual(
    ({ x }) => tanh(mul(x, 0)) as Value,
    ({ x }) => add(mul(x, 0), 1) as Value,
  ),
  "round-number": dual(({ x }) => mul(x, add(constant([0.25], [1]), 0.25)) as Value, times(0)),
  "max-set": dual(
    ({ x }) => maximum(maximum(tanh(x), x), tanh(x)) as Value,
    ({ x }) => x,
  ),
  "min-as-max": dual(
    ({ x }) => minimum(minus(x), exp(x)) as Value,
    ({ x }) => minus(maximum(x, exp(x)) as Value),
  ),
  "compare-numbers": dual(({ x }) => select(twoBelowOne(), x, mul(x, 3)) as Value, same),
  "equal-order": dual(
    ({ x }) => select(less(x, exp(x)), x, mul(x, 3)) as Value,
    ({ x }) => select(less(exp(x), x), x, mul(x, 3)) as Value,
  ),
  "select-same": dual(({ x }) => select(less(x, mul(x, 2)), x, mul(x, 3)) as Value, same),
  "select-number": dual(({ x }) => select(twoBelowOne(), x, mul(x, 3)) as Value, same),
  "min-sign": dual(
    ({ x }) => reduce_min(minus(x), { axes: [1] }) as Value,
    ({ x }) => reduce_max(x, { axes: [1] }) as Value,
  ),
  "reduce-same": dual(
    ({ x }) => reduce_sum(x, { axes: [1] }) as Value,
    ({ x }) => reduce_max(x, { axes: [1] }) as Value,
  ),
  "counting-table": dual(
    ({ x }) => mul(x, cast(constant([0, 1, 3, 2], [1, 4], "int32"), { dtype: "fp16" })) as Value,
    ({ x }) => mul(x, cast(constant([0, 1, 2, 3], [1, 4], "int32"), { dtype: "fp16" })) as Value,
  ),
  "banded-table": {
    block: positioned(T, T, (_, at) => gather(triangle(1), at, { axis: 0 }) as Value),
    step: positioned(1, 1, (_, at) => gather(triangle(0), at, { axis: 0 }) as Value),
  },
  "index-arithmetic": {
    block: positioned(T, T, (x, at) => mul(x, gather(TABLE, add(at, 1), { axis: 0 })) as Value),
    step: positioned(1, 1, (x, at) => mul(x, gather(TABLE, at, { axis: 0 })) as Value),
  },
  "row-from-first": {
    block: positioned(T, 1, (x, at) => mul(x, gather(TABLE, at, { axis: 0 })) as Value),
    step: positioned(1, 1, (x, at) => mul(x, gather(TABLE, at, { axis: 0 })) as Value),
  },
  "floor-quotient": {
    block: positioned(T, T, (x, at) => mul(x, gather(TABLE, floor_div(at, 2), { axis: 0 })) as Value),
    step: positioned(1, 1, (x, at) => mul(x, gather(TABLE, mul(at, 0), { axis: 0 })) as Value),
  },
  "truth-set": dual(({ x }) => minimum(x, 0) as Value, times(0)),
  "real-round": dual(({ x }) => cast(cast(x, { dtype: "int32" }) as never, { dtype: "fp16" }) as Value, same),
  collect: dual(({ x }) => add(mul(x, 3), x) as Value, times(3)),
  content: dual(
    ({ x }) => add(mul(x, exp(x)), tanh(x)) as Value,
    ({ x }) => mul(mul(x, exp(x)), add(tanh(x), 1)) as Value,
  ),
  power: dual(({ x }) => sqrt(square(x)) as Value, same),
  "max-factor": dual(
    ({ x }) => reduce_max(mul(x, -2), { axes: [1] }) as Value,
    ({ x }) => mul(reduce_max(x, { axes: [1] }), -2) as Value,
  ),
  "sum-linear": dual(
    ({ x }) => reduce_sum(add(mul(x, 2), 1), { axes: [1] }) as Value,
    ({ x }) => add(mul(reduce_sum(x, { axes: [1] }), 2), 1) as Value,
  ),
};

/** [position + n, end]: a run-time place in a state [S, 4]. */
function after(position: Tensor<Shape, "int32">, n: number, end = 0): Tensor<Shape, "int32"> {
  const row = n === 0 ? position : (add(position, n) as Tensor<Shape, "int32">);
  return concat([row, constant([end], [1], "int32")], { axis: 0 }) as Tensor<Shape, "int32">;
}
