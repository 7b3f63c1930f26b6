/** Named arrays in a safetensors file: what `graphc run` reads and writes. */
import { type DType, isFloat, show } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { openSafetensors } from "./file.ts";
import { writeSafetensors } from "./write.ts";

/** Arrays by tensor name, row-major; fp16 as its bits. */
export type Arrays = Readonly<Record<string, RawArray>>;

const DTYPE_OF: ReadonlyMap<string, DType> = new Map([
  ["F16", "fp16"],
  ["F32", "fp32"],
  ["I32", "int32"],
]);

/** Tells the dtype that an F64 tensor stands for; undefined where doubles have no place. */
export type DoublesAs = (name: string) => DType | undefined;

/**
 * Every tensor of the file. An evaluation in fp64 takes its float values as doubles too, unrounded: `doublesAs` then
 * tells their dtype.
 * @throws UserError when the file breaks a rule or holds a dtype that no input has.
 */
export async function readArrays(path: string, doublesAs: DoublesAs = () => undefined): Promise<Arrays> {
  const file = await openSafetensors(path);
  try {
    const arrays: [name: string, array: RawArray][] = [];
    for (const entry of file.tensors.values()) {
      const dtype = DTYPE_OF.get(entry.dtype) ?? floatOf(entry, doublesAs);
      if (!dtype)
        throw new UserError(
          `${path}: tensor "${entry.name}" is ${entry.dtype}; inputs are F16, F32 or I32, and in fp64 F64`,
        );
      const bytes = new Uint8Array(entry.bytes);
      await file.read(entry, bytes, 0);
      arrays.push([entry.name, { dtype, shape: entry.shape, data: elementsOf(entry.dtype, bytes.buffer) }]);
    }
    return Object.fromEntries(arrays);
  } finally {
    await file.close();
  }
}

function floatOf({ name, dtype }: { name: string; dtype: string }, doublesAs: DoublesAs): DType | undefined {
  const wanted = dtype === "F64" ? doublesAs(name) : undefined;
  return wanted !== undefined && isFloat(wanted) ? wanted : undefined;
}

function elementsOf(stored: string, buffer: ArrayBuffer): RawArray["data"] {
  if (stored === "F16") return new Uint16Array(buffer);
  if (stored === "F64") return new Float64Array(buffer);
  return stored === "F32" ? new Float32Array(buffer) : new Int32Array(buffer);
}

/** Writes arrays as they are stored: fp16 as F16, fp32 as F32, doubles as F64, int32 as I32. */
export async function writeArrays(path: string, arrays: Arrays): Promise<void> {
  const tensors = Object.entries(arrays).map(([name, array]) => ({
    name,
    dtype: storedDtype(name, array),
    shape: array.shape,
    data: new Uint8Array(array.data.buffer, array.data.byteOffset, array.data.byteLength),
  }));
  await writeSafetensors(path, tensors);
}

function storedDtype(name: string, array: RawArray): string {
  if (array.data instanceof Float64Array) return "F64";
  const [known] = [...DTYPE_OF].find(([, dtype]) => dtype === array.dtype) ?? [];
  if (known === undefined)
    throw new UserError(`"${name}" is ${show(array)}, which safetensors files of graphc do not hold`);
  return known;
}
