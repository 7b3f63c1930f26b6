/** Which op runs on which kernel; every other one is compiled from its meaning. */
import type { OpDef } from "../../dsl/tensor.ts";
import type { TensorType } from "../../dsl/type.ts";
import { type CompileOptions, compileOp } from "./code/compile.ts";
import { elementwise } from "./elementwise.ts";
import type { Kernel, KernelOf } from "./kernel.ts";
import { product } from "./product.ts";
import { softmax } from "./softmax.ts";

const KERNELS: Readonly<Record<string, KernelOf>> = {
  conv: product,
  linear: product,
  matmul: product,
  add: elementwise,
  sub: elementwise,
  mul: elementwise,
  real_div: elementwise,
  maximum: elementwise,
  minimum: elementwise,
  softmax,
};

/** The kernel written for an op, undefined where there is none or it does not take these types. */
export const kernelOf: KernelOf = (def, type, options) => KERNELS[def.op]?.(def, type, options);

/** The kernel for an op value; when it has none of its own, its meaning as code. */
export const kernelFor = (def: OpDef, type: TensorType, options: CompileOptions): Kernel =>
  kernelOf(def, type, options) ?? compiled(def, type, options);

function compiled(def: OpDef, type: TensorType, options: CompileOptions): Kernel {
  const run = compileOp(def, type, options);
  return { workspace: 0, scratch: 0, run: (_, out, operands) => run(out.data, ...operands.map((x) => x.data)) };
}
