/** Join tensors along an axis, an existing one or a new one. */
import type { Index } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Concat, Stack } from "../shapes/signatures.ts";
import { DTYPES, sameShape } from "../type.ts";

/** Tensors one after another along an existing axis; all other sizes must be equal. */
export const concat = op<Concat>("concat")({
  doc: "z = the values one after another along `axis`; with interleave, their slices in turn",
  operands: { values: { dtypes: DTYPES, list: true } },
  attrs: { axis: attr("axis"), interleave: attr("bool", false) },
  rounds: false,
  traits: ["moves"],
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

/** Tensors of one shape along a new axis. */
export const stack = op<Stack>("stack")({
  doc: "z = the values along a new axis, `axis` counted in z",
  operands: { values: { dtypes: DTYPES, list: true } },
  attrs: { axis: attr("axis", undefined, { extraRank: 1 }) },
  rounds: false,
  traits: ["moves"],
  infer({ values }, { axis }) {
    const [first, ...rest] = values as [(typeof values)[0], ...typeof values];
    const other = rest.find((value) => !sameShape(value.shape, first.shape));
    if (other) return `shapes differ: [${first.shape.join(",")}] and [${other.shape.join(",")}]`;
    return { dtype: first.dtype, shape: first.shape.toSpliced(axis, 0, values.length) };
  },
  element:
    (m, { values }, { axis }) =>
    (ix) =>
      m.piece(
        ix[axis]!,
        values.map(() => 1),
        (n) => values[n]!.at(...ix.toSpliced(axis, 1)),
      ),
});
