/** y = W x, or W x + b, for the hidden row of each token: x [1, in, T, 1], W [out, in] as the checkpoint stores it. */
import { refuseAt, tensorGiven } from "../../dsl/given/tensors.ts";
import {
  arrayGiven,
  choiceGiven,
  type Fields,
  fieldsGiven,
  nameGiven,
  numberGiven,
  optionsGiven,
  type Refuse,
  shown,
  wholeGiven,
} from "../../dsl/given/values.ts";
import { add, conv, expand_dims, linear, matmul, mul, split, squeeze, transpose } from "../../dsl/ops/index.ts";
import { joinedWeight, type Tensor, weight } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";
import type { Joined, RowScale } from "../../dsl/weight-source.ts";
import { MOST_HELD } from "./held.ts";
import { SPELLINGS, type Spelling } from "./spelling.ts";

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

/**
 * The projection of x: [1, outputs, T, 1]; as a 1x1 convolution unless `how` says otherwise.
 * @throws GraphError where x is no such value, or the matrix none
 */
export function project(x: Value, matrix: Matrix, how: Spelling["projection"] = "conv"): Value {
  checkProject(x, matrix, how, refuseAt("project", project));
  const { tensor, outputs, bias, rows, scaled, held = 0 } = matrix;
  const inputs = x.type.shape[1]!;
  const of = <const S extends Shape>(stored: Stored, shape: S) =>
    typeof stored === "string"
      ? weight(stored, shape, { ...(rows ? { rows } : {}), ...(scaled ? { scaled } : {}) })
      : joinedWeight(stored, shape, rows, scaled);
  if (held !== 0 && bias !== undefined) {
    const { bias: _, ...withoutBias } = matrix;
    return add(project(x, withoutBias, how), mul(of(bias, [1, outputs, 1, 1]), 2 ** -held));
  }
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
 * @throws GraphError where x is no such value, the matrix none, or the sizes are not those of its rows
 */
export function projectParts<Part extends string>(
  x: Value,
  whole: Matrix,
  sizes: Readonly<Record<Part, number>>,
  projection: Spelling["projection"] = "conv",
  how: "fused" | "split" = "fused",
): Readonly<Record<Part, Value>> {
  checkParts(x, whole, sizes, [projection, how], refuseAt("projectParts", projectParts));
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

function checkProject(x: unknown, matrix: unknown, how: unknown, no: Refuse): void {
  tensorGiven(x, "x", no, { dtype: "fp16", rank: 4 });
  const { tensor, outputs, bias, rows, scaled, held } = optionsGiven(matrix, "a matrix", FIELDS, no);
  checkStored(tensor, "the tensor", no);
  wholeGiven(outputs, "outputs", 1, undefined, no);
  if (bias !== undefined) checkStored(bias, "the bias", no);
  if (rows !== undefined) checkRows(rows, no);
  if (scaled !== undefined) checkScaled(fieldsGiven(scaled, "scaled", no), no);
  if (held !== undefined) wholeGiven(held, "held", -MOST_HELD, MOST_HELD, no);
  choiceGiven(how, "the projection", SPELLINGS.projection, no);
}

const FIELDS = ["tensor", "outputs", "bias", "rows", "scaled", "held"] as const satisfies readonly (keyof Matrix)[];

function checkStored(stored: unknown, what: string, no: Refuse): void {
  if (typeof stored === "string") {
    nameGiven(stored, what, no);
    return;
  }
  const parts = arrayGiven(stored, what, "tensors that are joined, or the name of one", no);
  if (parts.length === 0) no(`${what} must be joined of one tensor or more`);
  for (const part of parts) {
    const { tensor, rows } = fieldsGiven(part, `each part of ${what}`, no);
    nameGiven(tensor, `the name of each part of ${what}`, no);
    wholeGiven(rows, `the rows of each part of ${what}`, 1, undefined, no);
  }
}

function checkRows(rows: unknown, no: Refuse): void {
  const [begin, end, ...more] = arrayGiven(rows, "rows", "begin and end", no);
  if (more.length > 0) no("rows must be begin and end, and nothing more");
  wholeGiven(end, "the end of rows", wholeGiven(begin, "the begin of rows", 0, undefined, no) + 1, undefined, no);
}

function checkScaled(scaled: Fields, no: Refuse): void {
  numberGiven(scaled.factor, "factor of scaled", undefined, no);
  for (const name of ["period", "count", "below"]) wholeGiven(scaled[name], `${name} of scaled`, 1, undefined, no);
}

function checkParts(
  x: unknown,
  whole: unknown,
  sizes: unknown,
  [projection, how]: readonly unknown[],
  no: Refuse,
): void {
  checkProject(x, whole, projection, no);
  choiceGiven(how, "how", ["fused", "split"], no);
  const rows = Object.entries(fieldsGiven(sizes, "the sizes", no));
  if (rows.length === 0) no("the sizes must have a part");
  const total = sum(rows.map(([part, n]) => wholeGiven(n, `the size of ${shown(part)}`, 1, undefined, no)));
  const { outputs } = whole as Matrix;
  if (total !== outputs) no(`the sizes have ${total} rows together, and the matrix has ${outputs}`);
}
