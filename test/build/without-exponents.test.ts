/** A part of a build with exponents that is not shown to be what it is without is not placed, and there is no manifest. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildModel } from "../../src/build/build.ts";
import { type BuildPlan, type PlannedHead, type PlannedShard, planBuild } from "../../src/build/plan.ts";
import { writePart } from "../../src/build/shard.ts";
import { readDecoder } from "../../src/models/config-read.ts";
import { modelTensors } from "../../src/models/config-tensors.ts";
import { generatedStore } from "../../src/weights/generated.ts";
import { testFolder } from "../support/cli.ts";
import { TINY_CONFIG } from "../support/graphs/tiny-phi.ts";

const { decoder } = readDecoder({ ...TINY_CONFIG, num_hidden_layers: 1 }, "config.json");
const exponents = { residual: 2, layers: [{ attn: 1, mlp: 3 }] };
const model = { decoder: { ...decoder, exponents }, stem: "phi", family: "phi" };
const plan = planBuild(model, {
  host: "ane-book",
  tokens: { from: 1, to: 2 },
  maxSeq: 8,
  shards: { counts: [1] },
  heads: 1,
  ropeFactor: "weights",
  quantize: { how: "none" },
  cache: "state",
});
const storeOf = () => generatedStore(new Map(modelTensors(decoder).map(({ name, shape }) => [name, shape])));

/** Held against rows at another power of two. */
const other = <P extends PlannedShard | PlannedHead>(part: P): P => ({
  ...part,
  plain: { ...part.plain!, residual: part.plain!.residual + 1 },
});

describe.each(["shard", "head"] as const)("a %s", (kind) => {
  const part = kind === "shard" ? plan.shards[0]! : plan.heads[0]!;
  const spoilt: BuildPlan =
    kind === "shard" ? { ...plan, shards: plan.shards.map(other) } : { ...plan, heads: plan.heads.map(other) };

  test.each([
    ["as it is", part, "PROVEN"],
    ["of another power", other(part), "NOT PROVEN"],
  ] as const)("%s", async (_, planned, verdict) => {
    const folder = testFolder();
    const { equality } = await writePart(planned, storeOf(), folder);
    expect(equality?.verdict).toBe(verdict);
    expect(existsSync(join(folder, `${part.path}.mlpackage`))).toBe(verdict === "PROVEN");
  });

  test("that is not proven so ends the build", async () => {
    const folder = testFolder();
    const built = await buildModel({
      plan: spoilt,
      folder,
      store: storeOf(),
      stops: { eos: 1, bos: 1, all: [1] },
      texts: new Map(),
      source: [],
      weights: "generated",
      force: false,
      on() {},
    });
    expect(built).toMatchObject({ kind: "not proven", path: part.path, isEquality: true });
    expect(existsSync(join(folder, "phi4mini_runtime_meta.json"))).toBe(false);
  });
});
