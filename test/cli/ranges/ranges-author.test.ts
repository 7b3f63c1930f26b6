/** `ranges` of graphs that an author wrote. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderOf, graphc } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const ATTENTION = join(ROOT, "examples/attention.ts");
const SMALL = ["--max-seq", "8", "--tokens", "1"];

interface Said {
  readonly holds: boolean;
  readonly factor?: number;
  readonly values: readonly {
    value: string;
    most: number | null;
    reached: number | null;
    holds: boolean;
    at?: { line: number };
  }[];
}
const said = async (...argv: readonly string[]): Promise<Said> =>
  JSON.parse((await graphc(["ranges", ATTENTION, ...SMALL, ...argv, "--json"])).out) as Said;

test("within a bound every value holds, caches too, and samples reach less", async () => {
  const { code, out } = await graphc(["ranges", ATTENTION, ...SMALL, "--bound", "x=4"]);
  expect(code).toBe(0);
  expect(out).toMatch(/every value is bounded and keeps its limit. ORDER-FREE \(engine\)/);
  const { values } = await said("--bound", "x=4");
  expect(values.length).toBeGreaterThan(12);
  for (const { most, reached } of values) if (reached !== null) expect(reached).toBeLessThanOrEqual(most!);
});

test("without one it says which would do, and that one does", async () => {
  const { code, out } = await graphc(["ranges", ATTENTION, ...SMALL]);
  expect(code).toBe(1);
  expect(out).toMatch(/NO: hidden \(.*attention.ts:42:\d+\) may be \d+, above fp16 65504/);
  const [, bound] = /--bound (x=\d+)/.exec(out.replace(/\s+/g, " "))!;
  expect((await said("--bound", bound!)).holds).toBe(true);
});

test("a weight that is too large is told by the sum that it is in", async () => {
  const source = readFileSync(ATTENTION, "utf8").replace(
    'named("qkv", conv(normed,',
    'named("qkv", conv(mul(normed, 4000),',
  );
  const file = join(folderOf({ "loud.ts": source }), "loud.ts");
  const { code, out } = await graphc(["ranges", file, ...SMALL, "--bound", "x=4"]);
  expect(code).toBe(1);
  expect(out.replace(/\s+/g, " ")).toMatch(
    /NO: qkv \(.*loud.ts:32:\d+\) may be \d+, above accumulator 32768, at \[0,\d+,0,0\]; samples/,
  );
  expect(out).toContain("no bound of the inputs was found");
});

test("a result that passes the sum inside its own op is no bound that was passed", async () => {
  const source = [
    'import { graph, input, layer_norm, type Size } from "graphc";',
    "export default function loud({ tokens }: Size) {",
    '  const x = input("x", [tokens, 4]);',
    "  const gain = { gamma: [9000, 9000, 9000, 9000], beta: [100, 100, 100, 100] };",
    '  return graph({ name: "loud", inputs: [x], outputs: { y: layer_norm(x, { axes: [1], ...gain } as never) } });',
    "}",
  ].join("\n");
  const file = join(folderOf({ "loud.ts": source }), "loud.ts");
  const { code, out } = await graphc(["ranges", file, "--tokens", "2", "--bound", "x=4"]);
  expect(code).toBe(1);
  expect(out.replace(/\s+/g, " ")).toMatch(
    /NO: \w+ \(\S*loud.ts:5:\d+\) is not bounded: of layer_norm nothing is known/,
  );
});

test("a state that adds up is not bounded", async () => {
  const { code, out } = await graphc(["ranges", join(ROOT, "examples/counter.ts"), "--bound", "step=0.5"]);
  expect(code).toBe(1);
  expect(out).toMatch(/NO: state count is not bounded/);
});

test.each([
  [["--bound", "y=4"], 'there is no input "y"'],
  [["--bound", "attn_mask=4"], "--bound attn_mask: what its role says of it bounds it already"],
  [["--bound", "x=4:norm=9"], "has the axes 0 to 3"],
  [["--prompt-ids", "1"], "--prompt-ids does nothing for"],
])("%j is refused", async (argv, text) => {
  const { code, err } = await graphc(["ranges", ATTENTION, ...SMALL, ...argv]);
  expect(code).toBe(2);
  expect(err).toContain(text);
});

test("a graph that no memory holds is refused before anything is read", async () => {
  const source = `import { graph, input, mul } from "graphc";
export default () => { const x = input("x", [1048576, 1048576]); return graph({ name: "g", inputs: [x], outputs: { y: mul(x, 2) } }); };`;
  const path = join(folderOf({ "large.ts": source }), "large.ts");
  const { code, err } = await graphc(["ranges", path, "--bound", "x=1", "--role", "x=shared"]);
  expect(code).toBe(2);
  expect(err).toMatch(/^error: bounding this graph needs at least [\d.]+ \wB of memory, and [\d.]+ \wB is free; lower/);
});
