/** Quantised checkpoints that tests write: tensors packed by another way of counting than the reader's, and what they hold. */
import { fp16Bits, fp16Value } from "../../../src/dsl/number.ts";
import { CONFIG, fileOf, folderOf, type RawTensor, TENSORS } from "../cli.ts";
import { bf16Bytes } from "./weights-files.ts";

const bytesOf = (data: ArrayBufferView<ArrayBuffer>): Uint8Array => new Uint8Array(data.buffer);

/** Element types of scales, and their numbers as bytes; those given must be exact. */
export const STORED: Readonly<Record<string, (numbers: readonly number[]) => Uint8Array>> = {
  F32: (numbers) => bytesOf(Float32Array.from(numbers)),
  F16: (numbers) => bytesOf(Uint16Array.from(numbers, fp16Bits)),
  BF16: bf16Bytes,
};

/** Bytes of an element type as numbers. */
export const NUMBERS: Readonly<Record<string, (bytes: Uint8Array) => number[]>> = {
  F32: (bytes) => [...new Float32Array(bytes.slice().buffer)],
  F16: (bytes) => Array.from(new Uint16Array(bytes.slice().buffer), fp16Value),
  BF16: (bytes) => {
    const bits = Uint32Array.from(new Uint16Array(bytes.slice().buffer), (half) => half << 16);
    return [...new Float32Array(bits.buffer)];
  },
};

/** A tensor of numbers that its dtype holds exactly. */
export const tensorOf = (
  name: string,
  dtype: string,
  shape: readonly number[],
  numbers: readonly number[],
): RawTensor => ({ name, dtype, shape, data: STORED[dtype]!(numbers) });

/** Codes in a row of bits: code k is worth 2^(bits · k). */
export function packed(codes: readonly number[], bits: number): Uint8Array {
  const hex = codes
    .toReversed()
    .map((code) => code.toString(2).padStart(bits, "0"))
    .join("");
  const bytes = hex.match(/.{8}/g) ?? [];
  return Uint8Array.from(bytes.toReversed(), (byte) => Number.parseInt(byte, 2));
}

/** What an MLX layer is made of. */
export interface MlxLayer {
  readonly bits: number;
  readonly groupSize: number;
  readonly columns: number;
  /** Row by row. */
  readonly codes: readonly number[];
  readonly scales: readonly number[];
  readonly biases: readonly number[];
  readonly dtype?: string;
}

/** The three tensors of a layer. */
export function mlxTensorsOf(path: string, layer: MlxLayer): readonly RawTensor[] {
  const { bits, groupSize, columns, codes, scales, biases, dtype = "BF16" } = layer;
  const rows = codes.length / columns;
  const beside = [rows, columns / groupSize];
  return [
    { name: `${path}.weight`, dtype: "U32", shape: [rows, (columns * bits) / 32], data: packed(codes, bits) },
    tensorOf(`${path}.scales`, dtype, beside, scales),
    tensorOf(`${path}.biases`, dtype, beside, biases),
  ];
}

/** A folder with these tensors and this config.json. */
export const quantisedFolder = (config: unknown, tensors: readonly RawTensor[]): string =>
  folderOf({ "config.json": JSON.stringify(config), "model.safetensors": fileOf(tensors) });

const counted = (n: number, of: (i: number) => number): readonly number[] => Array.from({ length: n }, (_, i) => of(i));

/** The same model as quantised, and as plain numbers. */
export interface Twins {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly RawTensor[];
  readonly plain: readonly RawTensor[];
}

const isMatrix = ({ shape }: RawTensor) => shape.length === 2;

/** The small model of `CONFIG` as mlx-lm writes it: 4 bits in groups of 32, the embedding with 8; shorter rows are plain. */
export function mlxTwins(): Twins {
  const made = TENSORS.map((tensor, n): readonly [readonly RawTensor[], RawTensor] => {
    const [rows = 0, columns = 0] = tensor.shape;
    if (!isMatrix(tensor) || columns % 32 !== 0) return [[tensor], tensor];
    const bits = tensor.name.includes("embed") ? 8 : 4;
    const codes = counted(rows * columns, (i) => (7 * i + n + (i >> 5)) % 2 ** bits);
    const scales = counted((rows * columns) / 32, (g) => 2 ** -(3 + (g % 3)) * (g % 2 ? -1 : 1));
    const biases = counted(scales.length, (g) => -(g % 5) / 4);
    const numbers = codes.map((code, i) => code * scales[i >> 5]! + biases[i >> 5]!);
    const layer = { bits, groupSize: 32, columns, codes, scales, biases };
    const path = tensor.name.replace(/\.weight$/, "");
    return [mlxTensorsOf(path, layer), tensorOf(tensor.name, "BF16", tensor.shape, numbers)];
  });
  const quantization = { group_size: 32, bits: 4, mode: "affine", "model.embed_tokens": { group_size: 32, bits: 8 } };
  return {
    config: { ...CONFIG, quantization, quantization_config: quantization },
    tensors: made.flatMap(([tensors]) => tensors),
    plain: made.map(([, plain]) => plain),
  };
}

/** FP8 codes of eight numbers, by hand from the format. */
export const E4M3: readonly (readonly [code: number, value: number])[] = [
  [0x00, 0],
  [0x01, 2 ** -9],
  [0x38, 1],
  [0x39, 1.125],
  [0xb8, -1],
  [0x7e, 448],
  [0x4c, 6],
  [0x08, 2 ** -6],
];

/** The small model in FP8, in blocks of 16×24, so that there are edges; with scales of activations. */
export function fp8Twins(): Twins {
  const [high, wide] = [16, 24];
  const made = TENSORS.map((tensor): readonly [readonly RawTensor[], RawTensor] => {
    const [rows = 0, columns = 0] = tensor.shape;
    if (!tensor.name.includes("_proj")) return [[tensor], tensor];
    const across = Math.ceil(columns / wide);
    const grid = [Math.ceil(rows / high), across];
    const scales = counted(grid[0]! * across, (k) => (3 + k) * 2 ** -8);
    const picked = counted(rows * columns, (i) => (5 * i + (i >> 4)) % E4M3.length);
    const scaleAt = (i: number) => scales[Math.floor(i / columns / high) * across + Math.floor((i % columns) / wide)]!;
    const numbers = picked.map((k, i) => E4M3[k]![1] * scaleAt(i));
    const data = Uint8Array.from(picked, (k) => E4M3[k]![0]);
    return [
      [
        { ...tensor, dtype: "F8_E4M3", data },
        tensorOf(`${tensor.name}_scale_inv`, "F32", grid, scales),
        tensorOf(tensor.name.replace("weight", "input_scale"), "F32", [], [1]),
      ],
      tensorOf(tensor.name, "F32", tensor.shape, numbers),
    ];
  });
  return {
    config: { ...CONFIG, quantization_config: { quant_method: "fp8", weight_block_size: [high, wide] } },
    tensors: made.flatMap(([tensors]) => tensors),
    plain: made.map(([, plain]) => plain),
  };
}
