/** Random pieces for graphs in tests: shapes, axes, inputs with contents, constants. */
import { roundTo } from "../../../src/dsl/number.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { streamBase, uniformAt } from "../../../src/dsl/random.ts";
import { constantOf, input, type Tensor } from "../../../src/dsl/tensor.ts";
import { type DType, FLOATS, type Shape, sizeOf } from "../../../src/dsl/type.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** A source from a seed. */
export function randomFrom(seed: number): Random {
  const base = streamBase(seed, 0);
  let i = 0;
  return () => (uniformAt(base, i++) + 1) / 2;
}

/** Inclusive bounds of random elements. */
export interface Range {
  readonly low: number;
  readonly high: number;
}
export const WIDE: Range = { low: -4, high: 4 };

/** What an example draws from; it collects the inputs it makes. */
export interface Draw {
  readonly inputs: Tensor[];
  readonly arrays: Record<string, NDArray>;
  /** A whole number from low to high, both included. */
  int(low: number, high: number): number;
  bool(): boolean;
  pick<X>(list: readonly X[]): X;
  shape(minRank: number, maxRank: number): number[];
  /** A new input of the graph. */
  feed(shape: Shape, dtype?: DType, range?: Range): Tensor;
  /** A truth value computed from a new input. */
  truth(shape: Shape): Tensor<Shape, "bool">;
  constant(shape: Shape, dtype?: DType, range?: Range): Tensor;
  /** Some of the axes 0 … rank − 1, at least one. */
  axes(rank: number): number[];
}

/** A fresh `Draw` from a source of numbers. */
export function drawing(random: Random): Draw {
  const inputs: Tensor[] = [];
  const arrays: Record<string, NDArray> = {};
  const int = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const numbers = (shape: Shape, dtype: DType, { low, high }: Range) =>
    Array.from({ length: sizeOf(shape) }, () =>
      roundTo(dtype, FLOATS.includes(dtype as "fp16") ? low + random() * (high - low) : int(low, high)),
    );
  const feed = (shape: Shape, dtype: DType = "fp16", range = WIDE) => {
    const name = `x${inputs.length}`;
    arrays[name] = arrayOf(dtype, shape, numbers(shape, dtype, range));
    const value = input(name, shape, dtype);
    inputs.push(value);
    return value;
  };
  const shuffled = (rank: number) => {
    const order = Array.from({ length: rank }, (_, axis) => axis);
    for (let i = rank - 1; i > 0; i--) {
      const j = int(0, i);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  };
  return {
    inputs,
    arrays,
    int,
    bool: () => random() < 0.5,
    pick: (list) => list[int(0, list.length - 1)]!,
    shape: (minRank, maxRank) => Array.from({ length: int(minRank, maxRank) }, () => int(1, 4)),
    feed,
    truth: (shape) => o.greater(feed(shape), 0),
    constant: (shape, dtype = "fp16", range = WIDE) => constantOf(numbers(shape, dtype, range), { dtype, shape }),
    axes: (rank) => shuffled(rank).slice(0, int(1, rank)),
  };
}

/** Builds one random graph fragment. */
export type Make = (d: Draw) => Tensor | readonly Tensor[];

/** Every index into a shape, in row-major order. */
export function* indicesOf(shape: Shape): Generator<readonly number[]> {
  for (let flat = 0; flat < sizeOf(shape); flat++) {
    let rest = flat;
    const ix = shape.toReversed().map((n) => {
      const i = rest % n;
      rest = (rest - i) / n;
      return i;
    });
    yield ix.toReversed();
  }
}
