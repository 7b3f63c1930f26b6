/** softmax of fp16 on the row kernel of wat/softmax.ts. */
import { operandsOf } from "../../dsl/tensor.ts";
import { sizeOf } from "../../dsl/type.ts";
import type { KernelOf } from "./kernel.ts";
import { align } from "./machine.ts";

/** Elements a thread takes at a time: an exponential costs as much as some tens of multiplications. */
const GRAIN = 2 ** 13;

/** For fp16 along any axis; undefined in fp64. */
export const softmax: KernelOf = (def, type, { precision }) => {
  const axis = def.attrs.axis as number;
  if (precision !== "fp16" || operandsOf(def)[0]!.type.dtype !== "fp16") return undefined;
  const [n, stride] = [type.shape[axis]!, sizeOf(type.shape.slice(axis + 1))];
  const rows = sizeOf(type.shape) / n;
  return {
    workspace: 0,
    // The exponentials of a row, and room behind them for whole steps.
    scratch: align(4 * n + 32),
    run(machine, out, [x]) {
      machine.run("softmax", [x!.at, out.at, n, stride], rows, Math.max(1, Math.floor(GRAIN / n)));
    },
  };
};
