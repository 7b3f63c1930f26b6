/**
 * Our GGUF reader, for test_gguf.py to hold against the gguf package.
 *
 *     node gguf.mjs file FILE          JSON: the metadata without long lists, and for each tensor its shape and the
 *                                      SHA-256 of its elements as fp32 and as the fp16 stream
 *     node gguf.mjs types              JSON: of every number of a type up to 63 what it is called, and its block
 *     node gguf.mjs checkpoint PATH    JSON: the configuration, the decoder that it says, its frequencies of RoPE, and by
 *                                      Hugging Face's names the SHA-256 of fp16 streams; of a folder too
 */
import { createHash } from "node:crypto";
import type { Shape } from "../src/dsl/type.ts";
import { readDecoder } from "../src/models/config-read.ts";
import { attentionFactorOf, inverseFrequencies } from "../src/models/frequencies.ts";
import { fp16Store } from "../src/weights/fp16-store.ts";
import { ENCODINGS, strangerName } from "../src/weights/gguf/encodings.ts";
import { type GgufFile, openGguf } from "../src/weights/gguf/file.ts";
import type { GgufTensor } from "../src/weights/gguf/header.ts";
import { openWeights } from "../src/weights/open.ts";
import type { WeightStore } from "../src/weights/store.ts";

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

async function fp16Digest(
  store: Pick<WeightStore, "stream">,
  tensor: { readonly name: string; readonly shape: Shape },
): Promise<string> {
  const hash = createHash("sha256");
  const source = { from: "checkpoint", tensor: tensor.name } as const;
  for await (const chunk of store.stream(source, { dtype: "fp16", shape: tensor.shape })) hash.update(chunk);
  return hash.digest("hex");
}

async function fileFacts(path: string) {
  const file = await openGguf(path);
  const tensors: Record<string, object> = {};
  for (const tensor of file.tensors.values()) {
    const isWide = tensor.encoding.kind === "blocks" || tensor.encoding.dtype === "F32";
    tensors[tensor.name] = {
      shape: tensor.shape,
      encoding: tensor.encoding.name,
      ...(isWide ? { fp32: await fp32Digest(file, tensor) } : {}),
      fp16: await fp16Digest(
        fp16Store(() => file.readable(tensor)),
        tensor,
      ),
    };
  }
  const metadata = Object.fromEntries([...file.metadata].filter(([, value]) => typeof value !== "object"));
  await file.close();
  return { metadata, tensors };
}

async function checkpointFacts(path: string) {
  const checkpoint = await openWeights(path);
  const tensors: Record<string, string> = {};
  for (const tensor of checkpoint.tensors.values()) tensors[tensor.name] = await fp16Digest(checkpoint, tensor);
  const { config, configPath } = checkpoint;
  await checkpoint.close();
  const { decoder } = readDecoder(config, configPath);
  const inverse = [...inverseFrequencies(decoder, decoder.maxPositions)];
  return { config, decoder, inverseFrequencies: inverse, attentionFactor: attentionFactorOf(decoder), tensors };
}

/** Its name, the elements and the bytes of a block; the name alone of one that is not read. */
function typeOf(id: number): readonly (string | number)[] {
  const encoding = ENCODINGS.get(id);
  if (!encoding) return [strangerName(id)];
  return [encoding.name, encoding.kind === "plain" ? 1 : encoding.elements, encoding.bytes];
}

const TASKS: ReadonlyMap<string | undefined, (path: string) => unknown> = new Map<string, (path: string) => unknown>([
  ["types", () => Array.from({ length: 64 }, (_, id) => typeOf(id))],
  ["file", fileFacts],
  ["checkpoint", checkpointFacts],
]);

const [task, path] = process.argv.slice(2);
console.log(JSON.stringify(await TASKS.get(task)!(path!)));
