/** A tiny Phi whose caches go in and come out: the same tokens as with states, and rejected rows that are never written. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { speakGreedily, speakSpeculatively } from "../../src/build/host/decode.ts";
import { keptCaches } from "../../src/build/host/kept-caches.ts";
import { openSpeaker } from "../../src/build/host/speaker.ts";
import { readDecoder } from "../../src/models/config-read.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { graphc } from "../support/cli.ts";
import { TINY_CONFIG, writeTinyPhi } from "../support/graphs/tiny-phi.ts";

const MAX_SEQ = 32;
const PROMPTS = [[3], [5, 6, 7, 5, 6, 7, 5, 6], Array.from({ length: 11 }, (_, k) => (7 * k) % 48)];
const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [states, io] = [join(folder, "states"), join(folder, "io")];

const build = (out: string, cache: string) =>
  graphc([
    ...["build", folder, "--out", out, "--cache", cache, "--shards", "2,2", "--heads", "1"],
    ...["--max-seq", `${MAX_SEQ}`, "--ahead-of-evidence"],
  ]);

beforeAll(async () => {
  writeTinyPhi(folder);
  for (const [out, cache] of [
    [states, "state"],
    [io, "io"],
  ] as const)
    expect(await build(out, cache)).toMatchObject({ code: 0 });
});

const manifestOf = (out: string) => JSON.parse(readFileSync(join(out, "phi4mini_runtime_meta.json"), "utf8"));

test("the manifest says who keeps the caches, and what was proven", () => {
  expect(manifestOf(states).graphc.cache).toBe("state");
  const { cache, parts } = manifestOf(io).graphc;
  expect(cache).toBe("io");
  expect(parts.phi3_layer0_2_io_fp16.claim).toBe("PROVEN (exact)");
});

test("it is told that the runtime cannot run it", async () => {
  const { err } = await build(io, "io");
  expect(err).toContain("the ane-book's runtime knows caches as states alone");
});

test("it says what the build with states says, greedily and with drafts", async () => {
  const [one, other] = [await openSpeaker(states), await openSpeaker(io)];
  let rejected = 0;
  for (const prompt of PROMPTS) {
    const speech = { prompt, most: 16, stops: [] };
    const wanted = speakGreedily(one, speech).tokens;
    expect(speakGreedily(other, speech).tokens).toEqual(wanted);
    expect(speakGreedily(other, speech, 1).tokens).toEqual(wanted);
    const drafted = speakSpeculatively(other, speech);
    expect(drafted.tokens).toEqual(wanted);
    rejected += drafted.drafted - drafted.accepted;
  }
  // Without a rejected token the host's rule is not seen.
  expect(rejected).toBeGreaterThan(0);
  await one.close();
  await other.close();
});

test("the host writes the rows of accepted tokens, and no others", () => {
  const decoder = readDecoder(TINY_CONFIG, "config.json").decoder;
  const graph = decoderLayers(decoder, { tokens: 3, maxSeq: 8 }, { cache: "io" });
  const caches = keptCaches(graph);
  const { shape } = graph.outputs.layers_0_k_rows!.type;
  const [, heads, , width] = shape as readonly [number, number, number, number];
  const rows = { dtype: "fp16", shape, data: new Uint16Array(heads * 3 * width).map((_, n) => n + 1) } as const;
  expect(Object.values(caches.before(0)).every(({ data }) => data.every((x) => x === 0))).toBe(true);
  caches.after({ layers_0_k_rows: rows, layers_0_v_rows: rows }, { at: 2, used: 3 });
  // Of three tokens two are accepted: the next one stands at row 4.
  const { data } = caches.before(4).layers_0_k_cache!;
  const written = Array.from({ length: 8 }, (_, row) =>
    Array.from({ length: heads }, (_, head) => data[(head * 8 + row) * width]),
  );
  const first = (t: number) => Array.from({ length: heads }, (_, head) => (head * 3 + t) * width + 1);
  const none = Array.from({ length: heads }, () => 0);
  expect(written).toEqual([none, none, first(0), first(1), none, none, none, none]);
});

test("a manifest that says otherwise is refused", async () => {
  const path = join(io, "phi4mini_runtime_meta.json");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace('"cache": "io"', '"cache": "state"'));
  const { code, err } = await graphc(["generate", io, "--prompt-ids", "1,2"]);
  writeFileSync(path, text);
  expect(code).toBe(2);
  expect(err).toContain("layers_0_k_cache");
});
