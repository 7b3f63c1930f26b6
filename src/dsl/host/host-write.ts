/** What a host does between two calls to a cache that it keeps, as ops: what it writes at slots, takes as the whole, or puts behind. */
import { GraphError } from "../error.ts";
import { add, concat, matmul, mul, reduce_sum, scatter, slice_by_size, slice_update, sub } from "../ops/index.ts";
import { constant, type Tensor } from "../tensor.ts";
import { type Shape, sameType, show } from "../type.ts";

/**
 * The cache [.., max_seq, ..] after the host wrote the rows [.., T, ..] of a call: copies of them. `place` is the call's write mask
 * [1, .., max_seq, T], or its positions.
 * @throws GraphError where they do not fit each other
 */
export function hostWrite(cache: Tensor, rows: Tensor, place: Tensor): Tensor {
  const axis = rowAxis(cache, rows);
  const [tokens, slots] = [rows.type.shape[axis]!, cache.type.shape[axis]!];
  if (tokens > slots) throw unfit(cache, rows, `along axis ${axis}, of which the cache has fewer`);
  const exit =
    place.type.dtype === "int32"
      ? writeAtPositions(cache, rows, place, axis)
      : writeByMask(cache, rows, place, { axis, tokens, slots });
  if (sameType(exit.type, cache.type)) return exit;
  throw unfit(cache, rows, `at the slots that "${place.name}" (${show(place.type)}) tells`);
}

/** The cache after the host took the output for it. @throws GraphError where it is of another type */
export function hostReplace(cache: Tensor, whole: Tensor): Tensor {
  if (sameType(whole.type, cache.type)) return whole;
  throw unfit(cache, whole, "as the whole of it");
}

/**
 * The cache [.., max_seq, ..] after the host dropped the oldest T rows and put the new rows [.., T, ..] behind the others: the last of both.
 * @throws GraphError where they do not fit each other
 */
export function hostShift(cache: Tensor, rows: Tensor): Tensor {
  const axis = rowAxis(cache, rows);
  if (sameType(rows.type, cache.type)) return rows;
  const [tokens, slots] = [rows.type.shape[axis]!, cache.type.shape[axis]!];
  if (tokens > slots) return rowsFrom(rows, axis, tokens - slots);
  const both = [rowsFrom(cache, axis, tokens), rows] as Tensor<Shape, "fp16">[];
  return concat(both, { axis });
}

/** The rows from one on. */
function rowsFrom(value: Tensor, axis: number, first: number): Tensor {
  const { shape } = value.type;
  const begin = shape.map((_, k) => (k === axis ? first : 0));
  return slice_by_size(value as Tensor<Shape, "fp16">, constant(begin, [begin.length], "int32"), {
    size: shape.map((n, k) => n - begin[k]!),
  });
}

/**
 * The axis of max_seq rows in the cache and of T in its new rows; where both have one size, the last but one.
 * @throws GraphError where they do not fit each other
 */
export function rowAxis(cache: Tensor, rows: Tensor): number {
  const [a, b] = [cache.type.shape, rows.type.shape];
  const differing = a.flatMap((n, axis) => (n === b[axis] ? [] : [axis]));
  if (a.length < 2 || a.length !== b.length || cache.type.dtype !== rows.type.dtype || differing.length > 1)
    throw unfit(cache, rows, "along one axis");
  return differing[0] ?? a.length - 2;
}

const unfit = (cache: Tensor, rows: Tensor, how: string): GraphError =>
  new GraphError(
    `the host cannot write ${show(rows.type)} into cache "${cache.name}" (${show(cache.type)}) ${how}`,
    cache.site,
  );

interface RowCounts {
  readonly axis: number;
  readonly tokens: number;
  readonly slots: number;
}

/**
 * [.., slots, tokens] against rows [.., tokens, features]: a slot with a one takes that token's row, any other keeps its own. Every factor is 0
 * or 1, so that these are copies wherever numbers are finite.
 */
function writeByMask(cache: Tensor, rows: Tensor, mask: Tensor, { axis, tokens, slots }: RowCounts): Tensor {
  const { shape } = mask.type;
  const rank = cache.type.shape.length;
  const wanted = [...Array.from({ length: shape.length - 2 }, () => 1), slots, tokens];
  if (axis !== rank - 2 || shape.length !== rank || shape.some((n, k) => n !== wanted[k]))
    throw unfit(
      cache,
      rows,
      `by "${mask.name}" (${show(mask.type)}): for that its slots and tokens are the last two axes`,
    );
  const one = mask as Tensor<Shape, "fp16">;
  const kept = sub(1, reduce_sum(one, { axes: [rank - 1], keep_dims: true }));
  return add(mul(cache as Tensor<Shape, "fp16">, kept), matmul(one, rows as Tensor<Shape, "fp16">));
}

/** At a position for each token, or at that of the first, which the others follow. */
function writeAtPositions(cache: Tensor, rows: Tensor, position: Tensor, axis: number): Tensor {
  const whole = position as Tensor<Shape, "int32">;
  const [into, from] = [cache as Tensor<Shape, "fp16">, rows as Tensor<Shape, "fp16">];
  const tokens = rows.type.shape[axis]!;
  if (position.type.shape.length !== 1) throw unfit(cache, rows, `at "${position.name}" (${show(position.type)})`);
  if (position.type.shape[0] === tokens) return scatter(into, whole, from, { axis, mode: "update" });
  const fixed = (sizes: readonly number[]): Tensor<Shape, "int32">[] =>
    sizes.length > 0 ? [constant(sizes, [sizes.length], "int32")] : [];
  const corner = (row: Tensor<Shape, "int32">, sizes: readonly number[]): Tensor<Shape, "int32"> =>
    concat([...fixed(sizes.slice(0, axis)), row, ...fixed(sizes.slice(axis + 1))], { axis: 0 });
  const { shape } = rows.type;
  return slice_update(
    into,
    from,
    corner(
      whole,
      shape.map(() => 0),
    ),
    corner(add(whole, tokens), shape),
  );
}
