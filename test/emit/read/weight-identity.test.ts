/** Weights of two packages are the same numbers when their bytes are, however they are cut or fused. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Graph } from "../../../src/dsl/graph.ts";
import { schedule } from "../../../src/dsl/graph.ts";
import { weightIdentity } from "../../../src/emit/read/blobs/weight-identity.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { generatedStore, storedShapes } from "../../../src/weights/generated.ts";

const CONFIG = { ...PHI4_MINI, hiddenSize: 16, heads: 4, kvHeads: 2, headDim: 4, rotaryDims: 2, ffnSize: 8 };

/** Written to disk and read back. */
async function packaged(graph: Graph, seed = 1): Promise<Graph> {
  const path = join(mkdtempSync(join(tmpdir(), "graphc-identity-")), "x.mlpackage");
  await writePackage(graph, generatedStore(storedShapes(schedule(graph)), seed), path);
  return graphOf(readPackage(path));
}

const layer = (tokens: number, spelling: "fused" | "split") =>
  decoderLayers(CONFIG, { tokens, maxSeq: 8 }, { qkv: spelling, gateUp: spelling });

test("a package with fused weights is proven against one that holds their rows apart", async () => {
  const pair = [await packaged(layer(2, "fused")), await packaged(layer(1, "split"))] as const;
  expect(prove(...pair, { counterexample: false }).verdict).toBe("NOT PROVEN");
  const verdict = prove(...pair, { counterexample: false, weightIdentity: weightIdentity(pair) });
  expect(verdict).toMatchObject({ verdict: "PROVEN", level: "exact" });
});

test("other numbers in one package are no identity", async () => {
  const pair = [await packaged(layer(2, "fused")), await packaged(layer(1, "split"), 2)] as const;
  const verdict = prove(...pair, { counterexample: false, weightIdentity: weightIdentity(pair) });
  expect(verdict.verdict).toBe("NOT PROVEN");
});
