/** The page in a real browser. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBuild } from "../../src/evidence/judge/build.ts";
import { pageHtml } from "../../src/view/html.ts";
import { choose, type OpenPages, openPages } from "../support/browser.ts";
import { folderOf, testFolder } from "../support/cli.ts";
import { honestEvidence } from "../support/evidence/evidence.ts";
import { ROOT } from "../support/root.ts";
import { attentionFile, emittedFolder, pageOf } from "../support/view.ts";

const state: { pages?: OpenPages } = {};
beforeAll(async () => {
  state.pages = await openPages();
});
afterAll(() => state.pages?.close());

const opened: OpenPages["opened"] = (file, work) => state.pages!.opened(file, work);
const box = (page: Page, label: string) => page.locator(".box").filter({ has: page.getByText(label, { exact: true }) });

test("the right layer: colours of one token before attention, a proof at the outputs, a legend for each overlay", async () => {
  const { file } = await pageOf(attentionFile("right"), "--max-seq", "8");
  await opened(file, async (page) => {
    expect(await page.locator(".legend li").count()).toBe(0);
    await choose(page, "tokens");
    expect(await page.locator(".legend li").count()).toBeGreaterThan(4);
    expect(await page.locator(".tone-bad").count()).toBe(0);
    expect(await box(page, "norm").locator(".token-3").count()).toBeGreaterThan(0);
    await choose(page, "proof");
    expect(await box(page, "hidden").getAttribute("class")).toContain("tone-good");
    expect(await box(page, "attn_mask").locator(".short").textContent()).toMatch(/P3/);
    expect(await page.locator(".carried.told").count()).toBe(0);
    await choose(page, "engine");
    expect(await page.locator(".legend p").first().textContent()).not.toBe("");
  });
});

test("dark where the reader's screen is, and light on paper all the same", async () => {
  const { file } = await pageOf(attentionFile("right"), "--max-seq", "8");
  await opened(file, async (page) => {
    const back = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const [dark, light] = ["rgb(21, 25, 28)", "rgb(253, 253, 251)"];
    await page.emulateMedia({ colorScheme: "light" });
    expect(await back()).toBe(light);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await back()).toBe(dark);
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    expect(await back()).toBe(light);
    expect(await page.locator("nav").first().isVisible()).toBe(false);
  });
});

test("the faulty layer: rows of mixed colours, and the numbers of the counterexample at the value", async () => {
  const { file } = await pageOf(attentionFile("flattened"), "--max-seq", "8");
  await opened(file, async (page) => {
    await choose(page, "tokens");
    expect(await box(page, "scores").getAttribute("class")).toContain("tone-bad");
    await choose(page, "proof");
    expect(await page.locator(".box.tone-bad .short").allTextContents()).toContainEqual(
      expect.stringMatching(/≠|refuted/),
    );
    const told = await page.locator(".carried.told").allTextContents();
    expect(told).toContain("=");
    expect(told).toContainEqual(expect.stringMatching(/^\S+ ≠ \S+$/));
    await choose(page, "tokens");
    expect(await page.locator(".carried.told").count()).toBe(0);
  });
});

test("numbers: a bar for each value, nearly full where little is left, and what is not finite in red", async () => {
  const ends = `import { graph, input, mul, named, sub } from "graphc";
export default function model() {
  const x = input("x", [1, 64]);
  const near = named("near", mul(sub(mul(x, 0), 1), 40000));
  return graph({ name: "ends", inputs: [x], outputs: { y: named("over", mul(near, 40000)) } });
}`;
  const endsFile = join(folderOf({ "ends.ts": ends }), "ends.ts");
  for (const [graph, label, tone, [least, most]] of [
    [attentionFile("right"), "norm", "tone-good", [0.2, 0.8]],
    [endsFile, "near", "tone-warn", [0.9, 0.99]],
    [endsFile, "over", "tone-bad", [1, 1]],
  ] as const) {
    const { file } = await pageOf(graph, "--max-seq", "16");
    await opened(file, async (page) => {
      expect(await page.locator(".bar").count()).toBe(0);
      await choose(page, "numbers");
      expect(await box(page, label).getAttribute("class")).toContain(tone);
      const widths = await box(page, label)
        .locator(".bar")
        .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("width"))));
      expect(widths[1]! / widths[0]!).toBeGreaterThanOrEqual(least);
      expect(widths[1]! / widths[0]!).toBeLessThanOrEqual(most);
    });
  }
});

test("numbers for every input: a paler bar that is never shorter, and a limit that some input may pass", async () => {
  const { file } = await pageOf(attentionFile("right"), "--max-seq", "16", "--ranges");
  await opened(file, async (page) => {
    await choose(page, "numbers");
    const widthOf = (label: string, bar: string) =>
      box(page, label)
        .locator(bar)
        .evaluateAll((bars) => bars.map((one) => Number(one.getAttribute("width"))));
    for (const label of ["qkv", "scores", "k.cache"]) {
      const [reach, taken] = [await widthOf(label, ".bar.reach"), await widthOf(label, ".bar.taken")];
      expect(reach).toHaveLength(1);
      expect(reach[0]!).toBeGreaterThan(taken[0]!);
    }
    // The square of an unbounded row within the norm.
    expect(await box(page, "norm").getAttribute("class")).toContain("tone-warn");
    expect(await box(page, "norm").locator(".short").textContent()).toContain("all: NO");
  });
});

test("the engine: what is expected where, with a bar for its cost; and what a device planned elsewhere, in red", async () => {
  const predicted = await pageOf(attentionFile("right"), "--max-seq", "8", "--target", "m4");
  await opened(predicted.file, async (page) => {
    await choose(page, "engine");
    expect(await box(page, "qkv").locator(".short").textContent()).toMatch(/^(engine|CPU|tie) \S+ %$/);
    expect(await page.locator(".legend p", { hasText: "no measurement" }).count()).toBe(1);
  });
  const folder = await emittedFolder();
  const evidence = honestEvidence(await readBuild(folder));
  for (const one of evidence.residency[0].operations)
    if (one.values.includes("scores")) Object.assign(one, { device: "CPU", supported: ["CPU"] });
  const file = join(folderOf({ "evidence.json": JSON.stringify(evidence) }), "evidence.json");
  const measured = await pageOf(join(folder, "layer.t4.mlpackage"), "--evidence", file);
  await opened(measured.file, async (page) => {
    await choose(page, "engine");
    expect(await box(page, "scores").getAttribute("class")).toContain("tone-bad");
    expect(await box(page, "norm").getAttribute("class")).toContain("tone-good");
    await box(page, "scores").click();
    expect(await page.locator("aside").textContent()).toContain("Apple M4, macOS 15.5.0 (24F74): planned on the CPU");
  });
});

test("attention: stepping through what is accepted, by keyboard too; a fault is red and in words", async () => {
  const right = await pageOf(attentionFile("right"), "--max-seq", "8");
  await opened(right.file, async (page) => {
    const rowAt = (token: number) => page.locator(".attention tr", { hasText: `token ${token} →` });
    await page.locator(".attention summary").focus();
    await page.keyboard.press("Enter");
    expect(await rowAt(1).locator("td").allTextContents()).toEqual(["●", "●", "–", "–", "–", "–", "–", "–"]);
    await page.getByLabel("2 of 4").check();
    await page.getByLabel("next block").check();
    expect(await rowAt(1).locator("td").allTextContents()).toEqual(["●", "●", "●", "●", "–", "–", "–", "–"]);
    expect(await rowAt(1).locator("td.slot").count()).toBe(1);
    const before = page.locator(".attention tr", { hasText: "before the call" }).locator("td");
    expect((await before.allTextContents()).slice(0, 5)).toEqual([
      "token 0",
      "token 1",
      "rejected 2",
      "rejected 3",
      "stale",
    ]);
    await page.getByLabel("2 of 4").focus();
    await page.keyboard.press("ArrowRight");
    expect(await rowAt(0).locator("th").textContent()).toBe("token 0 → row 3");
    expect(await page.locator("td.wrong").count()).toBe(0);
  });
  for (const [fault, sign] of [
    ["unmasked", "✗"],
    ["uncleared", "●!"],
  ] as const) {
    const { file } = await pageOf(attentionFile(fault), "--max-seq", "8");
    await opened(file, async (page) => {
      await page.locator(".attention summary").click();
      expect(await page.locator("td.wrong").first().textContent()).toBe(sign);
      expect(await page.locator(".attention > p").first().textContent()).toMatch(/[1-9]\d* times/);
    });
  }
});

test("a pair that coremltools wrote: proven, and what of it differs, with the names of its file as text", async () => {
  const files = ["t4", "t1"].map((t) => join(ROOT, `test/data/packages/hf_llama_ropegraph_${t}.mlpackage`));
  const { file, data, text } = await pageOf(...files);
  expect(text.length).toBeLessThan(1.5e6);
  expect(data.attention.state).toBe("shown");
  await opened(file, async (page) => {
    // Block and step are spelled otherwise, and the axis of tokens is found all the same.
    await choose(page, "tokens");
    expect(await box(page, "hidden_states_5_cast_fp16").locator(".token-3").count()).toBeGreaterThan(0);
    expect(await page.locator(".tone-bad").count()).toBe(0);
    await choose(page, "proof");
    expect(await page.locator(".legend p").first().textContent()).toMatch(/^PROVEN/);
    await choose(page, "diff");
    expect(await page.locator(".box.tone-warn").count()).toBeGreaterThan(0);
    await choose(page, "all");
    expect(await page.locator(".box").count()).toBe(data.nodes.length);
    const hashed = data.nodes.findIndex(({ weight }) => weight?.hash);
    await page.locator(`[data-node="${hashed}"]`).first().click();
    expect(await page.locator("aside dd").allTextContents()).toContain(data.nodes[hashed]!.weight!.hash);
  });
});

test("a huge graph without layers: stretches, of which the first is drawn at first", async () => {
  const source = `import { add, graph, input } from "graphc";
export default function model() {
  const x = input("x", [1, 4]);
  let y = add(x, 1);
  for (let k = 0; k < 1000; k++) y = add(y, 1);
  return graph({ name: "huge", inputs: [x], outputs: { y } });
}`;
  const { file, data } = await pageOf(join(folderOf({ "huge.ts": source }), "huge.ts"));
  expect(data.nodes.length).toBeGreaterThan(2000);
  await opened(file, async (page) => {
    expect(await page.locator("details:not(.attention)").count()).toBe(Math.ceil(1001 / 160));
    expect(await page.locator("svg").count()).toBe(1);
  });
});

const OPACITY = "getComputedStyle(document.querySelector('.box.other')).opacity";

test("two graphs: one picture, what only the second has is broken of line and pale until its overlay is chosen", async () => {
  const { file } = await pageOf(attentionFile("flattened"), attentionFile("right"), "--max-seq", "8");
  await opened(file, async (page) => {
    const alone = page.locator(".box.other");
    expect(await alone.locator(".label").allTextContents()).toEqual(["transpose"]);
    expect(await page.evaluate(OPACITY)).toBe("0.45");
    expect(await page.locator(".line.other").count()).toBeGreaterThan(0);
    await choose(page, "diff");
    expect(await alone.getAttribute("class")).toContain("tone-good");
    expect(await page.evaluate(OPACITY)).toBe("1");
    // The three splits have no name: what they are steps to shows that something within is changed.
    for (const label of ["scores", "k.cache", "v.cache"])
      expect(await box(page, label).getAttribute("class")).toContain("tone-warn");
    await choose(page, "all");
    expect(await page.locator(".box.tone-warn .label").allTextContents()).toEqual(["split", "split", "split"]);
    await page.locator(".box.tone-warn").first().click();
    expect(await page.locator("aside dt").allTextContents()).toContain("x, in the second");
  });
});

test("by keyboard: Tab reaches a value, Enter tells of it; a view with every op has more of them", async () => {
  const { file, data } = await pageOf(attentionFile("right"), "--max-seq", "8");
  await opened(file, async (page) => {
    const named = await page.locator(".box").count();
    await choose(page, "all");
    expect(await page.locator(".box").count()).toBe(data.nodes.length);
    expect(named).toBeLessThan(data.nodes.length);
    await page.locator("details:not(.attention) summary").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.locator("aside h2").textContent()).toBe(data.nodes[0]!.label);
    expect(await page.locator("aside dt").allTextContents()).toContain("author's line");
  });
});

test("a hostile name stays text", async () => {
  const name = "</script><script>document.title='broken'</script><img src=x onerror=document.title='broken'>";
  const right = attentionFile("right");
  const text = readFileSync(right, "utf8").replaceAll('"scores"', JSON.stringify(name));
  expect(text).toContain("onerror");
  const { file, data } = await pageOf(join(folderOf({ "layer.ts": text }), "layer.ts"), "--max-seq", "8");
  await opened(file, async (page) => {
    expect(await page.title()).toBe(data.title);
    expect(await page.locator("img").count()).toBe(0);
    const n = data.nodes.findIndex(({ label }) => label === name);
    await page.locator(`[data-node="${n}"]`).first().click();
    expect(await page.locator("aside h2").textContent()).toBe(name);
  });
});

test("an empty graph, and an overlay with nothing to show, say so", async () => {
  const empty = join(testFolder(), "empty.html");
  const none = {
    id: "proof",
    title: "proof",
    state: "none",
    says: ["not proven: nothing"],
    legend: [],
    marks: [],
  } as const;
  const attention = {
    state: "none",
    says: ["not computed: it has no states"],
    tokens: 0,
    slots: 0,
    scenarios: [],
  } as const;
  const data = {
    attention,
    title: "empty",
    facts: [],
    nodes: [],
    sections: [],
    drawings: [],
    overlays: [none],
    docs: {},
  };
  writeFileSync(empty, pageHtml(data));
  await opened(empty, async (page) => {
    expect(await page.locator("aside").textContent()).toContain("no values");
    await choose(page, "proof");
    expect(await page.locator(".legend .none").textContent()).toBe("not proven: nothing");
  });
});

test("32 layers: one picture at first, the others when they are opened", async () => {
  const { file, text } = await pageOf("phi4-mini", "--layers", "32", "--max-seq", "8");
  expect(text.length).toBeLessThan(1.5e6);
  await opened(file, async (page) => {
    expect(await page.locator("details:not(.attention)").count()).toBe(32);
    expect(await page.locator("svg").count()).toBe(1);
    await page.getByText("open all").click();
    await expect.poll(() => page.locator("svg").count()).toBe(32);
    await choose(page, "tokens");
    expect(await box(page, "layers.31.attn.norm").locator(".token-0").count()).toBeGreaterThan(1);
  });
});
