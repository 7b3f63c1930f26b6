/** The data of a page, and where it is written. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SurveyRecord } from "../../src/cli/survey/measure.ts";
import type { PageData } from "../../src/view/data.ts";
import { folderOf, graphc, testFolder } from "../support/cli.ts";
import { tinyPhi, tinyPhiTimes } from "../support/graphs/tiny-phi.ts";
import { ROOT } from "../support/root.ts";
import { attentionFile, emittedFolder, overlayIn, pageOf } from "../support/view.ts";

test("the bundled script is that of src/view/page", () => {
  const made = join(testFolder(), "page.gen.ts");
  execFileSync(process.execPath, ["scripts/page.mjs", made], { cwd: ROOT });
  expect(readFileSync(join(ROOT, "src/view/page.gen.ts"), "utf8")).toBe(readFileSync(made, "utf8"));
});

/** The mark of the value of that name. */
function markOf(data: PageData, overlay: string, label: string) {
  const node = data.nodes.findIndex((one) => one.label === label);
  expect(node).toBeGreaterThanOrEqual(0);
  return overlayIn(data, overlay).marks.find((mark) => mark.node === node);
}

describe("tokens and proof", () => {
  test("of the right layer: each row its own token, then those before it; proven", async () => {
    const { data } = await pageOf(attentionFile("right"), "--max-seq", "8");
    expect(overlayIn(data, "tokens").says[0]).toBe("no output was seen to read a token that comes after its row");
    expect(markOf(data, "tokens", "norm")?.says).toEqual([0, 1, 2, 3].map((t) => `row ${t} reads token ${t}`));
    expect(markOf(data, "tokens", "probs")?.says).toEqual([
      "row 0 reads token 0",
      "row 1 reads tokens 0, 1",
      "row 2 reads tokens 0, 1, 2",
      "row 3 reads tokens 0, 1, 2, 3",
    ]);
    expect(markOf(data, "tokens", "scores")).toMatchObject({ tone: "note" });
    expect(markOf(data, "proof", "hidden")).toMatchObject({ tone: "good", short: "proven" });
  });

  test("of flattened heads: rows read ahead, and the numbers of the counterexample are at the value", async () => {
    const { data } = await pageOf(attentionFile("flattened"), "--max-seq", "8");
    expect(overlayIn(data, "tokens").says[0]).toContain("an output reads a token that comes after its row");
    expect(markOf(data, "tokens", "norm")?.tone).toBe("plain");
    for (const name of ["scores", "probs", "hidden"]) expect(markOf(data, "tokens", name)?.tone).toBe("bad");
    const proof = overlayIn(data, "proof");
    expect(proof.says[0]).toMatch(/^REFUTED/);
    expect(proof.marks.map(({ tone }) => tone)).toContain("bad");
    expect(proof.marks.flatMap(({ says }) => says).join(" ")).toMatch(/is \S+ in the block and \S+ in the steps/);
    expect(proof.marks.some(({ tone }) => tone === "good")).toBe(false);
  });

  test("of a refutation: how the difference spreads, with numbers on the edges", async () => {
    const { data } = await pageOf(attentionFile("flattened"), "--max-seq", "8");
    const edgeOf = (label: string) => markOf(data, "proof", label)?.edge;
    expect([edgeOf("norm"), edgeOf("qkv")]).toEqual(["=", "="]);
    const [, block, step] = /on the counterexample v_state.* is (\S+) in the block and (\S+) in the steps/.exec(
      markOf(data, "proof", "v.cache")!.says[0]!,
    )!;
    expect(edgeOf("v.cache")).toBe(`${block} ≠ ${step}`);
    // The reshape that lacks its permutation is where it begins: what it is made from does not differ.
    const flat = data.nodes.findIndex(
      ({ op, operands }) => op === "reshape" && data.nodes[operands[0]![1]]!.label === "qkv",
    );
    const { marks } = overlayIn(data, "proof");
    expect(marks.find(({ node }) => node === flat)).toMatchObject({ tone: "bad", edge: expect.stringContaining("≠") });
    const toneOf = (n: number) => marks.find((one) => one.node === n)?.tone;
    const madeOf = (n: number) =>
      data.nodes[n]!.operands.flatMap(([, x]) => (data.nodes[x]!.kind === "op" ? [toneOf(x)] : []));
    expect(madeOf(flat)).toEqual(["plain"]);
    // What a graph makes of a cache on the way has no rows of tokens, and is told nothing of.
    for (const { node, tone } of marks)
      if (tone === "bad" && node !== flat) expect(new Set(madeOf(node))).not.toEqual(new Set(["plain"]));
  });

  test("of a proof: conditions at the inputs that they are about, and where it is cut", async () => {
    const { data } = await pageOf(attentionFile("right"), "--max-seq", "8");
    expect(markOf(data, "proof", "attn_mask")).toMatchObject({ tone: "note", short: expect.stringMatching(/\bP3\b/) });
    expect(markOf(data, "proof", "kv_write_mask")?.short).toMatch(/\bP1\b/);
    const told = overlayIn(data, "proof").says.flatMap((line) => /^(P\d+'?): /.exec(line)?.[1] ?? []);
    const used = ["attn_mask", "kv_write_mask", "x"].flatMap(
      (name) => markOf(data, "proof", name)?.short?.split(" ") ?? [],
    );
    for (const id of used) expect(told).toContain(id);
    const layers = await pageOf("phi4-mini", "--layers", "4", "--max-seq", "8");
    const cuts = overlayIn(layers.data, "proof").marks.filter(({ short }) => short?.startsWith("cut"));
    expect(cuts.map(({ node }) => layers.data.nodes[node]!.label)).toEqual(
      [0, 1, 2, 3].flatMap((n) => [`layers.${n}.attn.residual`, ...(n < 3 ? [`layers.${n}.out`] : [])]),
    );
  });

  test("of a package alone: nothing is shown, and why is said", async () => {
    const out = await emittedFolder();
    const { data } = await pageOf(join(out, "layer.t4.mlpackage"));
    for (const id of ["tokens", "proof"]) {
      expect(overlayIn(data, id)).toMatchObject({ state: "none", marks: [] });
      expect(overlayIn(data, id).says[0]).toMatch(/^not (computed|proven): /);
    }
    const pair = await pageOf(join(out, "layer.t4.mlpackage"), join(out, "layer.t1.mlpackage"));
    expect(overlayIn(pair.data, "proof").says[0]).toMatch(/^PROVEN/);
    expect(pair.data.nodes.flatMap(({ weight }) => weight?.hash ?? [])).toContainEqual(
      expect.stringMatching(/^[0-9a-f]{64}$/),
    );
  });
});

describe("two graphs", () => {
  test("what only one has, and what is changed, in one picture and in an order in which it can be computed", async () => {
    const [right, flat] = [attentionFile("right"), attentionFile("flattened")];
    const alone = await pageOf(right, "--max-seq", "8");
    for (const [files, only, tone] of [
      [[right, flat], undefined, "bad"],
      [[flat, right], "second", "good"],
    ] as const) {
      const { data } = await pageOf(...files, "--max-seq", "8");
      const { marks, says } = overlayIn(data, "diff");
      expect(says[0]).toBe(
        only
          ? "0 values only in the first, 1 value only in the second, 3 values changed"
          : "1 value only in the first, 0 values only in the second, 3 values changed",
      );
      expect(data.nodes.length).toBe(alone.data.nodes.length);
      const told = marks.map((mark) => [data.nodes[mark.node]!.op, mark.tone]);
      expect(told.toSorted()).toEqual([
        ["split", "warn"],
        ["split", "warn"],
        ["split", "warn"],
        ["transpose", tone],
      ]);
      expect(data.nodes.filter((node) => node.only).map((node) => node.op)).toEqual(only ? ["transpose"] : []);
      for (const [n, { operands }] of data.nodes.entries())
        for (const [, operand] of operands) expect(operand).toBeLessThan(n);
      const read = data.nodes
        .filter((node) => node.beside)
        .map(({ op, beside }) => [op, data.nodes[beside![0]![1]]!.op]);
      expect(read).toEqual(Array(3).fill(["split", only ? "transpose" : "reshape"]));
      // Numbers of other overlays go by the picture of both.
      expect(markOf(data, "tokens", "norm")?.says[0]).toBe("row 0 reads token 0");
    }
  });

  test("the same file twice has no difference, and a graph alone has nothing beside it", async () => {
    const file = attentionFile("right");
    const { data } = await pageOf(file, file, "--max-seq", "8");
    expect(overlayIn(data, "diff")).toMatchObject({ state: "shown", marks: [] });
    expect(overlayIn(data, "diff").says[0]).toMatch(/^no difference/);
    expect(data.nodes.some(({ beside, only }) => beside || only)).toBe(false);
    expect(overlayIn((await pageOf(file, "--max-seq", "8")).data, "diff")).toMatchObject({ state: "none", marks: [] });
  });

  test("two checkpoints differ in the contents of their weights", async () => {
    const name = "model.layers.0.mlp.down_proj.weight";
    const { data } = await pageOf(tinyPhi(), tinyPhiTimes({ [name]: 2 }), "--max-seq", "8");
    const { marks, says } = overlayIn(data, "diff");
    expect(marks.map(({ node, tone }) => [data.nodes[node]!.kind, tone])).toEqual([["weight", "warn"]]);
    expect(says.at(-1)).toContain("their weights by their contents");
  });

  test("packages: a block beside its step is also proven; two of one T are not, and say why", async () => {
    const out = await emittedFolder();
    const block = join(out, "layer.t4.mlpackage");
    const pair = await pageOf(block, join(out, "layer.t1.mlpackage"));
    expect(overlayIn(pair.data, "proof").says[0]).toMatch(/^PROVEN/);
    expect(overlayIn(pair.data, "diff").says).toContain('input "x": fp16[1,16,4,1] → fp16[1,16,1,1]');
    // Against a graph file the weights are those that emit would write.
    const { data } = await pageOf(block, attentionFile("right"), "--max-seq", "8");
    expect(overlayIn(data, "diff").says[0]).toMatch(/^no difference/);
    const seeded = await pageOf(block, attentionFile("right"), "--max-seq", "8", "--seed", "2");
    expect(overlayIn(seeded.data, "diff").marks.map(({ node }) => seeded.data.nodes[node]!.kind)).toEqual(
      Array(3).fill("weight"),
    );
    const copy = join(testFolder(), "copy.mlpackage");
    cpSync(block, copy, { recursive: true });
    const same = await pageOf(block, copy);
    expect(overlayIn(same.data, "proof").says[0]).toMatch(/^not proven: /);
    expect(overlayIn(same.data, "diff").says[0]).toMatch(/^no difference/);
  });
});

describe("numbers", () => {
  test("are those of survey, for values that it has a line of and for others", async () => {
    const file = attentionFile("right");
    const { data } = await pageOf(file, "--max-seq", "16");
    const numbers = overlayIn(data, "numbers");
    expect(numbers.says[0]).toBe(
      `all of ${data.nodes.length} values were finite; 0 came within a factor of 4 of overflow`,
    );
    const { out } = await graphc(["survey", file, "--max-seq", "16", "--json"]);
    const { values } = JSON.parse(out) as SurveyRecord;
    for (const { value, headroom } of values.filter(({ value }) => ["qkv", "scores", "hidden", "x"].includes(value)))
      expect(markOf(data, "numbers", value)?.short).toBe(`${headroom!.toFixed(1)} left`);
    expect(markOf(data, "numbers", "transpose")?.short).toBe(markOf(data, "numbers", "qkv")?.short);
  });

  test("an overflow, a narrow place, subnormal numbers and zeros are told apart", async () => {
    const source = `import { graph, input, mul, named, sub } from "graphc";
export default function model() {
  const x = input("x", [1, 64]);
  const one = mul(sub(mul(x, 0), 1), 1);
  const y = { small: named("small", mul(one, 2 ** -20)), near: named("near", mul(one, 40000)), zero: named("zero", mul(x, 0)) };
  return graph({ name: "ends", inputs: [x], outputs: { y: named("over", mul(y.near, 40000)), ...y } });
}`;
    const { data } = await pageOf(join(folderOf({ "ends.ts": source }), "ends.ts"));
    expect(overlayIn(data, "numbers").says[0]).toBe("1 value not finite");
    const told = (["over", "near", "small", "zero"] as const).map((name) => markOf(data, "numbers", name));
    expect(told.map((mark) => mark?.tone)).toEqual(["bad", "warn", "note", "plain"]);
    expect(told[0]).toMatchObject({ bar: 1, short: "not finite" });
    expect(told[1]?.bar).toBeCloseTo(1 - Math.log2(65504 / 40000) / 30, 3);
    expect(told[2]?.says).toContain("100 % subnormal");
    expect(told[3]?.says).toContain("all zero");
  });
});

test("every value is drawn, with its line, its MIL name and its formula", async () => {
  const file = attentionFile("right");
  const { data } = await pageOf(file, "--max-seq", "8");
  const drawn = new Set(data.sections.flatMap(({ values }) => values));
  expect([...drawn].sort((a, b) => a - b)).toEqual(data.nodes.map((_, n) => n));
  for (const { kind, at, mil, op } of data.nodes) {
    if (kind !== "op") continue;
    expect([at, mil]).toEqual([expect.stringContaining("layer.ts:"), expect.stringMatching(/^\w+$/)]);
    expect(data.docs[op!]).not.toBe("");
  }
});

test("layers are sections, and equal ones share a drawing; the page stays small", async () => {
  const { data, text } = await pageOf("phi4-mini", "--layers", "4", "--max-seq", "8");
  expect(data.sections.map(({ title }) => title)).toEqual(["layer 0", "layer 1", "layer 2", "layer 3"]);
  expect(data.sections[1]!.drawings).toEqual(data.sections[2]!.drawings);
  // Every layer is run: behind the first a row has read what attention gave it.
  expect(overlayIn(data, "tokens")).toMatchObject({
    state: "shown",
    says: [expect.stringMatching(/^no output/), expect.anything()],
  });
  const normed = [0, 1, 3].map((layer) => markOf(data, "tokens", `layers.${layer}.attn.norm`)?.says.at(-1));
  expect(normed).toEqual(["row 3 reads token 3", ...Array(2).fill("row 3 reads tokens 0, 1, 2, 3")]);
  expect(text.length).toBeLessThan(1.5e6);
});

test("a name from a file is text", async () => {
  const name = "</script><script>document.title='broken'</script><img src=x onerror=alert(1)>";
  const source = `import { graph, input, mul, named } from "graphc";
export default function model() {
  const x = input("x", [1, 4]);
  return graph({ name: ${JSON.stringify(name)}, inputs: [x], outputs: { y: mul(named(${JSON.stringify(name)}, mul(x, 2)), 3) } });
}`;
  const { text, data } = await pageOf(join(folderOf({ "bad.ts": source }), "bad.ts"));
  expect(data.nodes.map(({ label }) => label)).toContain(name);
  expect(text.match(/<script/g)).toHaveLength(2);
  expect(text).not.toContain("<img");
});

/** A graph that takes no time. */
function timesFile(factor: number): string {
  const source = `import { graph, input, mul } from "graphc";
export default () => graph({ name: "times${factor}", inputs: [X], outputs: { y: mul(X, ${factor}) } });
const X = input("x", [1, 4]);`;
  return join(folderOf({ "times.ts": source }), "times.ts");
}

describe("where the page goes", () => {
  test("what cannot be written is said before any work, and nothing is left", async () => {
    const folder = testFolder();
    writeFileSync(join(folder, "mine.html"), "<p>mine</p>");
    mkdirSync(join(folder, "folder.html"));
    for (const [out, says] of [
      ["mine.html", /is there, and is no page of graphc view/],
      ["folder.html", /is no file/],
      ["none/view.html", /there is no folder/],
    ] as const) {
      const { code, err } = await graphc(["view", attentionFile("right"), "--out", join(folder, out)]);
      expect([code, err]).toEqual([2, expect.stringMatching(says)]);
    }
    expect(readFileSync(join(folder, "mine.html"), "utf8")).toBe("<p>mine</p>");
    expect(readdirSync(folder).sort()).toEqual(["folder.html", "mine.html"]);
  });

  test("an older page is replaced; an operand that names nothing writes none", async () => {
    const file = join(testFolder(), "view.html");
    for (const factor of [2, 3]) {
      expect((await graphc(["view", timesFile(factor), "--out", file])).code).toBe(0);
      expect(readFileSync(file, "utf8")).toContain(`<title>times${factor}</title>`);
    }
    const out = join(testFolder(), "none.html");
    const { code, err } = await graphc(["view", "phi4-mimi", "--out", out]);
    expect([code, err]).toEqual([2, expect.stringContaining('"phi4-mimi" is neither')]);
    expect(existsSync(out)).toBe(false);
  });

  test("a machine without an opener says so", async () => {
    const path = process.env.PATH;
    process.env.PATH = testFolder();
    const out = join(testFolder(), "view.html");
    const { code, err } = await graphc(["view", timesFile(2), "--out", out, "--open"]).finally(() => {
      process.env.PATH = path;
    });
    expect([code, err]).toEqual([0, expect.stringMatching(/was written and not opened: there is no program/)]);
    expect(existsSync(out)).toBe(true);
  });
});
