/** Where along an axis the largest or smallest element is. */
import type { Algebra, Index, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, NUMBERS, type Shape } from "../type.ts";

/** Call of reduce_argmax and reduce_argmin; along the last axis when none is given. */
export type ReduceArg = (
  x: Tensor,
  options?: { axis?: number; keep_dims?: boolean; output_dtype?: "int32" | "uint16" },
) => Tensor<Shape, "int32" | "uint16">;

const arg = (
  name: string,
  doc: string,
  best: (m: Algebra, n: number, at: (k: Index) => Scalar) => Scalar,
  isWorse: (m: Algebra, a: Scalar, best: Scalar) => Scalar,
) =>
  op<ReduceArg>(name)({
    doc,
    operands: { x: { dtypes: NUMBERS } },
    attrs: {
      axis: attr("axis", -1),
      keep_dims: attr("bool", false),
      output_dtype: attr("string", "int32", { oneOf: ["int32", "uint16"] }),
    },
    rounds: false,
    traits: ["jumps", "ranks", "floors", "caps"],
    infer({ x }, { axis, keep_dims, output_dtype }) {
      const size = x.shape[axis]!;
      if (output_dtype === "uint16" && size > 2 ** 16)
        return `axis ${axis} of size ${size} has places that are no uint16`;
      const shape = x.shape.flatMap((n, a) => (a === axis ? (keep_dims ? [1] : []) : [n]));
      return { dtype: output_dtype as DType, shape };
    },
    element:
      (m, { x }, { axis, keep_dims }) =>
      (ix) => {
        const size = x.shape[axis]!;
        const at = (k: Index) => x.at(...(keep_dims ? ix.with(axis, k) : ix.toSpliced(axis, 0, k)));
        const top = best(m, size, at);
        // The last place stands for those that are worse: one is as good as the best, and no place lies behind the last.
        return m.min(size, (k) =>
          m.select(
            isWorse(m, at(k), top),
            () => m.num(size - 1),
            () => m.scalar(k),
          ),
        );
      },
  });

const TIES = "the first of several (MIL leaves open which); 0 where there is a NaN";
/** The place of the largest x along `axis`. */
export const reduce_argmax = arg(
  "reduce_argmax",
  `y = the place of the largest x along \`axis\`, ${TIES}`,
  (m, n, at) => m.max(n, at),
  (m, a, top) => m.compare("less", a, top),
);
/** The place of the smallest x along `axis`. */
export const reduce_argmin = arg(
  "reduce_argmin",
  `y = the place of the smallest x along \`axis\`, ${TIES}`,
  (m, n, at) => m.min(n, at),
  (m, a, least) => m.compare("less", least, a),
);
