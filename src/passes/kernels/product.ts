/** matmul, linear and 1×1 conv on the dot and mix kernels (wat/dot.ts, wat/mix.ts), in the reference's order of sums. */
import { type OpDef, operandsOf } from "../../dsl/tensor.ts";
import { broadcast, type Shape, sizeOf, type TensorType } from "../../dsl/type.ts";
import { stridesOf } from "../array.ts";
import type { CompileOptions } from "./code/compile.ts";
import { HALF } from "./code/runtime.ts";
import type { Kernel, KernelOf, Place } from "./kernel.ts";
import { align, type Machine } from "./machine.ts";

/** out[batch, row, token] = Σₖ w[batch, row, k] · x[batch, token, k] (+ bias[row]); strides in elements. */
interface Product {
  readonly rows: number;
  readonly tokens: number;
  readonly K: number;
  readonly w: { readonly operand: number; readonly row: number; readonly k: number };
  readonly x: { readonly operand: number; readonly token: number; readonly k: number };
  readonly out: { readonly row: number; readonly token: number };
  readonly bias?: number;
  /** Where the operands and the result of each batch begin. */
  readonly batches: readonly { readonly w: number; readonly x: number; readonly out: number }[];
}

export const product: KernelOf = (def, type, options) => {
  const { precision } = options;
  if (precision !== "fp16" || (type.dtype !== "fp16" && type.dtype !== "fp32")) return undefined;
  const described = DESCRIBE[def.op]?.(def, type);
  return described && kernelOf(described, type, options);
};

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

/** fp32 bits of 2^112, the scale of packed tokens against weights widened without it (wat/half.ts), and of 1. */
const SCALED = 0x77800000;
const UNSCALED = 0x3f800000;
/** Multiplications worth one grain: some tens of microseconds. */
const GRAIN = 2 ** 18;

const padded = (K: number): number => Math.ceil(K / 8) * 8;

function kernelOf(p: Product, type: TensorType, { accumulate }: CompileOptions): Kernel {
  // One token alone is worked on with four rows at a time; `mix` always takes four tokens.
  const tokens = p.tokens === 1 && p.w.k === 1 ? 1 : 4;
  const blocks = Math.ceil(p.tokens / tokens);
  const blockBytes = 4 * tokens * padded(p.K);
  const half = type.dtype === "fp16";
  const bytes = half ? 2 : 4;
  const sums = half && accumulate ? [accumulate.chunk, 1] : [padded(p.K), 0];
  const space = { packed: 0, used: align(blocks * blockBytes), bias: align(blocks * blockBytes) + align(4 * blocks) };

  return {
    workspace: space.bias + (p.bias === undefined ? 0 : align(4 * p.rows)),
    // Four rows for `gather`, the lanes of `mix`, and what every kernel may use for itself.
    scratch: Math.max(1024, 64 + 16 * padded(p.K)),
    run(machine, out, operands, workspace) {
      const [w, x] = [operands[p.w.operand]!, operands[p.x.operand]!];
      const finite = half && (w.finite ?? machine.finite(w.at, w.data.length));
      const how = finite && p.w.k === 1 ? "dot" : "gather";
      const mixes = finite && p.w.row === 1 && p.w.k > 1 && p.rows % 8 === 0 && !accumulate;
      const scale = mixes || how === "dot" ? SCALED : UNSCALED;
      const at = { packed: workspace, used: workspace + space.used, bias: workspace + space.bias };
      if (p.bias !== undefined) widenBias(machine, operands[p.bias]!, at.bias);
      let packedFrom = -1;
      for (const batch of p.batches) {
        const from = x.at + batch.x * bytes;
        const source = [from, p.x.token * bytes, p.x.k * bytes, Number(half), p.tokens, p.K];
        if (from !== packedFrom) machine.run("pack", [...source, at.packed, tokens, scale, at.used], blocks, blocks);
        packedFrom = from;
        const [rows, result] = [w.at + batch.w * bytes, out.at + batch.out * bytes];
        if (mixes) {
          const words = [
            at.packed,
            blockBytes,
            at.used,
            rows,
            p.w.k * 2,
            p.rows / 8,
            result,
            p.out.token * 2,
            p.tokens,
          ];
          machine.run("mix", words, blocks * (p.rows / 8), grain(p.K * 32, 1));
          continue;
        }
        for (let block = 0; block < blocks; block++) {
          const words = [
            ...[rows, p.w.row * bytes, at.packed + block * blockBytes, p.K, ...sums],
            ...[result + block * tokens * p.out.token * bytes, p.out.row * bytes, p.out.token * bytes],
            ...[p.tokens - block * tokens, Number(!half), p.bias === undefined ? 0 : at.bias],
            ...[p.w.k * bytes, Number(half)],
          ];
          machine.run(`${how}_${tokens === 4 ? "1x4" : "4x1"}`, words, p.rows, grain(p.K * tokens, 4));
        }
      }
    },
  };
}

/** How many items of `cost` multiplications make a grain, a multiple of `unit`. */
const grain = (cost: number, unit: number): number => Math.max(1, Math.round(GRAIN / cost / unit)) * unit;

function widenBias(machine: Machine, bias: Place, at: number): void {
  const to = new Float32Array(machine.buffer, at, bias.data.length);
  for (let i = 0; i < to.length; i++) to[i] = bias.dtype === "fp16" ? HALF[bias.data[i]!]! : bias.data[i]!;
}
