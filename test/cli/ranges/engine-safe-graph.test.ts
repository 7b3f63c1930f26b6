/** `--engine-safe` of graphs that an author wrote: held where bounds ask for it, proven to be the same, refused where no power of two helps. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { expectRefusal, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

/** A gated feed-forward whose projections are multiplied by `loud`, and its down projection by `down`. */
const mlp = (loud: number, down: number, more = "") => `
import { add, conv, graph, input, mul, named, rmsNorm, silu, tanh, weight } from "graphc";
export default function mlp({ tokens: T }) {
  const x = input("x", [1, 64, T, 1]);
  const normed = named("norm", rmsNorm(x, weight("norm.weight", [1, 64, 1, 1]), { eps: 1e-5 }));
  const gate = named("gate", conv(mul(normed, ${loud}), weight("gate.weight", [128, 64, 1, 1])));
  const up = named("up", conv(mul(normed, ${loud}), weight("up.weight", [128, 64, 1, 1])));
  const act = named("act", mul(silu(gate), up));
  const down = named("down", conv(act, mul(weight("down.weight", [64, 128, 1, 1]), ${down})));
  const hidden = named("hidden", add(x, down));
  ${more}
  return graph({ name: "mlp", inputs: [x], states: [], outputs: { hidden } });
}`;
const fileOf = (text: string): string => join(folderOf({ "mlp.ts": text }), "mlp.ts");
const BOUND = ["--bound", "x=4"];

interface Chosen {
  readonly holds: boolean;
  readonly exponents: readonly { readonly value: string; readonly exponent: number }[];
}
const chosenFor = async (text: string): Promise<Chosen> =>
  JSON.parse((await graphc(["ranges", fileOf(text), ...BOUND, "--engine-safe", "--json"])).out) as Chosen;
const namesIn = ({ exponents }: Chosen) => exponents.map(({ value, exponent }) => [value.split(" ")[0], exponent]);

describe("what is chosen", () => {
  test("nothing where everything holds", async () => {
    const { code, out } = await graphc(["ranges", fileOf(mlp(1, 1)), ...BOUND, "--engine-safe"]);
    expect([code, out]).toEqual([0, expect.stringContaining("exponents: none, everything holds as it is")]);
    expect(out).toMatch(/^ORDER-FREE \(engine\)/m);
  });
  test("of the layer that is asked for", async () => {
    const text = mlp(1, 1)
      .replace("mlp({ tokens: T })", "mlp({ tokens: T, layer })")
      .replace('conv(mul(normed, 1), weight("up', 'conv(mul(normed, layer === 2 ? 49 : 1), weight("up');
    const chosen = async (...argv: readonly string[]) =>
      JSON.parse((await graphc(["ranges", fileOf(text), ...BOUND, "--engine-safe", "--json", ...argv])).out) as Chosen;
    expect(namesIn(await chosen())).toEqual([]);
    expect(namesIn(await chosen("--layer", "2"))).toEqual([["down", 1]]);
  });
  test("the least for a sum beyond the accumulator, and for a number beyond fp16", async () => {
    expect(namesIn(await chosenFor(mlp(7, 1)))).toEqual([["down", 1]]);
    expect(namesIn(await chosenFor(mlp(40, 0.03)))).toEqual([
      ["act", 2],
      ["down", 2],
    ]);
  });
  test.each([
    ["a result beyond fp16", mlp(16, 1), /hidden \(\S*mlp.ts:10:\d+\) is beyond fp16, and a result of the graph/],
    [
      "an op that no power of two goes through",
      mlp(40, 0.03).replace("silu(gate), up)", "silu(gate), up)").replace("conv(act,", "conv(tanh(act),"),
      /tanh \(\S*mlp.ts:9:\d+\) is of a number beyond fp16, and its op is none that a power of two goes through/,
    ],
  ])("%s is a no, and emit writes nothing", async (_, text, why) => {
    const path = fileOf(text);
    const { code, out } = await graphc(["ranges", path, ...BOUND, "--engine-safe"]);
    expect([code, out.replace(/\s+/g, " ")]).toEqual([1, expect.stringMatching(why)]);
    expect(out).not.toContain("ORDER-FREE");
    const folder = join(testFolder(), "none");
    await expectRefusal(
      ["emit", path, ...BOUND, "--engine-safe", "--out", folder],
      /cannot make this graph safe: /,
      folder,
    );
    expect(existsSync(folder)).toBe(false);
  });
  test("scores beyond P8's bound are no sums that a power of two mends, nor are masks that are no addends", async () => {
    const attention = readFileSync(join(ROOT, "examples/attention.ts"), "utf8");
    for (const [was, is, why] of [
      ["mul(Q, 32 ** -0.5)", "mul(Q, 20)", /scores \(\S+\) may be \d+, above score 4948, at \[/],
      ["add(scores, mask)", "sub(scores, mul(mask, -1))", /takes a mask otherwise than by adding it/],
    ] as const) {
      const path = join(folderOf({ "a.ts": attention.replace(was, is) }), "a.ts");
      const { code, out } = await graphc([
        "ranges",
        path,
        ...BOUND,
        "--max-seq",
        "8",
        "--tokens",
        "2",
        "--engine-safe",
      ]);
      expect([code, out.replace(/\s+/g, " ")]).toEqual([1, expect.stringMatching(why)]);
    }
  });
  test("a graph whose host keeps the caches is a no", async () => {
    const path = join(ROOT, "examples/host-caches.ts");
    const { code, out } = await graphc(["ranges", path, "--max-seq", "8", "--tokens", "2", "--engine-safe"]);
    expect([code, out]).toEqual([1, expect.stringContaining("its host keeps the caches")]);
  });
  test("block and step that are written by other code are refused", async () => {
    const text = mlp(7, 1).replace('named("hidden", add(x, down))', "T === 1 ? add(x, down) : add(mul(x, 1), down)");
    await expectRefusal(
      ["ranges", fileOf(text), ...BOUND, "--engine-safe"],
      /not made of the same ops: \w+ in one is \w+ in the other; write both by the same code/,
    );
  });
});

describe("emit", () => {
  test("writes the held graph, proven to be the author's, and what was chosen is on record", async () => {
    const out = testFolder();
    const argv = ["emit", fileOf(mlp(40, 0.03)), ...BOUND, "--engine-safe", "--max-seq", "8", "--tokens", "2"];
    const { code, out: text } = await graphc([...argv, "--out", out]);
    expect(code).toBe(0);
    expect(text).toContain("PROVEN (exact): a block of 2 tokens against 2 single-token calls");
    expect(text).toContain("PROVEN (reals): one token with exponents against one token without");
    expect(text).toMatch(/^ORDER-FREE \(engine\)/m);
    expect(text.replace(/\s+/g, " ")).toMatch(
      /on the engine's arithmetic, 4 blocks of 2 tokens of random inputs within the bounds, from fp64: outputs are off by 0\.\d+ with exponents, (0\.\d+|no finite number) without/,
    );
    const { engineSafe, ranges } = JSON.parse(readFileSync(join(out, "mlp.certificate.json"), "utf8"));
    expect(engineSafe.exponents.map((one: { exponent: number }) => one.exponent)).toEqual([2, 2]);
    expect([engineSafe.equality.verdict, engineSafe.equality.level, ranges.claim]).toEqual([
      "PROVEN",
      "reals",
      "ORDER-FREE (engine)",
    ]);
    const names = schedule(graphOf(readPackage(join(out, "mlp.t2.mlpackage")))).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["act_held", "down_held", "down"]));
  });
  test("holds a layer with caches, beside every size that its proof looks at", async () => {
    const attention = readFileSync(join(ROOT, "examples/attention.ts"), "utf8");
    const path = join(folderOf({ "a.ts": attention.replace("conv(joined,", "conv(mul(joined, 300),") }), "a.ts");
    const size = ["--max-seq", "8", "--tokens", "2"];
    expect((await graphc(["ranges", path, ...size, ...BOUND])).code).toBe(1);
    const { code, out } = await graphc(["emit", path, ...size, ...BOUND, "--engine-safe", "--out", testFolder()]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^exponents: conv \(\S*a.ts:42:\d+\) at 2\^-1$/m)]);
    expect(out.match(/^PROVEN/gm)).toHaveLength(2);
  });
});
