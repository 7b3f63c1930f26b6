/** The kernels of ops on the engine: products and functions; what is left is compiled from its meaning. */
import { type OpDef, operandsOf } from "../../../dsl/tensor.ts";
import type { TensorType } from "../../../dsl/type.ts";
import { type Form, formOf } from "../../engine/form.ts";
import { halfAway } from "../../engine/half-away.ts";
import type { Kernel } from "../kernel.ts";
import { describedProduct } from "../product.ts";
import { quantiseKernel } from "./codes.ts";
import { engineProduct } from "./product.ts";
import { sequenceKernel } from "./sequence.ts";
import { BOUNDED, functionsByOp, functionTable, OPEN } from "./tables.ts";
import { NO_TALLY, type TellTally } from "./tally.ts";

/** How the engine runs an op. */
export const engineForm = (def: OpDef, type: TensorType): Form => formOf(def, type, (op) => functionsByOp().has(op));

/** The kernel of a product, a function or of quantize; undefined for all else. */
export function engineKernel(def: OpDef, type: TensorType, tally: TellTally | undefined): Kernel | undefined {
  const form = engineForm(def, type);
  if (form === "function") return functionKernel(def, tally);
  if (form === "codes") return quantiseKernel(def, type, tally);
  if (form !== "product") return undefined;
  const described = describedProduct(def, type);
  const half = [type, ...operandsOf(def).map((x) => x.type)].every(({ dtype }) => dtype === "fp16");
  return described && half ? engineProduct(described, tally) : sequenceKernel(def, type, tally);
}

function functionKernel(def: OpDef, tally: TellTally | undefined): Kernel {
  const epsilon = typeof def.attrs.epsilon === "number" ? halfAway(def.attrs.epsilon) : 0;
  return {
    workspace: 0,
    scratch: 0,
    run(_, out, [x]) {
      const { bits, levels } = functionTable(def.op, epsilon);
      const counts = [0, 0, 0];
      for (let k = 0; k < out.data.length; k++) {
        const from = x!.data[k]!;
        out.data[k] = bits[from]!;
        counts[levels[from]!]! += 1;
      }
      tally?.({ ...NO_TALLY, bounded: counts[BOUNDED]!, open: counts[OPEN]! });
    },
  };
}
