/** What the ane-book's runtime asks of a build: its manifest as Swift decodes it, its packages, and rows of zeros that stay finite. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { feedsOf } from "../../src/build/host/feeds.ts";
import { checkBuilt } from "../../src/build/read-back.ts";
import { fp16Value } from "../../src/dsl/number.ts";
import { packageWeights } from "../../src/emit/read/blobs/package-store.ts";
import { graphOf, readPackage } from "../../src/emit/read/read.ts";
import type { RawArray } from "../../src/passes/kernels/raw.ts";
import { printGraph } from "../../src/passes/print.ts";
import { planOf } from "../../src/passes/run/plan.ts";
import { prepare } from "../../src/passes/run/run.ts";
import { graphc } from "../support/cli.ts";
import { writeTinyPhi } from "../support/graphs/tiny-phi.ts";

const MAX_SEQ = 32;
/** 8 as fp16: larger than any number of the caches of this model, and no score of it overflows. */
const STALE = 0x4800;
let checkpoint: string;
/** Flexible, and the fixed sets of four and of one token. */
const SETS = { flexible: "1..4", four: "4", one: "1" } as const;
const folderOf = (set: keyof typeof SETS): string => join(checkpoint, set);
const manifestOf = (set: keyof typeof SETS) =>
  JSON.parse(readFileSync(join(folderOf(set), "phi4mini_runtime_meta.json"), "utf8"));

beforeAll(async () => {
  checkpoint = mkdtempSync(join(tmpdir(), "graphc-cli-"));
  writeTinyPhi(checkpoint);
  const size = ["--shards", "2,2", "--heads", "2", "--max-seq", `${MAX_SEQ}`, "--ahead-of-evidence"];
  for (const [set, tokens] of Object.entries(SETS)) {
    const out = folderOf(set as keyof typeof SETS);
    expect(await graphc(["build", checkpoint, "--out", out, ...size, "--tokens", tokens])).toMatchObject({ code: 0 });
  }
});
afterAll(() => rmSync(checkpoint, { recursive: true }));

type Decoded = Record<string, unknown>;
type Field = (value: unknown, where: string) => void;

/** JSONDecoder: a key that is missing or null is an error unless its type is optional, and an Int takes whole numbers alone. */
const struct =
  (required: Readonly<Record<string, Field>>, optional: Readonly<Record<string, Field>> = {}): Field =>
  (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Error(`${where}: no keyed container`);
    const keyed = value as Decoded;
    for (const [key, field] of Object.entries(required)) {
      if (keyed[key] === undefined || keyed[key] === null) throw new Error(`${where}.${key}: key not found`);
      field(keyed[key], `${where}.${key}`);
    }
    for (const [key, field] of Object.entries(optional))
      if (keyed[key] !== undefined && keyed[key] !== null) field(keyed[key], `${where}.${key}`);
  };
const array =
  (of: Field): Field =>
  (value, where) => {
    if (!Array.isArray(value)) throw new Error(`${where}: no array`);
    for (const [k, one] of value.entries()) of(one, `${where}[${k}]`);
  };
const check =
  (isOf: (value: unknown) => boolean, type: string): Field =>
  (value, where) => {
    if (!isOf(value)) throw new Error(`${where}: type mismatch, no ${type}`);
  };
const [int, double, string] = [
  check(Number.isSafeInteger, "Int"),
  check((x) => typeof x === "number" && Number.isFinite(x), "Double"),
  check((x) => typeof x === "string", "String"),
];
const LAYERS = array(struct({ start: int, end: int, path: string }));
const HEADS = array(struct({ shard_idx: int, vocab_start: int, vocab_end: int, mlmodelc: string }));
const SIZES = ["d_model", "n_heads", "n_kv_heads", "d_head", "vocab_size", "n_layers", "max_seq_len"];
/** PhiRuntimeMeta. */
const META = struct(
  {
    model_family: string,
    ...Object.fromEntries([...SIZES, "eos_token_id", "bos_token_id"].map((key) => [key, int])),
    rope_freq_base: double,
    embed_bin: string,
    layers: LAYERS,
    lm_head_shards: HEADS,
  },
  { rope_dim: int, speculative_verifier: struct({ batch_tokens: int, layers: LAYERS, lm_head_shards: HEADS }) },
);

describe("the manifest", () => {
  test.each(Object.keys(SETS) as (keyof typeof SETS)[])("of the set %s is decoded, and covers", (set) => {
    const manifest = manifestOf(set);
    META(manifest, "meta");
    const [layers, heads] = [manifest.layers as Decoded[], manifest.lm_head_shards as Decoded[]];
    expect(layers.map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [2, 4],
    ]);
    expect(heads.map(({ vocab_start: begin, vocab_end: end }) => [begin, end])).toEqual([
      [0, 25],
      [25, 50],
    ]);
    const paths = [manifest.embed_bin, ...layers.map(({ path }) => path), ...heads.map(({ mlmodelc }) => mlmodelc)];
    for (const path of paths) expect(path).toMatch(/^(?!\/)(?!.*\.\.)/);
    expect(manifest.speculative_verifier?.batch_tokens).toBe(set === "one" ? 1 : undefined);
    expect(statSync(join(folderOf(set), manifest.embed_bin)).size).toBe(2 * manifest.vocab_size * manifest.d_model);
  });

  test("of other types or without a key is not decoded", () => {
    const manifest = manifestOf("one");
    for (const key of [...SIZES, "embed_bin", "layers", "lm_head_shards", "rope_freq_base"]) {
      const { [key]: _, ...rest } = manifest;
      expect(() => META(rest, "meta"), key).toThrow("key not found");
      expect(() => META({ ...manifest, [key]: false }, "meta"), key).toThrow(/mismatch|no array/);
    }
    expect(() => META({ ...manifest, d_model: 1.5 }, "meta")).toThrow("no Int");
    expect(() => META({ ...manifest, speculative_verifier: { batch_tokens: 1 } }, "meta")).toThrow("key not found");
  });
});

const shardPaths = (): readonly string[] =>
  (manifestOf("flexible").layers as { path: string }[]).map(({ path }) => path.replace("mlmodelc", "mlpackage"));

describe("the flexible packages", () => {
  test("are those of four tokens and of one, at these sizes", () => {
    for (const path of shardPaths()) {
      const flexible = readPackage(join(folderOf("flexible"), path));
      for (const [tokens, set] of [
        [4, "four"],
        [1, "one"],
      ] as const) {
        const fixed = graphOf(readPackage(join(folderOf(set), path)));
        // The name of a function is all that tells them apart.
        const textOf = (graph: typeof fixed) => printGraph({ ...graph, name: "shard" });
        expect(textOf(graphOf(flexible, { tokens }))).toBe(textOf(fixed));
      }
      expect(printGraph(graphOf(flexible, { tokens: 4 }))).not.toBe(printGraph(graphOf(flexible, { tokens: 1 })));
    }
  });

  test("have one function each", async () => {
    for (const path of shardPaths()) {
      const { model } = readPackage(join(folderOf("flexible"), path));
      expect(model.functions).toHaveLength(1);
    }
  });
});

test("rows of zeros that nothing uses stay finite through every shard, with caches that are stale", async () => {
  const manifest = manifestOf("flexible");
  const { shards } = await checkBuilt(manifest, folderOf("flexible"), { from: 1, to: 4 });
  const sizes = {
    block: 4,
    width: 32,
    maxSeq: MAX_SEQ,
    ropeDims: manifest.rope_dim,
    ropeBase: manifest.rope_freq_base,
  };
  const data = new Uint16Array(32 * 4);
  // One token in the first slot; zeros behind it.
  for (let k = 0; k < 32; k++) data[4 * k] = 0x3c00 + 17 * k;
  let x: RawArray = { dtype: "fp16", shape: [1, 32, 4, 1], data };
  for (const graphs of shards) {
    const plan = planOf(graphs.get(4)!);
    const executor = await prepare([plan], packageWeights().stream);
    const stale = Object.fromEntries(
      plan.graph.states.map(({ name, entry: { type } }): [string, RawArray] => [
        name,
        { ...type, data: new Uint16Array(type.shape.reduce((n, size) => n * size, 1)).fill(STALE) },
      ]),
    );
    const { outputs, states } = executor.run(plan, { ...feedsOf(sizes, 1, 3), x, ...stale });
    x = outputs.hidden!;
    for (const { data: found } of [x, ...Object.values(states)])
      expect(Array.from(found, fp16Value).every(Number.isFinite)).toBe(true);
    // The token's row is in the cache, at its place.
    expect(Object.values(states).every(({ data: rows }) => rows[3 * 8] !== STALE)).toBe(true);
    await executor.close();
  }
});
