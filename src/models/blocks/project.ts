/** y = W x for the hidden row of each token: x [1, in, T, 1], W [out, in] as the checkpoint stores it. */
import { conv, expand_dims, linear, matmul, split, squeeze, transpose } from "../../dsl/ops/index.ts";
import { type Tensor, weight } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";
import type { Spelling } from "./spelling.ts";

type Value = Tensor<Shape, "fp16">;

/** A matrix of the checkpoint, or some of its rows. */
export interface Matrix {
  readonly tensor: string;
  readonly outputs: number;
  /** All rows when absent. */
  readonly rows?: readonly [begin: number, end: number];
}

/** The projection of x: [1, outputs, T, 1]. */
export function project(x: Value, { tensor, outputs, rows }: Matrix, how: Spelling["projection"]): Value {
  const inputs = x.type.shape[1]!;
  const W = <const S extends Shape>(shape: S) => weight(tensor, shape, rows ? { rows } : {});
  switch (how) {
    case "conv":
      return conv(x, W([outputs, inputs, 1, 1]));
    case "linear": {
      const perToken = transpose(squeeze(x, { axes: [3] }), { perm: [0, 2, 1] });
      const y = linear(perToken, W([outputs, inputs]));
      return expand_dims(transpose(y, { perm: [0, 2, 1] }), { axes: [3] });
    }
    case "matmul":
      return expand_dims(matmul(W([outputs, inputs]), squeeze(x, { axes: [3] })), { axes: [3] });
  }
}

/**
 * Several projections by name, whose rows follow each other in one stored matrix: one product and a split, or one
 * product for each.
 */
export function projectParts<Part extends string>(
  x: Value,
  { tensor, sizes }: { readonly tensor: string; readonly sizes: Readonly<Record<Part, number>> },
  { fused, projection }: { readonly fused: boolean; readonly projection: Spelling["projection"] },
): Readonly<Record<Part, Value>> {
  const outputs = Object.values<number>(sizes);
  const byRows = (n: number, i: number): Value => {
    const begin = sum(outputs.slice(0, i));
    return project(x, { tensor, outputs: n, rows: [begin, begin + n] }, projection);
  };
  const parts: readonly Value[] = fused
    ? split(project(x, { tensor, outputs: sum(outputs) }, projection), { split_sizes: outputs, axis: 1 })
    : outputs.map(byRows);
  return Object.fromEntries(Object.keys(sizes).map((part, i) => [part, parts[i]!])) as Record<Part, Value>;
}

const sum = (ns: readonly number[]): number => ns.reduce((total, n) => total + n, 0);
