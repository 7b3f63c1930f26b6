/** Writes a GGUF file for measurements: one layer of Phi-4-mini at true size in random blocks, a vocabulary of 8 words. */
import { closeSync, openSync, writeSync } from "node:fs";

const [D, HEADS, KV, HEAD, FFN, VOCAB] = [3072, 24, 8, 128, 8192, 8];

/** Its number, the elements and bytes of a block, and where fp16 numbers are in it. */
const TYPES = {
  Q8_0: { id: 8, elements: 32, bytes: 34, halves: [0] },
  Q4_0: { id: 2, elements: 32, bytes: 18, halves: [0] },
  Q4_K: { id: 12, elements: 256, bytes: 144, halves: [0, 2] },
  Q5_K: { id: 13, elements: 256, bytes: 176, halves: [0, 2] },
  Q6_K: { id: 14, elements: 256, bytes: 210, halves: [208] },
};
const F32 = { id: 0, elements: 1, bytes: 4 };
/** fp16 2^-12: no element is beyond the range of fp16. */
const SCALE = 0x0c00;
/** Blocks that are written over and over. */
const PIECE = 4096;

const u32 = (n) => Buffer.from(Uint32Array.of(n).buffer);
const u64 = (n) => Buffer.from(BigUint64Array.of(BigInt(n)).buffer);
const text = (s) => Buffer.concat([u64(s.length), Buffer.from(s)]);
const whole = (n) => [4, u32(n)];
const float = (x) => [6, Buffer.from(Float32Array.of(x).buffer)];

const KEYS = {
  "general.architecture": [8, text("phi3")],
  "phi3.context_length": whole(4096),
  "phi3.embedding_length": whole(D),
  "phi3.feed_forward_length": whole(FFN),
  "phi3.block_count": whole(1),
  "phi3.attention.head_count": whole(HEADS),
  "phi3.attention.head_count_kv": whole(KV),
  "phi3.attention.layer_norm_rms_epsilon": float(1e-5),
  "phi3.rope.dimension_count": whole((HEAD * 3) / 4),
  "phi3.rope.freq_base": float(10000),
};

function blocks({ bytes, halves }) {
  const data = Buffer.alloc(PIECE * bytes);
  for (let i = 0, state = 1; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  for (let block = 0; block < PIECE; block++) for (const at of halves) data.writeUInt16LE(SCALE, block * bytes + at);
  return data;
}

const ones = () => Buffer.from(new Float32Array(PIECE).fill(1).buffer);

/** Writes the file with its matrices in blocks of this type. */
export function writeGguf(path, type) {
  const matrix = TYPES[type];
  // As the file lists sizes: the fastest first.
  const tensors = [
    ["token_embd", matrix, [D, VOCAB]],
    ["output_norm", F32, [D]],
    ["blk.0.attn_norm", F32, [D]],
    ["blk.0.attn_qkv", matrix, [D, (HEADS + 2 * KV) * HEAD]],
    ["blk.0.attn_output", matrix, [HEADS * HEAD, D]],
    ["blk.0.ffn_norm", F32, [D]],
    ["blk.0.ffn_up", matrix, [D, 2 * FFN]],
    ["blk.0.ffn_down", matrix, [FFN, D]],
  ].map(([name, form, dims]) => {
    const elements = dims.reduce((product, n) => product * n, 1);
    return { name, form, dims, size: (elements / form.elements) * form.bytes };
  });
  let offset = 0;
  const infos = tensors.map(({ name, form, dims, size }) => {
    const info = Buffer.concat([text(`${name}.weight`), u32(dims.length), ...dims.map(u64), u32(form.id), u64(offset)]);
    // Every size is a multiple of the alignment.
    offset += size;
    return info;
  });
  const keys = Object.entries(KEYS).map(([key, [kind, value]]) => Buffer.concat([text(key), u32(kind), value]));
  const header = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(keys.length), ...keys, ...infos]);
  const file = openSync(path, "w");
  writeSync(file, Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32)]));
  const pieces = new Map([
    [matrix, blocks(matrix)],
    [F32, ones()],
  ]);
  for (const { form, size } of tensors) {
    const piece = pieces.get(form);
    for (let done = 0; done < size; done += piece.length)
      writeSync(file, piece, 0, Math.min(piece.length, size - done));
  }
  closeSync(file);
}
