/** Commands on the engine's arithmetic: what they print, and whom they refuse. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PHI4_MINI } from "../../../src/models/config.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { ARITHMETIC_CHIPS } from "../../../src/passes/engine/chips.ts";
import { UNKNOWN_ORDER } from "../../../src/passes/engine/knowledge.ts";
import { engineWatch } from "../../../src/passes/run/engine-watch.ts";
import { expectRefusal, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");
const ATTENTION = join(ROOT, "examples/attention.ts");
const LIBRARY = JSON.stringify(join(ROOT, "src/index.ts"));
const out = () => join(testFolder(), "out.safetensors");

/** A graph file with what `body` makes of x, a row of four. */
const fileOf = (body: string, name = "g"): string =>
  join(
    folderOf({
      [`${name}.ts`]: `import { add, constant, constexpr_blockwise_shift_scale, graph, input, linear, matmul, mul, reduce_sum, stack, tanh } from ${LIBRARY};
export default ({ tokens }: { tokens: number }) => {
  const x = input("x", [tokens, 4]);
  return graph({ name: "g", inputs: [x], outputs: { y: ${body} } });
};
`,
    }),
    `${name}.ts`,
  );

describe("run", () => {
  test("says whose arithmetic it is, what is known, what became of products, and how far fp16 is", async () => {
    const file = fileOf("matmul(x, constant([2 ** -9, 1, 1, 1], [4, 1], 'fp16'))");
    const argv = ["run", file, "--positions", "0", "--arithmetic", "engine:m6", "--out", out()];
    const { code, out: text } = await graphc(argv);
    expect(code).toBe(0);
    expect(text).toMatch(/the engine's arithmetic, as measured on M6 with macOS 27/);
    expect(text).toMatch(/1 of 1 values exact \(the engine's bits are known\)/);
    expect(text).toMatch(/bounds of y: none are needed/);
    const json = await graphc([...argv, "--json"]);
    const { engine } = JSON.parse(json.out);
    expect(engine.values).toMatchObject([{ value: "y", op: "matmul", known: "exact", products: 16, overflowed: 0 }]);
    expect(engine.distance.map(({ output, token }: { output: string; token: number }) => [output, token])).toEqual(
      [0, 1, 2, 3].map((token) => ["y", token]),
    );
    expect(engine.bounds.y.low).toEqual(engine.bounds.y.high);
  });

  test("tells of a sum whose order is not on record, with bounds", async () => {
    const file = fileOf("reduce_sum(tanh(x), { axes: [1], keep_dims: true })");
    const argv = ["run", file, "--positions", "0", "--arithmetic", "engine", "--out", out()];
    const { out: text } = await graphc(argv);
    expect(text).toMatch(/1 of 2 values exact .*; 1 of 2 values bounded/s);
    expect(text).toMatch(/from y on: reduce_sum: a sum whose order is not on record/);
    expect(text).toMatch(/no op of the graph multiplies and adds/);
    const { engine } = JSON.parse((await graphc([...argv, "--json"])).out);
    for (const [k, low] of engine.bounds.y.low.entries()) expect(low).toBeLessThan(engine.bounds.y.high[k]);
  });

  test("evaluates scales of int8 weights inside and behind the sums, and says what the other gives", async () => {
    const codes = "constant([127, 127, 127, 127], [1, 4], 'int8')";
    const file = fileOf(
      `linear(add(mul(x, 0), 100), constexpr_blockwise_shift_scale(${codes}, constant([2 ** -10], [1, 1], 'fp16')))`,
    );
    const argv = ["run", file, "--positions", "0", "--arithmetic", "engine", "--out", out()];
    const { out: text } = await graphc(argv);
    expect(text).toMatch(/4\s+sums\s+of\s+unscaled\s+codes\s+stick at infinity/);
    expect(text).toMatch(/open \(an\s+estimate\s+without\s+bounds\)/);
    const { engine } = JSON.parse((await graphc([...argv, "--json"])).out);
    expect(engine.scaleBehind).toMatchObject({ overflowed: 4, mayOverflow: 4 });
    expect(engine.scaleBehind.distance[0]).toMatchObject({ output: "y", token: 0, largest: "Infinity" });
  });

  test("tells of sums that stick at infinity", async () => {
    const file = fileOf("matmul(mul(x, 30000), constant([4, 4, -4, -4], [4, 1], 'fp16'))");
    const { out: text } = await graphc(["run", file, "--positions", "0", "--arithmetic", "engine", "--out", out()]);
    expect(text).toMatch(/sums stuck at infinity/);
    expect(text).toMatch(/^y +matmul/m);
  });
});

describe("parity", () => {
  test("is equal where it is in fp16, and says what that rests on", async () => {
    const { code, out: text } = await graphc(["parity", ATTENTION, "--max-seq", "16", "--arithmetic", "engine"]);
    expect(code).toBe(0);
    expect(text).toMatch(/^EQUAL/m);
    expect(text).toMatch(/one order of several for these ops/);
    const counter = await graphc(["parity", COUNTER, "--arithmetic", "engine"]);
    expect(counter.out).toMatch(/no op has a sum whose order may depend on T$/);
  });

  test.each([
    ["block", "tokens === 2"],
    ["step", "tokens === 1"],
  ])("looks at the sums of the %s too where the other has none", async (_, has) => {
    const file = fileOf(`${has} ? reduce_sum(stack([x, mul(x, 0)], { axis: 0 }), { axes: [0] }) : mul(x, 1)`);
    const { out: text } = await graphc(["parity", file, "--tokens", "2", "--arithmetic", "engine"]);
    expect(text).toMatch(/^EQUAL/m);
    expect(text).toMatch(/reduce_sum: a sum whose order is not on record \(1 value of block and step\)/);
    expect(text).not.toMatch(/no op has a sum/);
  });

  test.each(["tokens === 2", "tokens === 1"])("counts sums that may pass the limit where %s", async (has) => {
    const sum = "linear(x, constant([20000, -20000, 0, 0], [1, 4], 'fp16'))";
    const file = fileOf(`mul(${has} ? ${sum} : mul(linear(x, constant([1, 0, 0, 0], [1, 4], 'fp16')), 1), 0)`);
    const { out: text } = await graphc(["parity", file, "--tokens", "2", "--arithmetic", "engine", "--json"]);
    expect(JSON.parse(text).engine.mayOverflow).toBeGreaterThan(0);
  });

  test("names the op with which a difference begins", async () => {
    const file = fileOf("tanh(mul(tanh(x), tokens === 1 ? 0.5 : 0.25))");
    const { code, out: text } = await graphc(["parity", file, "--arithmetic", "engine"]);
    expect(code).toBe(1);
    expect(text).toMatch(/the first op to differ is mul \("mul", token 0\)/);
    const other = fileOf("tokens === 1 ? tanh(x) : mul(x, x)");
    expect((await graphc(["parity", other, "--arithmetic", "engine"])).out).toMatch(
      /with which op it begins is not told/,
    );
  });
});

test("survey has its figures on the engine's arithmetic", async () => {
  const argv = ["survey", ATTENTION, "--max-seq", "16"];
  const [engine, fp16] = [await graphc([...argv, "--arithmetic", "engine:m5"]), await graphc(argv)];
  expect(engine.code).toBe(0);
  expect(engine.out).toMatch(/recorded of M5 Pro\s.*consistent/s);
  expect(engine.out.split("the engine's arithmetic")[0]).not.toBe(fp16.out);
});

test("chips without a record, and options beside which it does nothing, are refused", async () => {
  const run = ["run", COUNTER, "--positions", "0"];
  for (const chip of ["m1", "m3", "a17"])
    await expectRefusal(
      [...run, "--arithmetic", `engine:${chip}`],
      `the arithmetic of ${chip}'s engine is not on record; it is of m4, m6, m5`,
    );
  await expectRefusal([...run, "--arithmetic", "cpu"], '--arithmetic must look like engine or engine:m4, not "cpu"');
  await expectRefusal(
    [...run, "--arithmetic", "engine", "--precision", "fp64"],
    "--arithmetic does nothing beside --precision; leave one of them out",
  );
  await expectRefusal(
    ["parity", COUNTER, "--arithmetic", "engine", "--accumulate", "fp16:32/256"],
    "--arithmetic does nothing beside --accumulate; leave one of them out",
  );
});

describe("docs/engine-arithmetic.md", () => {
  const page = readFileSync(join(ROOT, "docs/engine-arithmetic.md"), "utf8");
  test("names every chip", () => {
    for (const { name } of ARITHMETIC_CHIPS.values()) expect(page).toContain(name.toUpperCase());
  });

  test("predicts what a layer of the model has", () => {
    const values = engineWatch(decoderLayers(PHI4_MINI, { tokens: 4, maxSeq: 64 })).values();
    const reasons = values.flatMap(({ why }) =>
      why?.includes(UNKNOWN_ORDER) ? [why.split(": ") as [string, string]] : [],
    );
    const rows = new Set(reasons.map(([op, says]) => `| ${op} | ${says} |`));
    const table = page.split("what is not on record of it |\n|---|---|\n")[1]!.split("\n\n")[0]!;
    expect(table.split("\n").sort()).toEqual([...rows].sort());
  });
});
