/**
 * Our GGUF reader, for test_gguf.py to hold against the gguf package.
 *
 *     node gguf.mjs FILE    JSON: the metadata without long lists, and for each tensor its shape and the SHA-256 of its
 *                           elements as fp32 and as the fp16 stream
 */
import { createHash } from "node:crypto";
import { fp16Store } from "../src/weights/fp16-store.ts";
import { type GgufFile, openGguf } from "../src/weights/gguf/file.ts";
import type { GgufTensor } from "../src/weights/gguf/header.ts";

/** Elements of a piece, so that pieces begin inside blocks and end there. */
const PIECE = 1_000_003;

async function fp32Digest(file: GgufFile, tensor: GgufTensor): Promise<string> {
  const stored = file.readable(tensor);
  const hash = createHash("sha256");
  const elements = tensor.shape.reduce((n, size) => n * size, 1);
  for (let at = 0; at < elements; at += PIECE) {
    const target = new Uint8Array(4 * Math.min(PIECE, elements - at));
    await stored.read(target, 4 * at);
    hash.update(target);
  }
  return hash.digest("hex");
}

async function fp16Digest(file: GgufFile, tensor: GgufTensor): Promise<string> {
  const store = fp16Store(() => file.readable(tensor));
  const hash = createHash("sha256");
  const source = { from: "checkpoint", tensor: tensor.name } as const;
  for await (const chunk of store.stream(source, { dtype: "fp16", shape: tensor.shape })) hash.update(chunk);
  return hash.digest("hex");
}

const file = await openGguf(process.argv[2]!);
const tensors: Record<string, object> = {};
for (const tensor of file.tensors.values()) {
  const isWide = tensor.encoding.kind === "blocks" || tensor.encoding.dtype === "F32";
  tensors[tensor.name] = {
    shape: tensor.shape,
    encoding: tensor.encoding.name,
    ...(isWide ? { fp32: await fp32Digest(file, tensor) } : {}),
    fp16: await fp16Digest(file, tensor),
  };
}
const metadata = Object.fromEntries([...file.metadata].filter(([, value]) => typeof value !== "object"));
console.log(JSON.stringify({ metadata, tensors }));
await file.close();
