/** The compiler as a library: the answers of the command line as data, and no word on any stream. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  add,
  check,
  diffGraphs,
  evaluate,
  generatedWeights,
  graph,
  graphOf,
  input,
  type ModelInput,
  type NDArray,
  parity,
  printGraph,
  prove,
  readPackage,
  run,
  writePackage,
} from "graphc";
import { expect, test } from "vitest";
import attention from "../../examples/attention.ts";
import { graphc, testFolder } from "../support/cli.ts";
import { ROOT } from "../support/root.ts";

const size = { tokens: 2, maxSeq: 8 } as const;
const sized = { model: attention, ...size };
const at = (tokens: number) => attention({ tokens, maxSeq: 8 });

test("prove says of a model what the command line says of the same file", async () => {
  const line = await graphc(["prove", "examples/attention.ts", "--tokens", "2", "--max-seq", "8", "--json"]);
  const { claim, milliseconds: _, ...told } = JSON.parse(line.out);
  const found = await prove(sized);
  const plain = JSON.parse(JSON.stringify(found));
  expect(claim).toBe("PROVEN (exact)");
  expect(found).toMatchObject({ anyCacheSize: true });
  for (const key of [
    "verdict",
    "level",
    "roles",
    "preconditions",
    "rules",
    "corollaries",
    "anyCacheSize",
    "attacked",
    "secondOpinion",
  ])
    expect(plain[key], key).toEqual(told[key]);
  expect(found.guessed.map(({ input, source }) => [input, source])).toEqual([
    ["attn_mask", "name"],
    ["kv_write_mask", "name"],
  ]);
});

test("of two graphs of an author's no other number of cache rows is claimed; of a model's it is proven", async () => {
  const found = await prove({ block: at(2), step: at(1) });
  expect(found).toMatchObject({ verdict: "PROVEN", anyCacheSize: false });
});

test("weights at hand that are not finite stop a proof, as P7 asks", async () => {
  const weights = generatedWeights(at(2));
  const broken = {
    ...weights,
    async *stream(...which: Parameters<typeof weights.stream>) {
      for await (const chunk of weights.stream(...which)) yield chunk.slice().fill(0xff);
    },
  };
  expect(await prove(sized, { weights: broken })).toMatchObject({
    verdict: "NOT PROVEN",
    finding: { reason: { code: "not finite" } },
  });
});

test("a difference that rests on a role which nobody stated refutes nothing until it is stated", async () => {
  // By its name this is a mask; the graph adds rows to it that the mask's contract does not allow for.
  const model = ({ tokens: T }: ModelInput) => {
    const mask = input("attn_mask", [1, 1, T, 8]);
    const odd = T === 1 ? add(mask, mask) : mask;
    return graph({ name: `odd_t${T}`, inputs: [mask], outputs: { y: odd } });
  };
  const guessed = await prove({ model, ...size });
  expect(guessed).toMatchObject({
    verdict: "NOT PROVEN",
    guessed: [{ input: "attn_mask", role: "mask", source: "name" }],
  });
  if (guessed.verdict !== "NOT PROVEN") throw new Error("told apart above");
  expect(guessed.differs?.counterexample.mismatch.name).toBe("y");
  const stated = await prove({ model, ...size }, { roles: { attn_mask: { kind: "mask", tokenAxis: 2, slotAxis: 3 } } });
  expect(stated).toMatchObject({ verdict: "REFUTED", guessed: [] });
});

test("parity runs what prove proves, and tells how far it is", async () => {
  const seen: string[] = [];
  const weights = generatedWeights(at(2));
  const report = await parity(sized, { weights, onProgress: (doing) => void seen.push(doing) });
  expect(report).toMatchObject({ equal: true, tokens: 2 });
  expect(report.calls.length).toBeGreaterThan(3);
  expect(seen).toContain("running blocks");
  const stopped = new AbortController();
  stopped.abort("enough");
  await expect(parity(sized, { weights, signal: stopped.signal })).rejects.toBe("enough");
  const twice = ({ tokens: T }: ModelInput) => {
    const x = input("x", [1, 4, T, 1], "fp16", { role: "rows" });
    return graph({ name: `twice_t${T}`, inputs: [x], outputs: { y: T === 1 ? add(x, x) : add(x, 1) } });
  };
  expect(await parity({ model: twice, ...size })).toMatchObject({ equal: false });
});

test("a package is written, read, the same graph, proven, checked and run to the bits of the reference", async () => {
  const folder = testFolder();
  const weights = generatedWeights(at(2));
  const [block, step] = [join(folder, "block.mlpackage"), join(folder, "step.mlpackage")];
  expect(await writePackage(at(2), block, { weights })).toMatchObject({ path: block });
  await writePackage(at(1), step, { weights });
  const [own, twin] = [graphOf(readPackage(block)), graphOf(readPackage(step))];
  expect(diffGraphs(own, own)).toEqual([]);
  expect(diffGraphs(own, twin)).not.toEqual([]);
  expect(printGraph(own)).toContain("state k_state");
  expect(await prove({ block: own, step: twin })).toMatchObject({ verdict: "PROVEN", level: "exact" });
  const [found] = await check(readPackage(block));
  expect(found).toMatchObject({ answer: "yes", graph: expect.any(String) });
  const values = fedTo(own.inputs);
  const results = await run(own, values);
  const source = graphOf(readPackage(block));
  expect(Object.keys(results.states)).toEqual(source.states.map(({ name }) => name));
  expect((await run(at(2), values, { weights })).outputs.hidden!.data).toEqual(results.outputs.hidden!.data);
});

test("run gives what the reference interpreter gives", async () => {
  const x = input("x", [1, 4]);
  const made = graph({ name: "g", inputs: [x], outputs: { y: add(x, 1) } });
  const values = { x: { dtype: "fp16", shape: [1, 4], data: new Float64Array([1, 2, 0.1, -4]) } } as const;
  const { outputs } = await run(made, values, { precision: "fp64" });
  expect(outputs.y!.data).toEqual(evaluate(made, { values }, { precision: "fp64" }).outputs.y!.data);
});

test("check without weights says what it did not look at; a finding that keeps a graph off the engine is a no", async () => {
  expect(await check(at(2))).toMatchObject([{ answer: "yes, as far as it was looked at" }]);
  const x = input("x", [1, 4]);
  const wide = graph({ name: "wide", inputs: [input("unused", [1, 4], "int32"), x], outputs: { y: add(x, 1) } });
  const [found] = await check(wide);
  expect(found!.answer === "no").toBe(found!.findings.some(({ severity }) => severity === "error"));
});

test("nothing beside the command line writes to a stream, ends the process, or reads its arguments or environment", () => {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter(
    (f) => f.endsWith(".ts") && !f.startsWith("cli/"),
  );
  expect(files.length).toBeGreaterThan(200);
  const used = files.filter((file) =>
    /\bconsole\.|\bprocess\.(stdout|stderr|exit|exitCode|argv|env)\b/.test(
      readFileSync(join(ROOT, "src", file), "utf8"),
    ),
  );
  // Goldens are written where the environment asks for it (docs/testing.md).
  expect(used).toEqual(["testing/golden.ts"]);
});

/** Zeros, but for the masks: token t at row t. */
const fedTo = (inputs: ReturnType<typeof at>["inputs"]): Readonly<Record<string, NDArray>> =>
  Object.fromEntries(
    inputs.map(({ name = "", type }) => {
      const data = new Float64Array(type.shape.reduce((a, b) => a * b, 1)).fill(name === "x" ? 0.5 : 0);
      if (name === "attn_mask") data.fill(-1e4).fill(0, 0, 1).fill(0, 8, 10);
      if (name === "kv_write_mask") data.set([1, 0, 0, 1]);
      return [name, { ...type, data }];
    }),
  );
