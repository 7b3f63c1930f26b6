/** Codes of activations on the engine's arithmetic: rounding to codes, and convolutions of codes by codes. Exact and slow. */
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { TensorType } from "../../../dsl/type.ts";
import { codeBehind, codeFor, codeScales, endsOf, isPlainScale, sumOfCodes } from "../../engine/codes.ts";
import { scalePlace } from "../../engine/codes-op.ts";
import { productsOf } from "../../engine/product-op.ts";
import { HALF, halfBits } from "../code/runtime.ts";
import type { Kernel } from "../kernel.ts";
import { readOf } from "./sequence.ts";
import { NO_TALLY, type TellTally } from "./tally.ts";

/** The kernel of quantize. */
export function quantiseKernel(def: OpDef, type: TensorType, tally: TellTally | undefined): Kernel {
  const at = scalePlace(type, (def.operands.scale as Tensor).type, def.attrs.axis as number);
  const ends = endsOf(type.dtype);
  return {
    workspace: 0,
    scratch: 0,
    run(_, out, [input, scale, zero]) {
      let bounded = 0;
      for (let k = 0; k < out.data.length; k++) {
        const n = at(k);
        const { code, isKnown } = codeFor(HALF[input!.data[k]!]!, HALF[scale!.data[n]!]!, zero?.data[n] ?? 0, ends);
        out.data[k] = code;
        bounded += Number(!isKnown);
      }
      tally?.({ ...NO_TALLY, bounded });
    },
  };
}

/** The kernel of a convolution of codes by codes, which also reads the scales; undefined for any other op. */
export function codesProduct(
  def: OpDef,
  type: TensorType,
  tally: TellTally | undefined,
): { readonly kernel: Kernel; readonly operands: readonly Tensor[] } | undefined {
  const scales = codeScales(def);
  if (!scales) return undefined;
  const operands = operandsOf(def);
  const at = scalePlace(type, scales.weight.type, 1);
  const run: Kernel["run"] = (_, out, places) => {
    const [x, weight] = places.slice(operands.length);
    const xScale = HALF[x!.data[0]!]!;
    let [wScale, products, overflowed, mayOverflow, open] = [0, 0, 0, 0, 0];
    const times = (a: number, b: number): number => codeBehind(a, xScale) * codeBehind(b, wScale);
    const each = productsOf(def, type, (value) => readOf(places[operands.indexOf(value)]!), times);
    for (let k = 0; k < out.data.length; k++) {
      wScale = HALF[weight!.data[at(k)]!]!;
      const sum = each.next().value!;
      const told = sumOfCodes(sum.products, xScale * wScale);
      out.data[k] = halfBits(told.out);
      products += sum.products.length;
      overflowed += Number(!Number.isFinite(told.out));
      mayOverflow += Number(told.mayOverflow);
      open += Number(!(isPlainScale(xScale) && isPlainScale(wScale)));
    }
    tally?.({ ...NO_TALLY, products, overflowed, mayOverflow, open });
  };
  return { kernel: { workspace: 0, scratch: 0, run }, operands: [...operands, scales.x, scales.weight] };
}
