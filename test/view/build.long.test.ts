/** The page of a folder that `graphc build` wrote, as data and in a real browser. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { QuantisedWeight } from "../../src/weights/quantise/quantise.ts";
import { choose, type OpenPages, openPages } from "../support/browser.ts";
import { graphc, testFolder } from "../support/cli.ts";
import { writeTinyPhi } from "../support/graphs/tiny-phi.ts";
import { overlayIn, pageOf } from "../support/view.ts";

const KEPT = mkdtempSync(join(tmpdir(), "graphc-view-build-"));
const [CHECKPOINT, BUILD, REPORT] = ["model", "build", "report.json"].map((name) => join(KEPT, name)) as [
  string,
  string,
  string,
];
const LAYOUT = ["--max-seq", "32", "--ahead-of-evidence", "--shards", "2,2", "--heads", "2"];
const state: { pages?: OpenPages } = {};

beforeAll(async () => {
  mkdirSync(CHECKPOINT);
  // Matrices that are large enough to be quantised.
  writeTinyPhi(CHECKPOINT, 96, 160);
  const words = ["build", CHECKPOINT, "--out", BUILD, ...LAYOUT, "--quantize", "int8", "--report", REPORT];
  expect(await graphc(words)).toMatchObject({ code: 0 });
  state.pages = await openPages();
});
afterAll(async () => {
  await state.pages?.close();
  rmSync(KEPT, { recursive: true, force: true });
});

const SECTIONS = [
  "shard of layers 0 to 1: layer 0",
  "shard of layers 0 to 1: layer 1",
  "shard of layers 2 to 3: layer 2",
  "shard of layers 2 to 3: layer 3",
  "head of tokens 0 to 79: the graph",
  "head of tokens 80 to 159: the graph",
];

describe("a build", () => {
  test("its shards and heads one behind the other, each shard proven, each with nodes of its own", async () => {
    const { data } = await pageOf(BUILD);
    expect(data.sections.map(({ title }) => title)).toEqual(SECTIONS);
    const proof = overlayIn(data, "proof");
    expect(proof.says[0]).toMatch(/^shard of layers 0 to 1, shard of layers 2 to 3: PROVEN/);
    expect(proof.says.at(-1)).toMatch(/^head of tokens 0 to 79, head of tokens 80 to 159: not proven: /);
    const hidden = data.nodes.flatMap(({ results }, k) => (results.includes("output hidden") ? [k] : []));
    const logits = data.nodes.flatMap(({ results }, k) => (results.includes("output logits") ? [k] : []));
    expect([hidden.length, logits.length]).toEqual([2, 2]);
    for (const [n, node] of hidden.entries()) {
      expect(proof.marks.find((mark) => mark.node === node)).toMatchObject({ short: "proven" });
      expect(data.sections[2 * n + 1]!.values).toContain(node);
    }
    for (const [n, node] of logits.entries()) expect(data.sections[4 + n]!.values).toContain(node);
    // No part reads a value of another.
    const starts = [0, hidden[0]! + 1];
    for (const { operands } of data.nodes.slice(starts[1]).filter((_, k) => k > hidden[1]! - starts[1]!))
      for (const [, operand] of operands) expect(operand).toBeGreaterThan(hidden[1]!);
  });

  test("what quantising cost each matrix, as the build's own report tells it, and without a checkpoint no number", async () => {
    const errorsIn = async (...words: readonly string[]) => {
      const { data } = await pageOf(BUILD, ...words);
      return data.nodes.flatMap(({ op, error }) => (op?.startsWith("constexpr_") ? [error!] : []));
    };
    const { matrices } = JSON.parse(readFileSync(REPORT, "utf8")) as { readonly matrices: readonly QuantisedWeight[] };
    const told = await errorsIn("--unquantised", CHECKPOINT);
    expect(told).toHaveLength(matrices.length);
    expect(told.length).toBeGreaterThan(0);
    for (const [k, text] of told.entries()) {
      const [, error, , most] = /^(\S+) of its length \(relative L2\) against \S+; most in row (\d+), (\S+) of/.exec(
        text,
      )!;
      // The package's numbers are rounded once more: by 2^-11 of each, which bounds both lengths. The texts have three digits.
      for (const [found, wanted] of [
        [Number(error), matrices[k]!.error],
        [Number(most), matrices[k]!.worstRow],
      ] as const)
        expect(Math.abs(found - wanted)).toBeLessThan(2 ** -11 + 0.005 * wanted);
    }
    for (const text of await errorsIn()) expect(text).toMatch(/^not known: .*say --unquantised X/);
  });

  test("is held against no other model", async () => {
    const other = join(KEPT, "other");
    mkdirSync(other, { recursive: true });
    writeTinyPhi(other, 48, 160);
    const page = join(testFolder(), "view.html");
    const { code, err } = await graphc(["view", BUILD, "--unquantised", other, "--out", page]);
    expect([code, err]).toEqual([2, expect.stringContaining("is not the model that")]);
    expect(err).toContain(CHECKPOINT);
    expect(existsSync(page)).toBe(false);
  });

  test("in the browser: a section each, heads too, and the error in the panel of a matrix", async () => {
    const { file } = await pageOf(BUILD, "--unquantised", CHECKPOINT);
    await state.pages!.opened(file, async (page) => {
      expect(await page.locator("details:not(.attention) summary").allTextContents()).toEqual(SECTIONS);
      await page.getByText("open all").click();
      await expect.poll(() => page.locator("svg").count()).toBe(SECTIONS.length);
      await choose(page, "proof");
      expect(await page.locator(".box.tone-good .short").allTextContents()).toContain("proven");
      expect(await page.locator(".legend p").first().textContent()).toMatch(
        /^shard of layers 0 to 1, shard of layers 2 to 3: PROVEN/,
      );
      await choose(page, "all");
      await page.locator(".box", { hasText: "constexpr_" }).last().click();
      expect(await page.locator("aside dt").allTextContents()).toContain("quantisation error");
      expect((await page.locator("aside dd").allTextContents()).join()).toMatch(
        /of its length \(relative L2\) against/,
      );
    });
  });

  test("of several functions: the largest block beside the one of a token", async () => {
    const out = join(testFolder(), "build");
    const words = ["build", CHECKPOINT, "--out", out, ...LAYOUT, "--functions", "infer=1,prefill4=4"];
    expect(await graphc(words)).toMatchObject({ code: 0 });
    const { data } = await pageOf(out);
    expect(data.sections.map(({ title }) => title)).toEqual(SECTIONS);
    expect(overlayIn(data, "proof").says[0]).toMatch(/: PROVEN \(exact\): a block of 4 tokens/);
  });

  test("is viewed by itself, and only where its manifest is one", async () => {
    const page = join(testFolder(), "view.html");
    const { code, err } = await graphc(["view", BUILD, BUILD, "--out", page]);
    expect([code, err, existsSync(page)]).toEqual([2, expect.stringContaining("is a build"), false]);
    const broken = testFolder();
    writeFileSync(join(broken, "phi4mini_runtime_meta.json"), "{}");
    expect((await graphc(["view", broken, "--out", page])).err).toMatch(/is no manifest of a build: /);
  });
});
