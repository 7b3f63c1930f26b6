/** Ops run as compiled JavaScript on the arrays of the reference interpreter: for many runs of one graph. */
import { infoOf } from "../../../dsl/operands.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../../dsl/type.ts";
import type { RunOp } from "../../interpret/evaluate.ts";
import type { Precision } from "../../interpret/reading.ts";
import { type Compiled, compileOp } from "./compile.ts";

/** Compiles each op when it is first run, and keeps it; layers of a stack share theirs. Gives the bits of the reference. */
export function compiledOps(precision: Precision): RunOp {
  const byOp = new Map<OpDef, Ready>();
  const byForm = new Map<string, Compiled>();
  const ready = (def: OpDef, type: TensorType): Ready => {
    const form = formOf(def, type);
    const run = byForm.get(form) ?? compileOp(def, type, { precision, isHalf: () => false, halfResult: false });
    byForm.set(form, run);
    const made = { run, operands: operandsOf(def) };
    byOp.set(def, made);
    return made;
  };
  return (def, type, operand) => {
    const { run, operands } = byOp.get(def) ?? ready(def, type);
    const data = new Float64Array(sizeOf(type.shape));
    run(data, ...operands.map((x) => operand(x).data));
    return { dtype: type.dtype, shape: type.shape, data };
  };
}

interface Ready {
  readonly run: Compiled;
  readonly operands: readonly Tensor[];
}

/** All that the text of a compiled op depends on. */
function formOf(def: OpDef, type: TensorType): string {
  const operands = operandsOf(def);
  const told = operands.map((x) => {
    const { values, ...info } = infoOf(x);
    return { ...info, values: values && Array.from(values), first: operands.indexOf(x) };
  });
  const counts = Object.entries(def.operands).map(([name, x]) => [name, Array.isArray(x) ? x.length : "one"]);
  return JSON.stringify([def.op, def.part ?? 0, def.attrs, type, counts, told], exactly);
}

/** JSON has no −0, no infinity and no NaN. */
const exactly = (_: string, x: unknown): unknown => (typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x)) : x);
