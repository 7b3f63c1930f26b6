/**
 * Our safetensors reader and weight streams, for test_weights.py to hold against the reference reader and torch.
 *
 *     node weights.mjs digests CHECKPOINT    SHA-256 of each tensor's fp16 stream, as stored and transposed; the report
 *     node weights.mjs opened FOLDER         for each file of the folder: "" when it is accepted, else the refusal
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Shape } from "../src/dsl/type.ts";
import { isUserError } from "../src/dsl/user-error.ts";
import type { WeightSource } from "../src/dsl/weight-source.ts";
import { openCheckpoint } from "../src/weights/hub/checkpoint.ts";
import { openSafetensors } from "../src/weights/safetensors/file.ts";
import type { WeightStore } from "../src/weights/store.ts";

async function digest(store: WeightStore, source: WeightSource, shape: Shape): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of store.stream(source, { dtype: "fp16", shape })) hash.update(chunk);
  return hash.digest("hex");
}

async function digests(folder: string) {
  const checkpoint = await openCheckpoint(folder);
  const straight: Record<string, string> = {};
  const transposed: Record<string, string> = {};
  for (const { name, shape } of checkpoint.tensors.values()) {
    const source = { from: "checkpoint", tensor: name } as const;
    straight[name] = await digest(checkpoint, source, shape);
    const turned = { ...source, transform: "transpose" } as const;
    if (shape.length === 2) transposed[name] = await digest(checkpoint, turned, shape.toReversed());
  }
  const { rounded, worstError, nonFinite } = checkpoint.report();
  await checkpoint.close();
  return { straight, transposed, rounded, worstError, nonFinite };
}

async function opened(folder: string) {
  const refusals: Record<string, string> = {};
  for (const file of readdirSync(folder)) {
    try {
      await (await openSafetensors(join(folder, file))).close();
      refusals[file] = "";
    } catch (error) {
      // Anything but a clear refusal is a fault of ours and ends the program.
      if (!isUserError(error)) throw error;
      refusals[file] = error.message;
    }
  }
  return refusals;
}

const [task, folder] = process.argv.slice(2);
console.log(JSON.stringify(await (task === "digests" ? digests : opened)(folder!)));
