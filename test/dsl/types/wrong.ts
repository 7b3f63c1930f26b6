/**
 * Mistakes that must not compile. What follows `@ts-expect-error` is what the compiler must say, which names the sizes;
 * test/dsl/types.test.ts holds it to that.
 */
import {
  add,
  concat,
  constant,
  conv,
  type Dim,
  graph,
  input,
  linear,
  logical_and,
  matmul,
  mul,
  real_div,
  reshape,
  select,
  slice_by_index,
  slice_by_size,
  split,
  squeeze,
  state,
  sub,
  tile,
  transpose,
  weight,
} from "graphc";

declare const T: Dim<"T">;
declare const S: Dim<"S">;
const x = input("x", [1, 3072, 4, 1]);
const block = input("block", [1, 3072, T, 1]);
const q = input("q", [1, 24, 4, 128]);
const k = input("k", [1, 8, 512, 128]);
const single = input("single", [1, 24, 128, 512], "fp32");
const flags = input("flags", [1, 24, 4, 1], "bool");
const cache = state("cache", [1, 8, S, 128]);

// @ts-expect-error matmul: inner sizes differ: 128 and 512 in [1,24,4,128] x [1,8,512,128]
matmul(q, k);
// @ts-expect-error matmul: batch axes of [1,24,4,128] and [1,8,512,128] do not broadcast: 24 against 8
matmul(q, k, { transpose_y: true });
// @ts-expect-error matmul: inner sizes differ: T and S in [1,1,128,T] x [1,8,S,128]
matmul(input("rows", [1, 1, 128, T]), cache);
// @ts-expect-error matmul: needs matrices: both operands must have rank 2 or more
matmul(q, input("vector", [128]));
// @ts-expect-error Type '"fp32"' is not assignable to type '"fp16"'
matmul(q, single);

// @ts-expect-error add: cannot broadcast [1,24,4,128] with [1,1,3,128]: 4 against 3
add(q, input("mask", [1, 1, 3, 128]));
// @ts-expect-error sub: cannot broadcast [1,24,4,128] with [3]: 128 against 3
sub(q, [1, 2, 3]);
// @ts-expect-error mul: cannot broadcast [1,3072,T,1] with [1,3072,4,1]: T against 4
mul(block, x);
// @ts-expect-error real_div: cannot broadcast [1,8,S,128] with [1,8,T,128]: S against T
real_div(cache, input("rows", [1, 8, T, 128]));
// @ts-expect-error add: dtypes differ: x is fp16, y is fp32
add(input("half", [1, 24, 128, 512]), single);
// @ts-expect-error select: cannot broadcast [1,24,4,1] with [1,24,3,128]: 4 against 3
select(flags, input("a", [1, 24, 3, 128]), 0);
// @ts-expect-error select: cannot broadcast [1,24,4,128] with [1,24,3,128]: 4 against 3
select(flags, q, input("b", [1, 24, 3, 128]));
// @ts-expect-error logical_and: cannot broadcast [1,24,4,1] with [5,1]: 4 against 5
logical_and(flags, input("others", [5, 1], "bool"));

// @ts-expect-error concat: shapes differ outside axis 1: [1,24,4,128] and [1,8,512,128]
concat([q, k], { axis: 1 });
// @ts-expect-error concat: shapes differ outside axis -1: [1,24,4,128] and [1,24,3,128]
concat([q, q, input("other", [1, 24, 3, 128])], { axis: -1 });
// @ts-expect-error concat: axis 4 is outside [1,24,4,128]
concat([q, q], { axis: 4 });
// @ts-expect-error concat: dtypes differ: fp16 and fp32
concat([q, single], { axis: 2 });

// @ts-expect-error split: sizes [3072,1024,1024] add up to 5120, axis 1 of [1,3072,4,1] is 3072
split(x, { split_sizes: [3072, 1024, 1024], axis: 1 });
// @ts-expect-error slice_by_size: 96+48 runs past axis 3 (128) of [1,24,4,128]
slice_by_size(q, [0, 0, 0, 96], { size: [1, 24, 4, 48] });
// @ts-expect-error slice_by_index: end 129 runs past axis 3 (128) of [1,24,4,128]
slice_by_index(q, [0, 0, 0, 0], [1, 24, 4, 129]);

// @ts-expect-error reshape: [1,3072,4,1] has not as many elements as [1,24,4,127]: 3072 against 3048 where they differ
reshape(x, { shape: [1, 24, 4, 127] });
// @ts-expect-error reshape: [1,3072,T,1] and [1,24,128,4] do not share the size T
reshape(block, { shape: [1, 24, 128, 4] });
// Both products are beyond 2^53, and as number literals they would be the same.
// @ts-expect-error reshape: [99991,99991,99991,99991] has not as many elements as [99989,99989,99989,99989]
reshape(input("huge", [99991, 99991, 99991, 99991]), { shape: [99989, 99989, 99989, 99989] });
// @ts-expect-error transpose: perm [0,1,3,3] is not a permutation of the axes of [1,24,4,128]
transpose(q, { perm: [0, 1, 3, 3] });
// @ts-expect-error transpose: perm [1,0] is not a permutation of the axes of [1,24,4,128]
transpose(q, { perm: [1, 0] });
// @ts-expect-error squeeze: [1,24,4,128] has size 24 on a squeezed axis
squeeze(q, { axes: [0, 1] });
// @ts-expect-error tile: reps [1,2,3] must have one number for each axis of [1,24,4,128]
tile(q, { reps: [1, 2, 3] });

// @ts-expect-error conv: [1,3072,4,1] has 3072 channels, the weight [5120,3071,1,1] takes 3071
conv(x, weight("w", [5120, 3071, 1, 1]));
// @ts-expect-error conv: the weight [5120,3072,1] has another rank than [1,3072,4,1]
conv(x, weight("w", [5120, 3072, 1]));
// @ts-expect-error linear: the last axis of [1,24,4,128] is 128, the weight [64,96] takes 96
linear(q, weight("w", [64, 96]));
// @ts-expect-error Type '"int32"' is not assignable to type '"fp16"'
conv(x, constant([1], [1, 3072, 1, 1], "int32"));

// @ts-expect-error Type '3071' is not assignable to type '3072'
export const wrongResult: typeof x = input("y", [1, 3071, 4, 1]);
// @ts-expect-error Property 'outputs' is missing
graph({ name: "g", inputs: [x] });
