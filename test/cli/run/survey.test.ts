/** `graphc survey`: each thing that it says it looks at makes it say no, and each value is told in terms of its own dtype. */
import { describe, expect, test } from "vitest";
import { fileOf, folderOf, graphc } from "../../support/cli.ts";
import { checkpoint, D, embedding, fp16Tensor, graphFile, model, survey, VOCAB } from "../../support/surveyed.ts";

const SIZE = ["--tokens", "2", "--max-seq", "8"];

/** A graph that shows these outputs, after these statements; `states` are written as JavaScript. */
const body = (outputs: string, statements = "", states = "[]") =>
  `${statements}; return graph({ name: "g", inputs: [x], states: ${states}, outputs: { ${outputs} } });`;

const NOT_FINITE = ["Infinity", "-Infinity", "NaN"];

describe("what is not finite is seen where it is stored or moved:", () => {
  test.each<[text: string, body: string, seen: readonly string[]]>([
    ["in a constant, though nothing shows it", body("y: select(greater(x, 9), bad, x)"), ["const"]],
    ["in a named constant", body("y: select(greater(x, 9), t, x)", "const t = named('t', bad)"), ["t"]],
    ["in the first output", body("a: concat([bad, x], { axis: 3 }), b: mul(x, 1)"), ["const", "a"]],
    ["in the last output", body("a: mul(x, 1), b: concat([bad, x], { axis: 3 })"), ["const", "b"]],
    ["in an output that is a constant", body("a: mul(x, 1), b: bad"), ["b"]],
    [
      "in an output that is another's bytes",
      body("a: mul(x, 1), b: reshape(bad, { shape: [3, T, 1] })"),
      ["const", "b"],
    ],
    [
      "in the last state at exit",
      body(
        "y: mul(x, 1)",
        "const [s, t] = [state('s', [3]), state('t', [3])]",
        "[[s, add(s, 1)], [t, identity(steady)]]",
      ),
      ["const", "t"],
    ],
    [
      "in the first state at exit",
      body(
        "y: mul(x, 1)",
        "const [s, t] = [state('s', [3]), state('t', [3])]",
        "[[t, identity(steady)], [s, add(s, 1)]]",
      ),
      ["const", "t"],
    ],
  ])("%s", async (_, source, seen) => {
    for (const number of NOT_FINITE) {
      const { code, bad } = await survey([graphFile(source, number), ...SIZE]);
      expect([code, bad.toSorted()]).toEqual([1, seen.toSorted()]);
    }
    expect(await survey([graphFile(source), ...SIZE])).toMatchObject({ code: 0, bad: [] });
  });

  test("in a weight, though nothing shows it", async () => {
    const file = graphFile(body("y: select(greater(x, 9), w, x)", "const w = weight('w', [1, 3, 1, 1])"));
    for (const number of [1, Infinity, -Infinity, Number.NaN]) {
      const safetensors = fileOf([fp16Tensor("w", [3], [1, number, 1])]);
      const folder = folderOf({ "config.json": "{}", "model.safetensors": safetensors });
      const expected = number === 1 ? { code: 0, bad: [] } : { code: 1, bad: ["w"] };
      expect(await survey([file, ...SIZE, "--weights", folder])).toMatchObject(expected);
    }
  });

  test("in the embedding, at whichever token, fed or not", async () => {
    expect((await survey(model(checkpoint(embedding()), "--tokens", "1"))).code).toBe(0);
    for (let token = 0; token < VOCAB; token++) {
      const folder = checkpoint(embedding().with(token * D + 7, Infinity));
      const { code, record } = await survey(model(folder, "--tokens", "1"));
      expect(code).toBe(1);
      const x = record.values.find(({ value }) => value === "x");
      expect(x).toMatchObject({ nonFinite: 1, headroom: "-Infinity", worstChannel: 7 });
    }
  });
});

describe("what is not finite is seen where it arises:", () => {
  const OVER = "const h = named('h', mul(add(x, 60000), 2))";
  test.each<[text: string, body: string, seen: readonly string[]]>([
    ["in a value that no output shows any more", body("y: select(greater(h, 0), x, h)", OVER), ["h"]],
    ["in an unnamed value", body("y: select(greater(mul(add(x, 60000), 2), 0), x, x)"), ["mul"]],
    ["as NaN, from ∞ − ∞", body("y: sub(h, h)", OVER), ["h", "y"]],
    [
      "in fp16 behind fp32 that holds it well",
      body("y: cast(mul(add(cast(x, { dtype: 'fp32' }), 60000), 2), { dtype: 'fp16' })"),
      ["y"],
    ],
    [
      "in a state that grows call by call",
      body("y: mul(x, 1)", "const s = state('s', [3])", "[[s, add(mul(s, 100), 100)]]"),
      ["mul", "add", "s"],
    ],
  ])("%s", async (_, source, seen) => {
    const { code, bad } = await survey([graphFile(source), ...SIZE]);
    expect([code, bad.toSorted()]).toEqual([1, seen.toSorted()]);
  });
});

test("the report tells what was looked at; fp32 and whole numbers are judged by their own ends", async () => {
  const outputs = [
    "wide: mul(cast(x, { dtype: 'fp32' }), 1e30)",
    "whole: cast(mul(x, 100), { dtype: 'int32' })",
    "near: add(mul(x, 0), 30000)",
    "zero: mul(x, 0)",
  ];
  const { code, out } = await graphc(["survey", graphFile(body(outputs.join())), ...SIZE]);
  expect(code).toBe(0);
  expect(out).toMatch(/^wide +fp32 .* 0\.0% +27\.\d +\d$/m);
  expect(out).toMatch(/^whole +int32 +\S+ +\S+ +\d$/m);
  expect(out).toMatch(/^near +fp16 .* 1\.1 +0 +near overflow$/m);
  expect(out).toMatch(/^zero +fp16 +0 +0 +0\.0% +0 +all zero$/m);
  expect(out).toContain("over 4 blocks of 2 tokens: 1 inputs, 0 weights, ");
  expect(out).toContain("\nAll of them are finite.\n");
  expect(out).toContain("No RMSNorm of an fp16 value was found in this graph, so no form is judged.");
});

test("the report names every value that is not finite", async () => {
  const source = body("a: concat([bad, x], { axis: 3 }), b: mul(x, 1), c: concat([x, bad], { axis: 3 })");
  const { code, out } = await graphc(["survey", graphFile(source, "NaN"), ...SIZE]);
  expect(code).toBe(1);
  expect(out).toMatch(/^a +fp16 .* 4 NOT FINITE$/m);
  expect(out.replaceAll(/\s+/g, " ")).toMatch(
    / NOT FINITE: const \(\S+g\.ts:4:15\), a \(\S+g\.ts:6:\d+\), c \(\S+g\.ts:6:\d+\)\. /,
  );
});
