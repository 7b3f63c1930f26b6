/**
 * Evaluates layers with a planted fault as `graphc run` evaluates the right one. Reads a list of jobs, writes the
 * outputs and states of each as safetensors.
 *
 *     node run-faults.mjs JOBS.json
 *     node run-faults.mjs --list
 */
import { readFileSync } from "node:fs";
import type { Graph } from "../src/dsl/graph.ts";
import type { Size } from "../src/dsl/model.ts";
import { readDecoder } from "../src/models/config-read.ts";
import type { Decoder } from "../src/models/decoder.ts";
import type { Precision } from "../src/passes/interpret/reading.ts";
import { planOf } from "../src/passes/run/plan.ts";
import { prepare } from "../src/passes/run/run.ts";
import { openCheckpoint } from "../src/weights/hub/checkpoint.ts";
import { readArrays, writeArrays } from "../src/weights/safetensors/arrays.ts";
import { graphFaults, layersOfWrongRecord } from "./graph-faults.ts";

interface Job {
  readonly fault: string;
  /** Of a wrong record; a mutant is one of layer 0. */
  readonly first: number;
  readonly count: number;
  readonly checkpoint: string;
  /** What the record says other than the checkpoint's configuration. */
  readonly record?: Partial<Decoder>;
  readonly size: Size;
  readonly precision: Precision;
  readonly inputs: string;
  readonly state: string;
  readonly out: string;
}

async function runJob(job: Job): Promise<void> {
  const store = await openCheckpoint(job.checkpoint);
  const config = { ...readDecoder(store.config, store.configPath).decoder, ...job.record };
  const { first, count } = job;
  const wrong = layersOfWrongRecord(job.fault, config, job.size, { first, count });
  const graph: Graph = wrong ?? graphFaults[job.fault]!(config, job.size);
  const values = { ...(await readArrays(job.state, () => "fp16")), ...(await readArrays(job.inputs, () => "fp16")) };
  const plan = planOf(graph, { precision: job.precision });
  const executor = await prepare([plan], store.stream);
  const { outputs, states } = executor.run(plan, values);
  await executor.close();
  await store.close();
  await writeArrays(job.out, { ...outputs, ...states });
}

const [first] = process.argv.slice(2);
if (first === "--list") console.log(Object.keys(graphFaults).join("\n"));
else for (const job of JSON.parse(readFileSync(first!, "utf8")) as readonly Job[]) await runJob(job);
