/** A build that ends anywhere goes on to the same bytes: interrupts, a full disk, and two at once. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphc, testFolder } from "../support/cli.ts";
import { filesIn } from "../support/emit.ts";
import { withFault } from "../support/faults.ts";
import { writeTinyPhi } from "../support/graphs/tiny-phi.ts";

const MANIFEST = "phi4mini_runtime_meta.json";
let checkpoint: string;
/** What a build without any trouble leaves. */
let whole: ReturnType<typeof filesIn>;

/** Three shards and a head, so that there is a third shard to fail at; blocks of two are proven quickly. */
const argvTo = (out: string): readonly string[] => {
  const size = ["--shards", "1,1,2", "--heads", "1", "--tokens", "2", "--max-seq", "8", "--ahead-of-evidence"];
  return ["build", checkpoint, "--out", out, ...size];
};

beforeAll(async () => {
  checkpoint = mkdtempSync(join(tmpdir(), "graphc-cli-"));
  writeTinyPhi(checkpoint);
  const out = join(checkpoint, "whole");
  expect(await graphc(argvTo(out))).toMatchObject({ code: 0 });
  whole = filesIn(out);
});
afterAll(() => rmSync(checkpoint, { recursive: true }));

/** Nothing hidden is left, and the next build ends with the bytes of one without trouble. */
async function expectGoesOn(out: string): Promise<void> {
  expect(readdirSync(out).filter((name) => name.startsWith("."))).toEqual([]);
  expect(readdirSync(out)).not.toContain(MANIFEST);
  expect(await graphc(argvTo(out))).toMatchObject({ code: 0 });
  const found = filesIn(out);
  expect(Object.keys(found)).toEqual(Object.keys(whole));
  for (const [name, bytes] of Object.entries(whole)) expect(found[name]!.equals(bytes), name).toBe(true);
}

describe("a build", () => {
  test("that is interrupted goes on, wherever that was", async () => {
    let steps = 0;
    await graphc(argvTo(join(testFolder(), "counted")), (label) => label === "building" && ++steps < 0);
    expect(steps).toBeGreaterThan(20);
    for (const share of [0, 0.4, 0.9]) {
      const out = join(testFolder(), "stopped");
      let step = 0;
      const at = Math.floor(share * steps);
      const stopped = await graphc(argvTo(out), (label) => label === "building" && step++ === at);
      expect(stopped).toMatchObject({ code: 130 });
      await expectGoesOn(out);
    }
  });

  test("whose disk is full at the third shard goes on from there", async () => {
    const shard = "phi3_layer2_4_fp16.mlpackage";
    const dry = await withFault(undefined, () => graphc(argvTo(join(testFolder(), "dry"))));
    expect(dry.result).toMatchObject({ code: 0 });
    // The first write into the shard's weights, and all that come after it.
    const first = dry.calls.findIndex((call) => call.startsWith("open ") && call.includes(shard));
    expect(first).toBeGreaterThan(0);
    const from = first + 1 + dry.calls.slice(first).indexOf("write");
    const out = join(testFolder(), "full");
    const { result } = await withFault({ from, to: from, code: "ENOSPC" }, () => graphc(argvTo(out)));
    expect(result).toMatchObject({ code: 2, err: expect.stringMatching(/cannot write \S+: the disk is full/) });
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining(["phi3_layer0_1_fp16.mlpackage", "phi3_layer1_2_fp16.mlpackage"]),
    );
    expect(readdirSync(out)).not.toContain(shard);
    await expectGoesOn(out);
  });

  test("beside another one in the same folder is refused, and disturbs nothing", async () => {
    const out = join(testFolder(), "two");
    const [one, other] = await Promise.all([graphc(argvTo(out)), graphc(argvTo(out))]);
    expect([one.code, other.code].toSorted()).toEqual([0, 2]);
    expect(one.err + other.err).toMatch(
      /a build in process \d+ is writing into …\/two; wait for it, or give another --out/,
    );
    expect(Object.keys(filesIn(out))).toEqual(Object.keys(whole));
  });
});
