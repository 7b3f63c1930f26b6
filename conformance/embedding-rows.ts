/**
 * The rows of the embedding as the first layer is fed them, by a record, for the oracle to compare.
 *
 *     node embedding-rows.mjs CHECKPOINT RECORD.json OUT.safetensors
 */
import { readFileSync } from "node:fs";
import { vocabulary } from "../src/cli/survey/rows.ts";
import { readDecoder } from "../src/models/config-read.ts";
import type { Rows } from "../src/passes/survey/norms.ts";
import { openCheckpoint } from "../src/weights/hub/checkpoint.ts";
import { writeArrays } from "../src/weights/safetensors/arrays.ts";

const [folder, record, out] = process.argv.slice(2);
const store = await openCheckpoint(folder!);
const { decoder } = readDecoder(store.config, store.configPath);
const rows: Rows[] = [];
for await (const some of vocabulary({ ...decoder, ...JSON.parse(readFileSync(record!, "utf8")) }, store))
  rows.push(some);
await store.close();
// The vocabularies of these models are smaller than a batch.
const [x, ...others] = rows;
if (!x || others.length > 0) throw new Error(`${rows.length} batches`);
await writeArrays(out!, { x });
