/** y = W x, or W x + b, for the hidden row of each token: x [1, in, T, 1], W [out, in] as the checkpoint stores it. */
import { add, conv, expand_dims, linear, matmul, mul, split, squeeze, transpose } from "../../dsl/ops/index.ts";
import { joinedWeight, type Tensor, weight } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";
import type { Joined, RowScale } from "../../dsl/weight-source.ts";
import type { Spelling } from "./spelling.ts";

type Value = Tensor<Shape, "fp16">;

/** A matrix of the checkpoint, or some of its rows, and its bias, of which it takes the same rows. */
export interface Matrix {
  readonly tensor: Stored;
  readonly outputs: number;
  /** None when absent. */
  readonly bias?: Stored;
  /** All rows when absent. */
  readonly rows?: readonly [begin: number, end: number];
  /** Rows of the matrix, and of the bias, that have a factor. */
  readonly scaled?: RowScale;
  /** x is held at 2^−held, and so is the product, to which the bias is added as small; 0 when absent. */
  readonly held?: number;
}

/** A tensor of the checkpoint, or several whose rows follow each other. */
export type Stored = string | Joined;

/** The projection of x: [1, outputs, T, 1]; as a 1x1 convolution unless `how` says otherwise. */
export function project(x: Value, matrix: Matrix, how: Spelling["projection"] = "conv"): Value {
  const { tensor, outputs, bias, rows, scaled, held = 0 } = matrix;
  if (held !== 0 && bias !== undefined) {
    const { bias: _, ...withoutBias } = matrix;
    const added: Value =
      typeof bias === "string" ? weight(bias, [1, outputs, 1, 1]) : joinedWeight(bias, [1, outputs, 1, 1]);
    return add(project(x, withoutBias, how), mul(added, 2 ** -held));
  }
  const inputs = x.type.shape[1]!;
  const of = <const S extends Shape>(stored: Stored, shape: S) =>
    typeof stored === "string"
      ? weight(stored, shape, { ...(rows ? { rows } : {}), ...(scaled ? { scaled } : {}) })
      : joinedWeight(stored, shape, rows, scaled);
  const W = <const S extends Shape>(shape: S) => of(tensor, shape);
  const b = bias === undefined ? {} : { bias: of(bias, [outputs]) };
  switch (how) {
    case "conv":
      return conv(x, W([outputs, inputs, 1, 1]), b);
    case "linear": {
      const perToken = transpose(squeeze(x, { axes: [3] }), { perm: [0, 2, 1] });
      const y = linear(perToken, W([outputs, inputs]), b);
      return expand_dims(transpose(y, { perm: [0, 2, 1] }), { axes: [3] });
    }
    case "matmul": {
      const y = expand_dims(matmul(W([outputs, inputs]), squeeze(x, { axes: [3] })), { axes: [3] });
      return bias === undefined ? y : add(y, of(bias, [1, outputs, 1, 1]));
    }
  }
}

/**
 * Several projections by name, whose rows follow each other in one stored matrix: one product and a split, or one
 * product for each.
 */
export function projectParts<Part extends string>(
  x: Value,
  whole: Matrix,
  sizes: Readonly<Record<Part, number>>,
  projection: Spelling["projection"] = "conv",
  how: "fused" | "split" = "fused",
): Readonly<Record<Part, Value>> {
  const outputs = Object.values<number>(sizes);
  const byRows = (n: number, i: number): Value => {
    const begin = sum(outputs.slice(0, i));
    return project(x, { ...whole, outputs: n, rows: [begin, begin + n] }, projection);
  };
  const parts: readonly Value[] =
    how === "fused" ? split(project(x, whole, projection), { split_sizes: outputs, axis: 1 }) : outputs.map(byRows);
  return Object.fromEntries(Object.keys(sizes).map((part, i) => [part, parts[i]!])) as Record<Part, Value>;
}

const sum = (ns: readonly number[]): number => ns.reduce((total, n) => total + n, 0);
