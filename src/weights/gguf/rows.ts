/** Tensors as they were before llama.cpp's converter put their rows in another order, or added 1 to them. */

import { sourceBytes, sourceValue } from "../convert/convert.ts";
import { matrixOf, type ReadableTensor } from "../convert/rectangle.ts";

/**
 * The rows of q or k as Hugging Face has them. llama.cpp's converter interleaves the two halves of each head, since its
 * RoPE turns neighbours (conversion of llama: `permute`): its row 2j + b of a head is row j of half b.
 */
export function halvesApart(stored: ReadableTensor, headDim: number): ReadableTensor {
  const { packed } = stored;
  const width = matrixOf(stored.shape)[1];
  return {
    ...stored,
    read: apart(stored.read, headDim, width * sourceBytes[stored.dtype]),
    packed: packed && { ...packed, read: apart(packed.read, headDim, (width / packed.elements) * packed.bytes) },
  };
}

/** Reads rows of so many bytes in Hugging Face's order. */
function apart(read: ReadableTensor["read"], headDim: number, rowBytes: number): ReadableTensor["read"] {
  const headBytes = headDim * rowBytes;
  return async (target, offset) => {
    for (let done = 0; done < target.length; ) {
      const head = Math.floor((offset + done) / headBytes);
      const begin = offset + done - head * headBytes;
      const length = Math.min(headBytes - begin, target.length - done);
      const interleaved = new Uint8Array(headBytes);
      await read(interleaved, head * headBytes);
      target.set(deinterleaved(interleaved, rowBytes, headDim).subarray(begin, begin + length), done);
      done += length;
    }
  };
}

function deinterleaved(rows: Uint8Array, rowBytes: number, headDim: number): Uint8Array {
  const half = headDim / 2;
  const result = new Uint8Array(rows.length);
  for (let row = 0; row < headDim; row++) {
    const from = 2 * (row % half) + Math.floor(row / half);
    result.set(rows.subarray(from * rowBytes, (from + 1) * rowBytes), row * rowBytes);
  }
  return result;
}

/**
 * The numbers of a tensor less 1, as fp32. The converter of Gemma adds it in fp32 to gains that stand less 1 in Hugging
 * Face's checkpoints: what comes back is the gain that was, to within 2⁻²⁴, and exact for one of bf16 above 2⁻¹⁶.
 */
export function lessOne(stored: ReadableTensor): ReadableTensor {
  const width = sourceBytes[stored.dtype];
  return {
    ...stored,
    packed: undefined,
    dtype: "F32",
    async read(target, offset) {
      const bytes = new Uint8Array((target.length / 4) * width);
      await stored.read(bytes, (offset / 4) * width);
      const view = new DataView(bytes.buffer);
      const numbers = Float32Array.from({ length: target.length / 4 }, (_, i) => {
        const bits = width === 4 ? view.getUint32(4 * i, true) : view.getUint16(2 * i, true);
        return sourceValue[stored.dtype](bits) - 1;
      });
      target.set(new Uint8Array(numbers.buffer));
    },
  };
}
