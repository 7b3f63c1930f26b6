/** Ops run as compiled JavaScript on the arrays of the reference interpreter: for many runs of one graph. */
import type { OpDef } from "../../../dsl/tensor.ts";
import { operandsOf } from "../../../dsl/tensor.ts";
import { sizeOf } from "../../../dsl/type.ts";
import type { RunOp } from "../../interpret/evaluate.ts";
import type { Precision } from "../../interpret/reading.ts";
import { type Compiled, compileOp } from "./compile.ts";

/** Compiles each op when it is first run, and keeps it. Gives the bits of the reference. */
export function compiledOps(precision: Precision): RunOp {
  const known = new Map<OpDef, Compiled>();
  return (def, type, operand) => {
    const run = known.get(def) ?? compileOp(def, type, { precision, isHalf: () => false, halfResult: false });
    known.set(def, run);
    const data = new Float64Array(sizeOf(type.shape));
    run(data, ...operandsOf(def).map((x) => operand(x).data));
    return { dtype: type.dtype, shape: type.shape, data };
  };
}
