/** Shapes that TypeScript must find, exactly: each line compiles only when the result has this shape. */
import {
  add,
  cast,
  concat,
  conv,
  type Dim,
  expand_dims,
  gather,
  greater,
  input,
  linear,
  matmul,
  mul,
  real_div,
  reduce_max,
  reduce_mean,
  reduce_sum,
  reshape,
  rmsNorm,
  rope,
  select,
  silu,
  slice_by_index,
  slice_by_size,
  softmax,
  split,
  squeeze,
  stack,
  state,
  sub,
  type Tensor,
  tile,
  transpose,
  weight,
} from "graphc";
import { type Equal, shape, yes } from "./equal.ts";

declare const T: Dim<"T">;
declare const S: Dim<"S">;
declare const n: number;
const x = input("x", [1, 3072, 4, 1]);
const block = input("block", [1, 3072, T, 1]);
const q = input("q", [1, 24, 4, 128]);
const cache = state("cache", [1, 8, S, 128]);
const slot = input("slot", [1, 1, S, T]);
const rows = input("rows", [1, 8, T, 128]);
const loose: Tensor = q;

// element by element
shape<[1, 24, 4, 128]>()(add(q, 1));
shape<[1, 24, 4, 128]>()(sub(1, q));
shape<[1, 24, 4, 128]>()(mul(q, input("row", [128])));
shape<[5, 24, 4, 128]>()(mul(q, input("wide", [5, 1, 1, 1])));
shape<[1, 3072, Dim<"T">, 1]>()(real_div(block, input("row", [1, 1, T, 1])));
shape<[1, 24, 4, 128]>()(silu(q));
shape<[1, 24, 4, 128]>()(softmax(q, { axis: 1 }));
shape<[1, 24, 4, 128]>()(select(greater(q, 0.5), q, 0));
shape<[1, 8, Dim<"S">, 128]>()(
  add(mul(cache, sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }))), matmul(slot, rows)),
);
yes<Equal<ReturnType<typeof dtype>, "bool">>();
const dtype = () => greater(q, 0.5).type.dtype;
yes<Equal<ReturnType<typeof casted>, "int32">>();
const casted = () => cast(q, { dtype: "int32" }).type.dtype;
yes<Equal<ReturnType<typeof position>, "int32">>();
const position = () => add(input("position", [1], "int32"), 3).type.dtype;

// products
shape<[1, 24, 4, 512]>()(matmul(q, input("k", [1, 24, 512, 128]), { transpose_y: true }));
shape<[1, 24, 128, 128]>()(matmul(q, q, { transpose_x: true }));
shape<[1, 8, Dim<"S">, 128]>()(matmul(slot, rows));
shape<[1, 8, Dim<"T">, Dim<"S">]>()(matmul(rows, cache, { transpose_y: true }));
shape<[1, 24, 4, 64]>()(linear(q, weight("w", [64, 128])));
shape<[1, 5120, Dim<"T">, 1]>()(conv(block, weight("w", [5120, 3072, 1, 1])));
shape<[1, 5120, number, number]>()(conv(x, weight("w", [5120, 3072, 3, 1])));
shape<[1, 5120, number, number]>()(conv(x, weight("w", [5120, 1, 1, 1]), { groups: 3072 }));

// rearranged
shape<[1, 24, 128, 4]>()(reshape(x, { shape: [1, 24, 128, 4] }));
shape<[1, 24, 128, Dim<"T">]>()(reshape(block, { shape: [1, 24, 128, T] }));
shape<[24, 512]>()(reshape(q, { shape: [24, 512] }));
shape<[24, number]>()(reshape(q, { shape: [24, -1] }));
shape<[1, 24, number, 4]>()(reshape(x, { shape: [1, 24, n, 4] }));
shape<[1, 24, 128, 4]>()(transpose(q, { perm: [0, 1, 3, 2] }));
shape<[1, 24, 128, 4]>()(transpose(q, { perm: [0, 1, -1, -2] }));
shape<[1, 1, 24, 4, 128]>()(expand_dims(q, { axes: [0] }));
shape<[1, 24, 4, 1, 128]>()(expand_dims(q, { axes: [-2] }));
shape<[1, 3072]>()(squeeze(input("y", [1, 3072, 1, 1]), { axes: [2, -1] }));
shape<[2, 24, 12, 128]>()(tile(q, { reps: [2, 1, 3, 1] }));

// joined and cut
shape<[1, 24, 12, 128]>()(concat([q, q, q], { axis: 2 }));
shape<[1, 24, 4, 256]>()(concat([q, q], { axis: -1 }));
shape<[1, 8, number, 128]>()(concat([rows, cache], { axis: 2 }));
shape<[1, 3, 24, 4, 128]>()(stack([q, q, q], { axis: 1 }));
const [lo, hi, pass] = split(q, { split_sizes: [48, 48, 32], axis: -1 });
shape<[1, 24, 4, 48]>()(lo);
shape<[1, 24, 4, 48]>()(hi);
shape<[1, 24, 4, 32]>()(pass);
const [gate, up] = split(q, { num_splits: 2, axis: 1 });
add(gate, up);
shape<[1, 24, 4, 32]>()(slice_by_size(q, [0, 0, 0, 96], { size: [1, 24, 4, 32] }));
shape<[1, 24, 2, 128]>()(slice_by_index(q, [0, 0, 1, 0], [1, 24, 3, 128]));
shape<[1, 24, 2, 128]>()(gather(q, [3, 1], { axis: 2 }));
shape<[1, 4, 128]>()(gather(q, 5, { axis: 1 }));

// reduced
shape<[1, 24, 4, 1]>()(reduce_max(q, { axes: [-1], keep_dims: true }));
shape<[1, 4]>()(reduce_mean(q, { axes: [1, -1] }));
shape<[]>()(reduce_sum(q));

// helpers of the Phi layer keep the shape
shape<[1, 3072, Dim<"T">, 1]>()(rmsNorm(block, weight("g", [1, 3072, 1, 1]), { eps: 1e-5 }));
shape<[1, 8, Dim<"T">, 128]>()(rope(rows, input("cos", [T, 48]), input("sin", [T, 48]), { axis: 3 }));

// What TypeScript does not know it leaves to the run time, without an error.
add(loose, q);
matmul(loose, q);
concat([loose, q], { axis: 1 });
split(loose, { split_sizes: [1, 2], axis: 0 });
reshape(loose, { shape: [7] });
transpose(loose, { perm: [0, 1] });
transpose(q, { perm: [0, 1, n, 2] });
reduce_sum(q, { axes: [n] });
add(input("a", [n, 3]), input("b", [4, 3]));
matmul(input("a", [n, n]), input("b", [4, 3]));
split(input("a", [n]), { split_sizes: [1, 2], axis: 0 });
concat([input("a", [n, 3]), input("b", [4, 3])], { axis: 1 });
