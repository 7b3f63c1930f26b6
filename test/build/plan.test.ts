/** What a plan says beside the parts: the rules about the engine that bite, and how long a build takes. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { planFindings } from "../../src/build/findings.ts";
import { foresee } from "../../src/build/foreseen.ts";
import { type BuildSettings, planBuild } from "../../src/build/plan.ts";
import { UserError } from "../../src/dsl/user-error.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import { readDecoder } from "../../src/models/config-read.ts";
import { modelTensors } from "../../src/models/config-tensors.ts";
import { generatedStore } from "../../src/weights/generated.ts";
import type { WeightStore } from "../../src/weights/store.ts";
import { TINY_CONFIG } from "../support/graphs/tiny-phi.ts";

const phi = { decoder: PHI4_MINI, stem: "phi4mini", family: "Phi 4 Mini" };
const SETTINGS: BuildSettings = {
  host: "ane-book",
  tokens: { from: 1, to: 1 },
  maxSeq: 2048,
  shards: { counts: [20, 4, 6, 2] },
  heads: 4,
  ropeFactor: "weights",
  quantize: { how: "nearest", kept: [], others: [] },
  cache: "state",
};

describe("the rules that bite", () => {
  const found = async (settings: Partial<BuildSettings>) => planFindings(planBuild(phi, { ...SETTINGS, ...settings }));
  const rules = async (settings: Partial<BuildSettings>) => (await found(settings)).map(({ first }) => first.rule);

  test("are each told once, with how often and in which parts", async () => {
    const [axis, ...others] = await found({});
    expect(others).toEqual([]);
    expect([axis!.first.rule, axis!.times]).toEqual(["axis-size", 8]);
    expect(axis!.parts).toEqual([0, 1, 2, 3].map((k) => `lm_head_shards/phi4mini_lm_head_s${k}_q8`));
  });

  test("are those of the shards and settings that are planned", async () => {
    expect(await rules({ heads: 16 })).toEqual([]);
    expect(await rules({ heads: 16, shards: { counts: [24, 4, 4] } })).toEqual(["size"]);
    expect(await rules({ heads: 16, quantize: { how: "none" } })).toEqual(["size"]);
    const functions = [1, 6000].map((tokens) => ({ name: `t${tokens}`, tokens }));
    const plain = { ...phi, decoder: { ...PHI4_MINI, rope: { type: "default" } as const } };
    const long = planBuild(plain, { ...SETTINGS, heads: 16, maxSeq: 8192, tokens: { functions } });
    expect((await planFindings(long)).map(({ first }) => first.rule)).toContain("axis-size");
    const [size] = await found({ heads: 16, shards: { counts: [8, 24] } });
    expect(size!.parts).toEqual(["phi4mini_layer8_32_q8"]);
  });
});

test("a shard of layers without RoPE alone has no place for the tables that the runtime feeds", () => {
  const still = { ...PHI4_MINI.pattern[0]!, turned: false };
  const pattern = [...Array.from({ length: 31 }, () => PHI4_MINI.pattern[0]!), still];
  const of = (...counts: readonly number[]) =>
    planBuild({ ...phi, decoder: { ...PHI4_MINI, pattern } }, { ...SETTINGS, shards: { counts } });
  expect(() => of(31, 1)).toThrow("layers 31 to 31 have no RoPE, and the runtime feeds its tables to every shard");
  expect(of(30, 2).shards).toHaveLength(2);
});

describe("the time that a build takes", () => {
  const model = { decoder: readDecoder(TINY_CONFIG, "config.json").decoder, stem: "phi", family: "phi" };
  const plan = planBuild(model, { ...SETTINGS, maxSeq: 32, shards: { counts: [2, 2] }, quantize: { how: "none" } });
  const { blobs } = plan.shards[0]!.lowered;

  const shapes = new Map(modelTensors(model.decoder).map(({ name, shape }) => [name, shape]));

  test("is that of a trial, for all bytes", async () => {
    const { tried, seconds, whole } = await foresee(plan, generatedStore(shapes), { warmUp: 60, trial: 60 });
    expect(tried).toBe(blobs.bytes);
    expect(seconds).toBeGreaterThan(0);
    expect(whole).toBeCloseTo((seconds * plan.bytes) / tried, 9);
  });

  test("counts from the end of the start on, and ends before the shard does", async () => {
    const store = generatedStore(shapes);
    const whole = await foresee(plan, store, { warmUp: 0, trial: 0 });
    expect(whole.tried).toBeLessThan(blobs.bytes / 2);
    const { tried, seconds } = await foresee(plan, slow(store), { warmUp: 0.02, trial: 0.02 });
    expect(tried).toBeLessThan(blobs.bytes);
    expect(seconds).toBeGreaterThanOrEqual(0.02);
  });

  test("is not told where the weights cannot be read", async () => {
    await expect(foresee(plan, generatedStore(new Map()))).rejects.toThrow(UserError);
  });
});

/** A store that takes a hundredth of a second for each weight. */
const slow = ({ stream, report, close }: WeightStore): WeightStore => ({
  async *stream(source, type) {
    await setTimeout(10);
    yield* stream(source, type);
  },
  report,
  close,
});
