/**
 * Our reader of quantised folders, for test_mlx.py and test_fp8.py to hold against those who define the formats.
 *
 *     node quantised.mjs FOLDER    JSON: what it is, and of each quantised tensor its dtype, its shape and the SHA-256 of
 *                                  its numbers in that dtype
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sourceBytes } from "../src/weights/convert/convert.ts";
import type { ReadableTensor } from "../src/weights/convert/rectangle.ts";
import { quantisedTensors } from "../src/weights/quantised/kinds.ts";
import { openSafetensors } from "../src/weights/safetensors/file.ts";

/** Elements of a piece, so that pieces begin inside rows, groups and blocks and end there. */
const PIECE = 1009;

async function digest({ dtype, shape, read }: ReadableTensor): Promise<string> {
  const hash = createHash("sha256");
  const elements = shape.reduce((n, size) => n * size, 1);
  const width = sourceBytes[dtype];
  for (let at = 0; at < elements; at += PIECE) {
    const target = new Uint8Array(width * Math.min(PIECE, elements - at));
    await read(target, width * at);
    // Which NaN it is nobody promises.
    if (dtype === "F32") {
      const numbers = new Float32Array(target.buffer);
      new Int32Array(target.buffer).forEach((bits, i, all) => {
        all[i] = Number.isNaN(numbers[i]) ? 0x7fc00000 : bits;
      });
    }
    hash.update(target);
  }
  return hash.digest("hex");
}

const folder = process.argv[2]!;
const configPath = join(folder, "config.json");
const file = await openSafetensors(join(folder, "model.safetensors"));
const held = new Map([...file.tensors].map(([name, entry]) => [name, { file, entry }]));
const config: unknown = JSON.parse(readFileSync(configPath, "utf8"));
const quantised = quantisedTensors({ folder, configPath, config, held });
const tensors: Record<string, object> = {};
for (const [name, tensor] of quantised?.tensors ?? [])
  tensors[name] = { dtype: tensor.dtype, shape: tensor.shape, sha256: await digest(tensor) };
await file.close();
console.log(JSON.stringify({ what: quantised?.what, tensors }));
