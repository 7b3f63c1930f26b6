/** matmul, linear and 1×1 conv as sums of products over strided operands; product-run.ts computes them. */
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { broadcast, type Shape, sizeOf, type TensorType } from "../../dsl/type.ts";
import { stridesOf } from "../interpret/array.ts";
import type { CompileOptions } from "./code/compile.ts";
import { codesKernel } from "./codes-run.ts";
import type { Kernel, KernelOf } from "./kernel.ts";
import { type Product, productKernel } from "./product-run.ts";

/** For matmul, linear and conv that are rows times vectors on fp16 operands; undefined otherwise. */
export const product: KernelOf = (def, type, options) => {
  const { precision } = options;
  if (precision !== "fp16" || (type.dtype !== "fp16" && type.dtype !== "fp32")) return undefined;
  const described = describedProduct(def, type);
  return described && productKernel(described, type.dtype === "fp16", options.accumulate);
};

/** The int8 codes and the scales of a weight that is unpacked row by row from such, without an offset; undefined for any other. */
export function codesOf({ def, type }: Tensor): readonly [codes: Tensor, scale: Tensor] | undefined {
  if (def.kind !== "op" || def.op !== "constexpr_blockwise_shift_scale" || type.dtype !== "fp16") return undefined;
  const [codes, scale, offset] = operandsOf(def) as [Tensor, Tensor, Tensor?];
  const isByRow = scale.type.shape.every((n, axis) => n === (axis === 0 ? type.shape[0] : 1));
  return codes.type.dtype === "int8" && !offset && isByRow ? [codes, scale] : undefined;
}

/** A kernel that reads other values than its op's operands. */
export interface Fused {
  readonly kernel: Kernel;
  readonly operands: readonly Tensor[];
}

/** For conv and linear whose weight is unpacked from int8 codes: a kernel that reads these; undefined for any other. */
export function fusedProduct(def: OpDef, type: TensorType, options: CompileOptions): Fused | undefined {
  if (options.precision !== "fp16" || type.dtype !== "fp16" || def.op === "matmul") return undefined;
  const described = describedProduct(def, type);
  const [x, weight, ...others] = operandsOf(def);
  const parts = described && codesOf(weight!);
  if (!parts) return undefined;
  const operands = [x!, parts[0], ...others, parts[1]];
  return { operands, kernel: codesKernel({ ...described, scale: operands.length - 1 }, options.accumulate) };
}

/** The op as rows times vectors; undefined where it is something else. */
export const describedProduct = (def: OpDef, type: TensorType): Product | undefined => DESCRIBE[def.op]?.(def, type);

const DESCRIBE: Readonly<Record<string, (def: OpDef, type: TensorType) => Product | undefined>> = {
  matmul(def, type) {
    const [x, y] = operandsOf(def).map((operand) => operand.type.shape) as [Shape, Shape];
    const [M, N] = type.shape.slice(-2) as [number, number];
    const K = def.attrs.transpose_x ? x.at(-2)! : x.at(-1)!;
    return {
      rows: N,
      tokens: M,
      K,
      w: { operand: 1, ...(def.attrs.transpose_y ? { row: K, k: 1 } : { row: 1, k: N }) },
      x: { operand: 0, ...(def.attrs.transpose_x ? { token: 1, k: M } : { token: K, k: 1 }) },
      out: { row: 1, token: N },
      batches: batchesOf(x, y, type.shape),
    };
  },
  linear(def, type) {
    const [rows, K] = operandsOf(def)[1]!.type.shape as readonly [number, number];
    return {
      rows,
      tokens: sizeOf(type.shape) / rows,
      K,
      w: { operand: 1, row: K, k: 1 },
      x: { operand: 0, token: K, k: 1 },
      out: { row: 1, token: rows },
      ...(def.operands.bias ? { bias: 2 } : {}),
      batches: [{ w: 0, x: 0, out: 0 }],
    };
  },
  conv(def, type) {
    const [x, weight] = operandsOf(def).map((operand) => operand.type.shape) as [Shape, Shape];
    const [rows, K, ...taps] = weight as readonly [number, number, ...number[]];
    const tokens = sizeOf(type.shape.slice(2));
    // With one channel the meaning has no sum, and its product may be −0 where a sum would give +0.
    const plain = taps.every((n) => n === 1) && def.attrs.groups === 1 && tokens === sizeOf(x.slice(2)) && K > 1;
    if (!plain || !unpadded(def)) return undefined;
    return {
      rows,
      tokens,
      K,
      w: { operand: 1, row: K, k: 1 },
      x: { operand: 0, token: 1, k: tokens },
      out: { row: tokens, token: 1 },
      ...(def.operands.bias ? { bias: 2 } : {}),
      batches: Array.from({ length: x[0]! }, (_, n) => ({ w: 0, x: n * K * tokens, out: n * rows * tokens })),
    };
  },
};

const unpadded = ({ attrs }: OpDef): boolean =>
  (attrs.pad as readonly number[]).every((n) => n === 0) && (attrs.strides as readonly number[]).every((n) => n === 1);

/** Where each matrix of a batched product begins, the leading axes broadcast. */
function batchesOf(x: Shape, y: Shape, out: Shape): Product["batches"] {
  const shape = broadcast(x.slice(0, -2), y.slice(0, -2))!;
  const matrix = sizeOf(out.slice(-2));
  const offset = (operand: Shape, ix: readonly number[]) => {
    const strides = stridesOf(operand);
    const skip = shape.length - (operand.length - 2);
    return operand.slice(0, -2).reduce((sum, n, axis) => sum + (n === 1 ? 0 : ix[axis + skip]! * strides[axis]!), 0);
  };
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, n) => {
    const ix = shape.map((size, axis) => Math.floor(n / strides[axis]!) % size);
    return { w: offset(y, ix), x: offset(x, ix), out: n * matrix };
  });
}
