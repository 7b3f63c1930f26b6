/** Ops run as compiled JavaScript on the arrays of the reference interpreter: for many runs of one graph. */
import { infoOf } from "../../../dsl/operands.ts";
import { type AttrValue, type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
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

/** All that the text of a compiled op depends on. Asked of every op of a stack, so that no general encoder is used. */
function formOf(def: OpDef, type: TensorType): string {
  const operands = operandsOf(def);
  const told = operands.map((x) => {
    const { values, constant } = infoOf(x);
    return [typeText(x.type), constant, values && Array.from(values, exactly), operands.indexOf(x)].join(" ");
  });
  const counts = Object.entries(def.operands).map(([name, x]) => `${name} ${Array.isArray(x) ? x.length : "one"}`);
  const attrs = Object.entries(def.attrs).map(([name, x]) => `${name} ${attrText(x)}`);
  return [def.op, def.part, attrs.join(), typeText(type), counts.join(), ...told].join(";");
}

const typeText = ({ dtype, shape }: TensorType): string => `${dtype} ${shape.join("x")}`;

const attrText = (x: AttrValue): string =>
  typeof x === "object" ? `[${Array.from(x, exactly).join()}]` : typeof x === "string" ? JSON.stringify(x) : exactly(x);

/** A number's text has no −0. */
const exactly = (x: number | boolean): string => (Object.is(x, -0) ? "-0" : String(x));
