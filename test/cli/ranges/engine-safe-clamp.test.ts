/** `--engine-safe --clamp`: clipped where no power of two holds, at the margin that was asked for, and never said to be equal without that condition. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { expectRefusal, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

/** tanh of a product beyond fp16. */
const MLP = `
import { add, conv, graph, input, mul, named, rmsNorm, silu, tanh, weight } from "graphc";
export default function mlp({ tokens: T }) {
  const x = input("x", [1, 64, T, 1]);
  const normed = named("norm", rmsNorm(x, weight("norm.weight", [1, 64, 1, 1]), { eps: 1e-5 }));
  const gate = named("gate", conv(mul(normed, 40), weight("gate.weight", [128, 64, 1, 1])));
  const up = named("up", conv(mul(normed, 40), weight("up.weight", [128, 64, 1, 1])));
  const act = named("act", mul(silu(gate), up));
  const down = named("down", conv(tanh(act), weight("down.weight", [64, 128, 1, 1])));
  return graph({ name: "mlp", inputs: [x], states: [], outputs: { hidden: named("hidden", add(x, down)) } });
}`;
const fileOf = (text: string): string => join(folderOf({ "mlp.ts": text }), "mlp.ts");
const SIZE = ["--bound", "x=4", "--max-seq", "8", "--tokens", "2", "--engine-safe"];
const words = (text: string): string => text.replace(/\s+/g, " ");
const ATTENTION = readFileSync(join(ROOT, "examples/attention.ts"), "utf8");
const loudScores = (): string =>
  join(folderOf({ "a.ts": ATTENTION.replace("mul(Q, 32 ** -0.5)", "mul(Q, 20)") }), "a.ts");

interface Chosen {
  readonly clamps: {
    readonly margin: number;
    readonly values: readonly { readonly most: number; readonly reached: number; readonly exponent: number }[];
  };
}

describe("what is chosen", () => {
  test("a no tells of clamps where they are a way", async () => {
    const { code, out } = await graphc(["ranges", fileOf(MLP), ...SIZE]);
    expect([code, words(out)]).toEqual([
      1,
      expect.stringContaining("or clip it at 4 times what samples reach: --clamp 4"),
    ]);
  });
  test("the margin is that which was given, and at least that above what samples reach", async () => {
    const path = fileOf(MLP);
    const [twice, more] = await Promise.all(
      ["2", "3.5"].map(async (margin) => {
        const { out } = await graphc(["ranges", path, ...SIZE, "--clamp", margin, "--json"]);
        const { clamps } = JSON.parse(out) as Chosen;
        expect(clamps.margin).toBe(Number(margin));
        return clamps.values[0]!;
      }),
    );
    expect([twice!.exponent, more!.exponent]).toEqual([2, 2]);
    expect(more!.reached).toBe(twice!.reached);
    expect(twice!.reached).toBeGreaterThan(1000);
    expect(twice!.most / twice!.reached - 2).toBeGreaterThanOrEqual(0);
    expect(twice!.most / twice!.reached - 2).toBeLessThan(2 * 2 ** -10);
    expect(more!.most / more!.reached - 3.5).toBeGreaterThanOrEqual(0);
    expect(more!.most / more!.reached - 3.5).toBeLessThan(3.5 * 2 ** -10);
  });
  test("none where powers of two are enough, and then nothing is said of clamps in the claim", async () => {
    const path = fileOf(
      MLP.replace("conv(tanh(act), weight(", "conv(act, mul(weight(").replace(
        "1, 1])));\n  return",
        "1, 1]), 0.03)));\n  return",
      ),
    );
    const { code, out } = await graphc(["emit", path, ...SIZE, "--clamp", "4", "--out", testFolder()]);
    expect([code, out]).toEqual([0, expect.stringContaining("clamps: none, powers of two are enough")]);
    expect(out).toContain("PROVEN (reals): one token with exponents against one token without\n");
    expect(out).not.toContain("P15");
  });
  test.each([
    [
      "fp16 does not hold",
      () => fileOf(MLP),
      "100",
      /samples reach \d+, so that --clamp 100 would clip at 1\.3e\+6, and only below 65504 does fp16 hold it/,
    ],
    [
      "no score can have",
      loudScores,
      "40",
      /samples reach \d+, so that --clamp 40 would clip at \d+, and only below 4948 is the weight of a masked row 0 \(P8\)/,
    ],
    [
      "does not help",
      () => fileOf(MLP.replace("tanh(act)", "exp(mul(up, 0.1))").replace("silu, tanh", "silu, exp")),
      "4",
      /exp \(\S+\) is (not bounded|beyond its limit, \S.*), with clamps too/,
    ],
  ])("a clamp that %s is a no", async (_, fileIn, margin, why) => {
    const path = fileIn();
    const { code, out } = await graphc(["ranges", path, ...SIZE, "--clamp", margin]);
    expect([code, words(out)]).toEqual([1, expect.stringMatching(why)]);
    expect(out).not.toContain("ORDER-FREE");
  });
});

describe("emit", () => {
  test("clips on the bytes, and says under which condition the graph is the author's: in words and on record", async () => {
    const out = testFolder();
    const { code, out: text } = await graphc(["emit", fileOf(MLP), ...SIZE, "--clamp", "4", "--out", out]);
    expect(code).toBe(0);
    expect(text).toContain("PROVEN (exact): a block of 2 tokens against 2 single-token calls");
    expect(words(text)).toContain(
      "PROVEN (reals): one token with exponents and clamps against one token without, on inputs of which no value leaves its clamp",
    );
    expect(words(text)).toContain("P15: no value leaves its clamp, now or in an earlier call");
    expect(words(text)).toMatch(/outputs are off by \S+ with exponents and clamps, \S+ without/);
    const { engineSafe, ranges } = JSON.parse(readFileSync(join(out, "mlp.certificate.json"), "utf8"));
    const [{ value, most, exponent }] = engineSafe.clamps.values;
    expect([value, engineSafe.clamps.margin, engineSafe.clamps.blocks]).toEqual([
      expect.stringMatching(/^act \(/),
      4,
      4,
    ]);
    expect(engineSafe.equality.says).toContain("on inputs of which no value leaves its clamp");
    expect(engineSafe.equality.preconditions.map(({ id }: { id: string }) => id)).toContain("P15");
    expect(ranges.claim).toBe("ORDER-FREE (engine)");
    for (const name of ["mlp.t2.mlpackage", "mlp.t1.mlpackage"]) {
      const clips = schedule(graphOf(readPackage(join(out, name)))).flatMap(({ def }) =>
        def.kind === "op" && def.op === "clip" ? [def.attrs] : [],
      );
      expect(clips).toEqual([{ alpha: -most * 2 ** -exponent, beta: most * 2 ** -exponent }]);
    }
  });
  test("scores of a layer with caches, and a result of the graph", async () => {
    // The second is a clip as far away as what a mask adds, which takes no score for one.
    for (const margin of ["3", "12"]) {
      const scores = await graphc(["emit", loudScores(), ...SIZE, "--clamp", margin, "--out", testFolder()]);
      expect([scores.code, words(scores.out)]).toEqual([
        0,
        expect.stringMatching(/clamps: scores \(\S+\) at ±\d+ \(samples reach \d+\)/),
      ]);
      expect(scores.out.match(/^PROVEN \(exact\)/gm)).toHaveLength(2);
    }
    const text = MLP.replaceAll("normed, 40", "normed, 16").replace("tanh(act)", "act");
    const result = await graphc(["emit", fileOf(text), ...SIZE, "--clamp", "4", "--out", testFolder()]);
    expect([result.code, words(result.out)]).toEqual([0, expect.stringMatching(/clamps: hidden \(\S+\) at ±\d+/)]);
    expect(result.out.match(/^PROVEN/gm)).toHaveLength(2);
  });
});

test("emit writes nothing where a clamp does not help", async () => {
  const folder = join(testFolder(), "none");
  const argv = ["emit", fileOf(MLP), ...SIZE, "--clamp", "100", "--out", folder];
  await expectRefusal(argv, /cannot make this graph safe: /, folder);
  expect(existsSync(folder)).toBe(false);
});

test("it is refused without --engine-safe, for a checkpoint, and below 1", async () => {
  await expectRefusal(["ranges", fileOf(MLP), "--clamp", "4"], /--clamp .*--engine-safe/);
  await expectRefusal(["emit", "phi4-mini", "--engine-safe", "--clamp", "4"], /does nothing for phi4-mini/);
  await expectRefusal(["ranges", fileOf(MLP), ...SIZE, "--clamp", "0.5"], /--clamp must look like 4/);
});
