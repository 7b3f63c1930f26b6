/** Each element over a power of the squares around it, along the channels. */
import type { Index } from "../../algebra.ts";
import { attr } from "../../attr.ts";
import { op } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";
import { type DType, FLOATS, type Shape } from "../../type.ts";
import { reduceWindows } from "./window.ts";

/** Call of local_response_norm: `size` neighbouring channels. */
export type LocalResponseNorm = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options: { size: number; alpha?: number; beta?: number; k?: number },
) => Tensor<S, D>;

/** x / (k + alpha / size · Σ x²)^beta, the sum over the channels nearby. */
export const local_response_norm = op<LocalResponseNorm>("local_response_norm")({
  doc: [
    "y[n,c,…] = x / (k + alpha / size · Σ x[n, c + j − ⌊size / 2⌋, …]²)^beta over j < size, x being 0 outside;",
    "of an even size one channel more lies before c, as in torch",
  ].join(" "),
  operands: { x: { dtypes: FLOATS } },
  attrs: { size: attr("int32"), alpha: attr("float", 1e-4), beta: attr("float", 0.75), k: attr("float", 1) },
  infer({ x }, { size }) {
    const rank = x.shape.length;
    if (rank < 3 || rank > 4) return `x must have rank 3 or 4, not ${rank}`;
    return size < 1 ? `size is ${size}` : x;
  },
  element: (m, { x }, { size, alpha, beta, k }) => {
    const [count, before] = [x.shape[1]!, Math.floor(size / 2)];
    const window = { size: count, taps: size, stride: 1, before, after: size - 1 - before, count };
    return (ix) => {
      const [n, c, ...place] = ix;
      const inside = ([channel]: readonly Index[]) => {
        const a = x.at(n!, channel!, ...place);
        return m.mul(a, a);
      };
      const squares = reduceWindows(m, "sum", [window], [c!], { inside, outside: 0 });
      const scale = m.div(m.num(alpha), m.num(size));
      const base = m.add(m.num(k), m.mul(scale, m.ownOrder("local_response_norm", [], squares)));
      return m.div(x.at(...ix), m.pow(base, m.num(beta)));
    };
  },
});
