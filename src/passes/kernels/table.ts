/** Which op runs on which kernel; every other one is compiled from its meaning. */
import type { OpDef } from "../../dsl/tensor.ts";
import type { TensorType } from "../../dsl/type.ts";
import { type CompileOptions, compileOp } from "./code/compile.ts";
import { elementwise } from "./elementwise.ts";
import { engineForm, engineKernel } from "./engine/table.ts";
import type { TellTally } from "./engine/tally.ts";
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
export const kernelFor = (def: OpDef, type: TensorType, options: KernelOptions): Kernel => {
  const engine = options.precision === "engine" ? engineKernel(def, type, options.tally) : undefined;
  if (engine) return engine;
  const { tally: _, ...how } = options;
  return kernelOf(def, type, asReference(def, type, how)) ?? compiled(def, type, asReference(def, type, how));
};

/** In which arithmetic an op is run, and who is told what became of the engine's products. */
export interface KernelOptions extends CompileOptions {
  readonly tally?: TellTally | undefined;
}

/** What the engine only moves, or does not run at all, is run as the reference does. */
const asReference = (def: OpDef, type: TensorType, options: CompileOptions): CompileOptions =>
  options.precision === "engine" && engineForm(def, type) !== "meaning" ? { ...options, precision: "fp16" } : options;

function compiled(def: OpDef, type: TensorType, options: CompileOptions): Kernel {
  const run = compileOp(def, type, options);
  return { workspace: 0, scratch: 0, run: (_, out, operands) => run(out.data, ...operands.map((x) => x.data)) };
}
