/** Codes of activations with bounds: quantize, and convolutions of codes by codes. */
import type { OpDef, Tensor } from "../../dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../dsl/type.ts";
import { type CodeScales, codeBehind, codeFor, endsOf, isPlainScale, sumOfCodes } from "./codes.ts";
import { type Estimate, estimateOf, placeOf, spreadAt } from "./estimate.ts";
import { productsOf } from "./product-op.ts";
import { anything, exactly, isExact, type Spread } from "./spread.ts";

/** The place of a scale that each element has, in row-major order. */
export function scalePlace({ shape }: TensorType, scale: TensorType, axis: number): (k: number) => number {
  const inner = sizeOf(shape.slice(axis + 1));
  return sizeOf(scale.shape) === 1 ? () => 0 : (k) => Math.floor(k / inner) % shape[axis]!;
}

/** quantize: the code where it is on record, else any code of its type. */
export function quantiseOp(def: OpDef, type: TensorType, operand: (x: Tensor) => Estimate): Estimate {
  const { input, scale, zero_point } = def.operands as Readonly<Record<string, Tensor>>;
  const [numbers, scales, zeros] = [operand(input!), operand(scale!), zero_point && operand(zero_point)];
  const [place, ends] = [scalePlace(type, scale!.type, def.attrs.axis as number), endsOf(type.dtype)];
  return estimateOf(type, sizeOf(type.shape), (k) => {
    const [x, at] = [spreadAt(numbers, k), place(k)];
    const { code, isKnown } = codeFor(x.point, scales.data[at]!, zeros?.data[at] ?? 0, ends);
    return isExact(x) && isKnown ? exactly(code) : { point: code, low: ends[0], high: ends[1] };
  });
}

/** A convolution of codes by codes. */
export function codesProductOp(
  def: OpDef,
  type: TensorType,
  { x, weight }: CodeScales,
  operand: (x: Tensor) => Estimate,
): Estimate {
  const [xScale, wScales] = [operand(x).data[0]!, operand(weight).data];
  const at = scalePlace(type, weight.type, 1);
  let row = 0;
  const times = (a: Spread, b: Spread): Spread => {
    const point = codeBehind(a.point, xScale) * codeBehind(b.point, wScales[row]!);
    return isExact(a) && isExact(b) ? exactly(point) : anything(point);
  };
  const read = (value: Tensor) => {
    const [array, place] = [operand(value), placeOf(value.type.shape)];
    return { ...value.type, at: (...ix: readonly number[]) => spreadAt(array, place(ix)) };
  };
  const each = productsOf(def, type, read, times);
  return estimateOf(type, sizeOf(type.shape), (k) => {
    row = at(k);
    const { products } = each.next().value!;
    const { out, mayOverflow } = sumOfCodes(
      products.map((one: Spread) => one.point),
      xScale * wScales[row]!,
    );
    const isKnown = [xScale, wScales[row]!].every(isPlainScale) && products.every(isExact) && !mayOverflow;
    return isKnown ? exactly(out) : anything(out);
  });
}
