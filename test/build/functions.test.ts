/** A tiny Phi with a function for each size: it says what a build for single tokens says, and faults in one function are told by its name. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { functionsOf } from "../../src/build/functions.ts";
import { speakGreedily, speakSpeculatively } from "../../src/build/host/decode.ts";
import { openSpeaker } from "../../src/build/host/speaker.ts";
import { ANE_BOOK_MANIFEST } from "../../src/build/manifest.ts";
import type { PlannedShard } from "../../src/build/plan.ts";
import { checkBuilt } from "../../src/build/read-back.ts";
import { writePart } from "../../src/build/shard.ts";
import { functionsIn } from "../../src/build/sizes.ts";
import { type Graph, graph } from "../../src/dsl/graph.ts";
import { conv, reshape, transpose } from "../../src/dsl/ops/index.ts";
import { input, weight } from "../../src/dsl/tensor.ts";
import type { MilModel } from "../../src/emit/mil/records.ts";
import { decodeModel } from "../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../src/emit/write/encode.ts";
import { hasShape } from "../../src/files/json-shape.ts";
import { graphc, testFolder } from "../support/cli.ts";
import { countingStore } from "../support/emit.ts";
import { writeTinyPhi } from "../support/graphs/tiny-phi.ts";

const MANIFEST = "phi4mini_runtime_meta.json";
const FUNCTIONS = "infer,verify4,prefill=8";
const TOKENS = { functions: functionsIn(FUNCTIONS) };
const SHARD = "phi3_layer0_2_fp16";
let checkpoint: string;
let out: string;
let single: string;

const build = (folder: string, ...more: readonly string[]) =>
  graphc(
    ["build", checkpoint, "--out", folder, "--shards", "2,2", "--heads", "2", "--max-seq", "32"].concat(
      more,
      "--ahead-of-evidence",
    ),
  );

beforeAll(async () => {
  checkpoint = mkdtempSync(join(tmpdir(), "graphc-cli-"));
  writeTinyPhi(checkpoint);
  [out, single] = [join(checkpoint, "functions"), join(checkpoint, "single")];
  expect((await build(single, "--tokens", "1")).code).toBe(0);
  const { code, err } = await build(out, "--functions", FUNCTIONS);
  expect({ code, err }).toMatchObject({
    code: 0,
    err: expect.stringContaining(
      "note: the ane-book's runtime names no function: it runs infer alone, one token a call",
    ),
  });
});
afterAll(() => rmSync(checkpoint, { recursive: true }));

const manifestIn = (folder: string) => JSON.parse(readFileSync(join(folder, MANIFEST), "utf8"));
const modelIn = (folder: string) => join(folder, `${SHARD}.mlpackage/Data/com.apple.CoreML/model.mlmodel`);

/** The build with another model in its first shard. */
function edited(edit: (model: MilModel) => MilModel): string {
  const folder = join(testFolder(), "edited");
  cpSync(out, folder, { recursive: true });
  writeFileSync(modelIn(folder), encodeModel(edit(decodeModel(readFileSync(modelIn(folder))))));
  return folder;
}

describe("the build", () => {
  test("has a manifest with which the runtime calls the default function with one token", () => {
    const manifest = manifestIn(out);
    expect(hasShape(manifest, ANE_BOOK_MANIFEST)).toBe(true);
    expect(manifest.speculative_verifier).toEqual({ batch_tokens: 1, layers: [], lm_head_shards: [] });
    expect(manifest.graphc).toMatchObject({ functions: "infer=1,verify4=4,prefill=8" });
    expect(manifest.graphc.tokens).toBeUndefined();
    expect(manifest.graphc.parts[SHARD].claim).toBe("PROVEN (exact)");
    expect(decodeModel(readFileSync(modelIn(out))).defaultFunction).toBe("infer");
  });

  test("has the weight files of the build without functions, to the byte", () => {
    const weights = (folder: string) =>
      readFileSync(join(folder, `${SHARD}.mlpackage/Data/com.apple.CoreML/weights/weight.bin`));
    expect(weights(out)).toEqual(weights(single));
  });

  test("says what the one for single tokens says, with drafts too, in fewer calls", async () => {
    const [speaker, other] = [await openSpeaker(out), await openSpeaker(single)];
    expect([speaker.block, other.block]).toEqual([8, 1]);
    try {
      for (const length of [1, 2, 4, 5, 8, 9, 13]) {
        const prompt = Array.from({ length }, (_, k) => (7 * k + 3 * length) % 48);
        const speech = { prompt, most: 10, stops: [] };
        const wanted = speakGreedily(other, speech, 1).tokens;
        const greedy = speakGreedily(speaker, speech);
        expect(greedy.tokens).toEqual(wanted);
        expect(greedy.calls).toBe(Math.ceil(length / 8) + 9);
        expect(speakSpeculatively(speaker, speech).tokens).toEqual(wanted);
      }
    } finally {
      await speaker.close();
      await other.close();
    }
  });

  test("is kept by the same command, and refused by one for other functions", async () => {
    const again = await build(out, "--functions", FUNCTIONS);
    expect(again.code).toBe(0);
    expect(again.out).toContain(`${SHARD}: there already`);
    const others = await build(out, "--functions", "infer,verify4");
    expect(others.code).toBe(2);
    expect(others.err).toMatch(/functions was infer=1,verify4=4,prefill=8 and is infer=1,verify4=4/);
    expect((await build(out)).err).toMatch(/functions was .* and is not said|tokens was not said and is 1\.\.4/);
  });

  test("is planned in the same words", async () => {
    const { code, out: text } = await graphc(["plan", checkpoint, "--functions", "infer,prefill64", "--max-seq", "64"]);
    expect([code, text]).toEqual([0, expect.stringContaining("T=infer=1,prefill64=64")]);
    const both = await graphc(["plan", checkpoint, "--functions", "infer,prefill64", "--tokens", "4"]);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining("--functions does nothing beside --tokens")]);
  });
});

describe("a shard that is not as the manifest says", () => {
  const problem = (folder: string) => checkBuilt(manifestIn(folder), folder, TOKENS);
  const without = (name: string) => (model: MilModel) => {
    const { [name]: _, ...interfaces } = model.interfaces;
    return { ...model, functions: model.functions.filter((f) => f.name !== name), interfaces };
  };

  test("is none where nothing was changed", async () => {
    const { shards } = await problem(edited((model) => model));
    expect(shards.map((graphs) => [...graphs.keys()])).toEqual([
      [1, 4, 8],
      [1, 4, 8],
    ]);
  });

  test("a function is missing", async () => {
    await expect(problem(edited(without("verify4")))).rejects.toThrow(
      /there is no function "verify4"; the functions are infer, prefill$/,
    );
  });

  test("a function too many", async () => {
    const more = (model: MilModel): MilModel => ({
      ...model,
      functions: [...model.functions, { ...model.functions[0]!, name: "more" }],
      interfaces: { ...model.interfaces, more: model.interfaces.infer! },
    });
    await expect(problem(edited(more))).rejects.toThrow(
      /layer0_2_fp16.mlmodelc has the functions infer, more, prefill, verify4, not infer, prefill, verify4/,
    );
    // A build without functions has none of them either.
    await expect(checkBuilt(manifestIn(out), out, { from: 1, to: 1 })).rejects.toThrow(
      /has the functions infer, prefill, verify4/,
    );
  });

  test("another default function, which the runtime would call with one token", async () => {
    await expect(problem(edited((model) => ({ ...model, defaultFunction: "prefill" })))).rejects.toThrow(
      /has the default function prefill, and a host that names none calls it with one token/,
    );
  });

  test("a function of another size than its name says", async () => {
    const swapped = (model: MilModel): MilModel => {
      const [four, eight] = ["verify4", "prefill"].map((name) => model.functions.find((f) => f.name === name)!);
      const others = model.functions.filter((f) => f !== four && f !== eight);
      return {
        ...model,
        functions: [...others, { ...four!, name: "prefill" }, { ...eight!, name: "verify4" }],
        interfaces: {
          ...model.interfaces,
          prefill: model.interfaces.verify4!,
          verify4: model.interfaces.prefill!,
        },
      };
    };
    await expect(problem(edited(swapped))).rejects.toThrow(
      /input x is fp16\[1,32,8,1\], and the host has fp16\[1,32,4,1\]/,
    );
  });
});

describe("a function that is not the steps of the one of a single token", () => {
  /** Two heads of four dims; flattened without the permutation, a block mixes its tokens. */
  function model(tokens: number, flat: boolean): Graph {
    const x = input("x", [1, 8, tokens, 1]);
    const rows = conv(x, weight("w", [8, 8, 1, 1]));
    const heads = reshape(rows, { shape: [1, 2, 4, tokens] });
    const y = flat ? reshape(rows, { shape: [1, 2, tokens, 4] }) : transpose(heads, { perm: [0, 1, 3, 2] });
    return graph({ name: "heads", inputs: [x], states: [], outputs: { y } });
  }
  /** A planned shard whose heads are flattened from so many tokens on. */
  function planned(flatFrom: number, tokens = TOKENS): PlannedShard {
    const of = (n: number) => model(n, n >= flatFrom);
    const lowered = functionsOf(tokens.functions, of);
    const { bytes } = lowered.blobs;
    const small = (n: number) => ({ block: of(n), step: of(1) });
    return { path: "heads", begin: 0, end: 1, lowered, bytes, tokens, step: of(1), block: of(8), small };
  }

  test.each([
    [FUNCTIONS, Infinity, "PROVEN", "prefill"],
    [FUNCTIONS, 2, "REFUTED", "verify4"],
    ["prefill=8,infer", 2, "REFUTED", "prefill"],
    [FUNCTIONS, 8, "REFUTED", "prefill"],
  ])("%s with heads flattened from %d tokens on: %s in %s", async (list, flatFrom, claim, told) => {
    const part = planned(flatFrom, { functions: functionsIn(list) });
    const folder = testFolder();
    const { verdict, function: name } = await writePart(part, countingStore(), folder);
    expect([verdict!.verdict, name]).toEqual([claim, told]);
    expect(existsSync(join(folder, "heads.mlpackage"))).toBe(claim === "PROVEN");
  });

  test("a blob of other weights in one function", async () => {
    const two = (n: number) => {
      const x = input("x", [1, 8, n, 1]);
      const y = conv(conv(x, weight("v", [8, 8, 1, 1])), weight("w", [8, 8, 1, 1]));
      return graph({ name: "two", inputs: [x], states: [], outputs: { y } });
    };
    const right = functionsOf(TOKENS.functions, two);
    const [first] = right.blobs.blobs;
    /** Both weights of a function from the place of the first. */
    const shared = (at: string): PlannedShard["lowered"] => ({
      ...right,
      model: {
        ...right.model,
        functions: right.model.functions.map((fn) =>
          at !== "all" && fn.name !== at
            ? fn
            : {
                ...fn,
                operations: fn.operations.map((op) =>
                  op.value && "blob" in op.value
                    ? { ...op, value: { ...op.value, blob: { ...op.value.blob, offset: first!.offset } } }
                    : op,
                ),
              },
        ),
      },
    });
    const proven = async (lowered: PlannedShard["lowered"]) => {
      const part = {
        ...planned(Infinity),
        lowered,
        step: two(1),
        small: (n: number) => ({ block: two(n), step: two(1) }),
      };
      const { verdict, function: name } = await writePart(part, countingStore(), testFolder());
      return [verdict!.verdict === "PROVEN", name];
    };
    expect(await proven(right)).toEqual([true, "prefill"]);
    expect(await proven(shared("verify4"))).toEqual([false, "verify4"]);
    expect(await proven(shared("prefill"))).toEqual([false, "prefill"]);
    // The function of one token is held against the graph that was planned: where all have one fault, they are equal to each other.
    expect(await proven(shared("infer"))).toEqual([false, "infer"]);
    expect(await proven(shared("all"))).toEqual([false, "infer"]);
  });
});
