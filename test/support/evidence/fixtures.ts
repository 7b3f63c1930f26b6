/** A small build as `graphc emit --fixtures` writes it: two packages, a certificate and fixtures, of one tiny layer. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { schedule } from "../../../src/dsl/graph.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { writeFixtures } from "../../../src/evidence/fixtures.ts";
import type { PredictedChip } from "../../../src/evidence/format/predicted-chips.ts";
import { isBorne } from "../../../src/evidence/judge/row-bounds.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import type { CacheKeeping } from "../../../src/models/layer/parts.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { record } from "../../../src/passes/parity/record/record.ts";
import type { Recording } from "../../../src/passes/parity/record/recording.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { certificate } from "../../../src/passes/prove/report/certificate.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { prepare } from "../../../src/passes/run/run.ts";
import { generatedStore, storedShapes } from "../../../src/weights/generated.ts";

const TINY: Decoder = {
  ...PHI4_MINI,
  hiddenSize: 16,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  rotaryDims: 2,
  ffnSize: 24,
  layers: 1,
  rope: { ...PHI4_MINI.rope, shortFactor: [1], longFactor: [1] },
};

const size = { tokens: 4, maxSeq: 32 };

/** The tiny layer for four tokens and for one, and its weights. */
function tinyPair(cache: CacheKeeping) {
  const block = decoderLayers(TINY, size, { cache });
  const step = decoderLayers(TINY, { ...size, tokens: 1 }, { cache });
  return { block, step, store: generatedStore(storedShapes(schedule(block))) };
}

/** The usual sequence on the tiny layer. */
export async function tinyRecording(
  cache: CacheKeeping = "state",
  seed = 1,
  predicts = false,
  special = true,
): Promise<Recording> {
  const { block, step, store } = tinyPair(cache);
  const [fast, one, exact] = [planOf(block), planOf(step), planOf(block, { precision: "fp64" })];
  const engine = planOf(block, { precision: "engine" });
  const executor = await prepare([fast, one, exact, engine], store.stream);
  const pair = {
    block,
    step,
    runBlock: (values: Parameters<typeof executor.run>[1]) => executor.run(fast, values),
    runStep: (values: Parameters<typeof executor.run>[1]) => executor.run(one, values),
  };
  try {
    return await record(pair, (values) => executor.run(exact, values), {
      seed,
      config: TINY,
      ...(special ? { borne: isBorne } : {}),
      ...(predicts
        ? { runPredicted: (values: Parameters<typeof executor.run>[1]) => executor.run(engine, values) }
        : {}),
    });
  } finally {
    await executor.close();
  }
}

/** The certificate of the packages as they read back. */
function certificateOf(paths: { readonly block: string; readonly step: string }) {
  const [block, step] = [graphOf(readPackage(paths.block)), graphOf(readPackage(paths.step))];
  return certificate(prove(block, step, { counterexample: false }), { block, step }, "0.1.0");
}

/** Writes everything into a folder that is there. */
export async function writeBuild(
  folder: string,
  cache: CacheKeeping = "state",
  predicted?: PredictedChip,
): Promise<Recording> {
  const { block, step, store } = tinyPair(cache);
  const recording = await tinyRecording(cache, 1, predicted !== undefined);
  const paths = { block: join(folder, "tiny.t4.mlpackage"), step: join(folder, "tiny.t1.mlpackage") };
  await writePackage(block, store, paths.block, { force: true });
  await writePackage(step, store, paths.step, { force: true });
  const claim = join(folder, "tiny.certificate.json");
  await writeFile(claim, JSON.stringify(certificateOf(paths)));
  await writeFixtures({
    tool: "graphc 0.1.0",
    name: "tiny",
    seed: 1,
    layers: [0],
    settings: TINY,
    graph: "the graph of tiny",
    block: { path: paths.block },
    step: { path: paths.step },
    certificate: claim,
    ...(predicted ? { predicted } : {}),
    recording,
  });
  return recording;
}
