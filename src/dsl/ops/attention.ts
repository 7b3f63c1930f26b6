/** Attention as one op. */
import { type Algebra, broadcastAt, type Index, type Read, type Scalar } from "../algebra.ts";
import { op } from "../op.ts";
import type { Attention } from "../shapes/signatures.ts";
import { broadcast, FLOATS, sameShape, type TensorType } from "../type.ts";

/** softmax(Q Kᵀ / √E + mask) V as one op: query [..., T, E], key [..., S, E], value [..., S, V] → [..., T, V]. */
export const scaled_dot_product_attention = op<Attention>("scaled_dot_product_attention")({
  doc: [
    "z = softmax(query · keyᵀ / √E + attn_mask) · value, E the last axis of query;",
    "a bool mask is −∞ where it is 0, a float mask is added",
  ].join(" "),
  operands: {
    query: { dtypes: FLOATS },
    key: { dtypes: FLOATS, like: "query" },
    value: { dtypes: FLOATS, like: "query" },
    attn_mask: { dtypes: [...FLOATS, "bool"], optional: true },
  },
  attrs: {},
  traits: ["contracts", "attention"],
  infer({ query, key, value, attn_mask }) {
    const wrong = checkShapes(query, key, value) ?? (attn_mask && checkMask(query, key, attn_mask));
    return wrong ?? { dtype: query.dtype, shape: [...query.shape.slice(0, -1), value.shape.at(-1)!] };
  },
  element: (m, { query, key, value, attn_mask }) => {
    const [slots, width] = key.shape.slice(-2) as [number, number];
    return (ix) => {
      const [batch, row, column] = [ix.slice(0, -2), ix.at(-2)!, ix.at(-1)!];
      const score = (j: Index) => {
        const dot = m.sum(width, (e) => m.mul(query.at(...batch, row, e), key.at(...batch, j, e)));
        return masked(m, m.div(dot, m.num(Math.sqrt(width))), attn_mask, [...batch, row, j]);
      };
      const top = m.max(slots, score);
      const weight = (j: Index) => m.unary("exp", m.sub(score(j), top));
      const total = m.sum(slots, weight);
      return m.sum(slots, (j) => m.mul(m.div(weight(j), total), value.at(...batch, j, column)));
    };
  },
});

function masked(m: Algebra, score: Scalar, mask: Read | undefined, ix: readonly Index[]): Scalar {
  if (!mask) return score;
  const allowed = broadcastAt(m, mask, ix);
  if (mask.dtype !== "bool") return m.add(score, allowed);
  return m.select(
    allowed,
    () => score,
    () => m.num(-Infinity),
  );
}

function checkShapes(query: TensorType, key: TensorType, value: TensorType): string | undefined {
  const rank = query.shape.length;
  if (rank < 3) return `query must have rank 3 or more, not ${rank}`;
  const leading = (x: TensorType) => x.shape.slice(0, -2);
  for (const [name, x] of Object.entries({ key, value })) {
    if (x.shape.length !== rank) return `${name} has rank ${x.shape.length}, query has rank ${rank}`;
    if (!sameShape(leading(x), leading(query)))
      return `leading axes differ: query [${leading(query).join(",")}], ${name} [${leading(x).join(",")}]`;
  }
  if (query.shape.at(-1) !== key.shape.at(-1))
    return `last axes differ: query ${query.shape.at(-1)}, key ${key.shape.at(-1)}`;
  if (key.shape.at(-2) !== value.shape.at(-2))
    return `key has ${key.shape.at(-2)} rows, value has ${value.shape.at(-2)}`;
  return undefined;
}

function checkMask(query: TensorType, key: TensorType, mask: TensorType): string | undefined {
  if (mask.dtype !== "bool" && mask.dtype !== query.dtype)
    return `attn_mask is ${mask.dtype}; it must be bool or ${query.dtype}`;
  const scores = [...query.shape.slice(0, -1), key.shape.at(-2)!];
  const all = broadcast(mask.shape, scores);
  if (all && sameShape(all, scores) && mask.shape.at(-1) === scores.at(-1)) return undefined;
  return `attn_mask [${mask.shape.join(",")}] does not broadcast to the scores [${scores.join(",")}]`;
}
