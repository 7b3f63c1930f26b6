/** Join tensors along one axis. */
import type { Index } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { DTYPES, type DType, type Shape } from "../type.ts";

export const concat = op<
  <D extends DType>(
    values: readonly Tensor<Shape, D>[],
    options: { axis: number; interleave?: boolean },
  ) => Tensor<Shape, D>
>("concat")({
  doc: "z = the values one after another along `axis`; with interleave, their slices in turn",
  operands: { values: { dtypes: DTYPES, list: true } },
  attrs: { axis: attr("axis"), interleave: attr("bool", false) },
  rounds: false,
  infer({ values }, { axis, interleave }) {
    const [first, ...rest] = values as [(typeof values)[0], ...typeof values];
    for (const other of rest) {
      const clash =
        other.shape.length !== first.shape.length || other.shape.some((n, a) => a !== axis && n !== first.shape[a]);
      if (clash) return `shapes differ outside axis ${axis}: [${first.shape.join(",")}] and [${other.shape.join(",")}]`;
      if (interleave && other.shape[axis] !== first.shape[axis]) return "interleave needs equal sizes along the axis";
    }
    const total = values.reduce((sum, v) => sum + v.shape[axis]!, 0);
    return { dtype: first.dtype, shape: first.shape.with(axis, total) };
  },
  element:
    (m, { values }, { axis, interleave }) =>
    (ix) => {
      const at = (n: number, rest: Index) => values[n]!.at(...ix.with(axis, rest));
      if (!interleave)
        return m.piece(
          ix[axis]!,
          values.map((v) => v.shape[axis]!),
          at,
        );
      const [size, count] = [values[0]!.shape[axis]!, values.length];
      const [rest, n] = m.reindex([ix[axis]!], [size * count], [size, count]) as readonly [Index, Index];
      return m.piece(
        n,
        values.map(() => 1),
        (chosen) => at(chosen, rest),
      );
    },
});
