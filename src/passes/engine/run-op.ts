/** Runs the ops of a graph as the engine does: what it does with each, and how much of that is known. */
import { meaningOf } from "../../dsl/meaning.ts";
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { isFloat, sizeOf, type TensorType } from "../../dsl/type.ts";
import type { RunOp } from "../interpret/evaluate.ts";
import { numericReading } from "../interpret/reading.ts";
import { codeScales, endsOf, takesCodes } from "./codes.ts";
import { codesProductOp, quantiseOp } from "./codes-op.ts";
import { type Estimate, estimateOf, indicesOf, placeOf, spreadAt } from "./estimate.ts";
import { formOf } from "./form.ts";
import { applied, type EngineFunction, engineFunctions } from "./functions.ts";
import { decoded, halfAbove, halfAway, halfBelow } from "./half-away.ts";
import { productOp } from "./product-op.ts";
import { type EngineReading, engineReading } from "./reading.ts";
import { hasOtherArithmetic, type Recorded, recordedOf } from "./record.ts";

/** Runs an op on the points and ends of its operands. */
export function engineOps(): RunOp {
  const functions = engineFunctions();
  const reading = engineReading(functions);
  return (def, type, operand) => {
    const estimates = (x: Tensor): Estimate => operand(x);
    const asRecorded = (x: Estimate): Estimate => limited(recordedOf(def, type), x, operandsOf(def).map(estimates));
    switch (formOf(def, type, (op) => functions.has(op))) {
      case "moves":
        return moved(def, type, estimates);
      case "reference":
        return asRecorded(byReference(def, type, estimates));
      case "codes":
        return takesCodes(def) ? anyCode(quantiseOp(def, type, estimates)) : quantiseOp(def, type, estimates);
      case "product": {
        const scales = codeScales(def);
        if (scales) return codesProductOp(def, type, scales, estimates);
        return hasOtherArithmetic(def) ? opened(productOp(def, type, estimates)) : productOp(def, type, estimates);
      }
      case "function":
        return takesCodes(def)
          ? opened(byFunction(functions.get(def.op)!, def, type, estimates))
          : byFunction(functions.get(def.op)!, def, type, estimates);
      case "meaning":
        return asRecorded(byMeaning(reading, def, type, estimates));
    }
  };
}

/** No more is told of a result than the record has of its op. */
function limited({ level, bounds }: Recorded, x: Estimate, operands: readonly Estimate[]): Estimate {
  if (level === "open") return opened(x);
  if (bounds === undefined) return x;
  if (bounds === "neighbours") {
    const { data, low = data, high = data } = operands[0]!;
    return { ...x, low: low.map(halfBelow), high: high.map(halfAbove) };
  }
  const chosen = x.dtype === "bool" ? [] : operands.filter(({ dtype }) => dtype === x.dtype);
  let [low, high] = x.dtype === "bool" ? [0, 1] : [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of [...chosen, x])
    for (const end of [one.low ?? one.data, one.high ?? one.data])
      for (const y of end) [low, high] = [Math.min(low, halfAway(decoded(y))), Math.max(high, halfAway(decoded(y)))];
  return { ...x, low: x.data.map(() => low), high: x.data.map(() => high) };
}

/** The same codes, of which nothing more is known than their type. */
const anyCode = (x: Estimate): Estimate => {
  const [least, most] = endsOf(x.dtype);
  return { ...x, low: x.data.map(() => least), high: x.data.map(() => most) };
};

/** The same points, of which nothing more is known. */
const opened = (x: Estimate): Estimate => ({
  ...x,
  low: new Float64Array(x.data.length).fill(Number.NEGATIVE_INFINITY),
  high: new Float64Array(x.data.length).fill(Number.POSITIVE_INFINITY),
});

/** Points and ends move alike. */
function moved(def: OpDef, type: TensorType, operand: (x: Tensor) => Estimate): Estimate {
  const pass = (which: (x: Estimate) => Float64Array): Float64Array => byNumbers(def, type, (x) => which(operand(x)));
  const data = pass((x) => x.data);
  if (operandsOf(def).every((x) => !operand(x).low)) return { ...type, data };
  return { ...type, data, low: pass((x) => x.low ?? x.data), high: pass((x) => x.high ?? x.data) };
}

/** As the reference does it, on points; what comes of operands whose bits are not known is not known. */
function byReference(def: OpDef, type: TensorType, operand: (x: Tensor) => Estimate): Estimate {
  const out = { ...type, data: byNumbers(def, type, (x) => operand(x).data) };
  return operandsOf(def).every((x) => !operand(x).low) ? out : opened(out);
}

function byNumbers(def: OpDef, type: TensorType, data: (x: Tensor) => Float64Array): Float64Array {
  const integers = operandsOf(def).every((x) => !isFloat(x.type.dtype));
  const element = meaningOf(numericReading("fp16", integers), def, type, (x) => {
    const [place, numbers] = [placeOf(x.type.shape), data(x)];
    return { shape: x.type.shape, dtype: x.type.dtype, at: (...ix: readonly number[]) => numbers[place(ix)]! };
  });
  const out = new Float64Array(sizeOf(type.shape));
  let k = 0;
  for (const ix of indicesOf(type.shape)) out[k++] = element(ix);
  return out;
}

function byFunction(f: EngineFunction, def: OpDef, type: TensorType, operand: (x: Tensor) => Estimate): Estimate {
  const x = operand(operandsOf(def)[0]!);
  const epsilon = typeof def.attrs.epsilon === "number" ? halfAway(def.attrs.epsilon) : 0;
  return estimateOf(type, x.data.length, (k) => applied(f, spreadAt(x, k), epsilon));
}

function byMeaning(m: EngineReading, def: OpDef, type: TensorType, operand: (x: Tensor) => Estimate): Estimate {
  const element = meaningOf(m, def, type, (x) => {
    const [array, place] = [operand(x), placeOf(x.type.shape)];
    return { shape: x.type.shape, dtype: x.type.dtype, at: (...ix: readonly number[]) => spreadAt(array, place(ix)) };
  });
  const indices = indicesOf(type.shape);
  return estimateOf(type, sizeOf(type.shape), () => element(indices.next().value!));
}
