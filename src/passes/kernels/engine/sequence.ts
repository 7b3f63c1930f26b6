/** Products of any form (einsum, kernels wider than 1, groups) on the engine's accumulator, by their meaning: exact and slow. */
import type { Read } from "../../../dsl/algebra.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { TensorType } from "../../../dsl/type.ts";
import { placeOf } from "../../engine/estimate.ts";
import { decoded } from "../../engine/half-away.ts";
import { accumulate, LIMIT, leaving, productOf, startOf } from "../../engine/multiply-add.ts";
import { productsOf } from "../../engine/product-op.ts";
import { halfBits } from "../code/runtime.ts";
import type { Kernel, Place } from "../kernel.ts";
import { decodedByBits } from "./fixed-point.ts";
import { NO_TALLY, type TellTally } from "./tally.ts";

/** The kernel of such an op of fp16 operands. */
export function sequenceKernel(def: OpDef, type: TensorType, tally: TellTally | undefined): Kernel {
  return {
    workspace: 0,
    scratch: 0,
    run(_, out, places) {
      const operands = operandsOf(def);
      let { products, lost, overflowed, mayOverflow } = NO_TALLY;
      const times = (a: number, b: number): number => {
        const product = productOf(a, b);
        lost += Number(product === 0 && a !== 0 && b !== 0);
        return product;
      };
      const stored = type.dtype === "fp16" ? halfBits : (x: number) => x;
      let at = 0;
      for (const sum of productsOf(def, type, (x: Tensor) => readOf(places[operands.indexOf(x)]!), times)) {
        const start = sum.bias === undefined ? 0 : startOf(sum.bias);
        const total = sum.products.reduce(accumulate, accumulate(0, start));
        out.data[at++] = stored(leaving(total) + 0);
        products += sum.products.length;
        overflowed += Number(!Number.isFinite(total));
        mayOverflow += Number(sum.products.reduce((most, q) => most + Math.abs(q), Math.abs(start)) >= LIMIT);
      }
      tally?.({ ...NO_TALLY, products, lost, overflowed, mayOverflow });
    },
  };
}

/** What a place holds, as the units that multiply take it. */
export function readOf({ shape, dtype, data }: Place): Read<number, number> {
  const place = placeOf(shape);
  const byBits = decodedByBits();
  const numberOf = dtype === "fp16" ? (bits: number) => byBits[bits]! : decoded;
  return { shape, dtype, at: (...ix) => numberOf(data[place(ix)]!) };
}
