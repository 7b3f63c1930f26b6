/** `check`, function by function: what makes it say no, and what it says that it did not look at. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { graph } from "../../src/dsl/graph.ts";
import { add, exp, matmul, reshape } from "../../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../src/dsl/tensor.ts";
import { decodeModel } from "../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../src/emit/write/encode.ts";
import { writePackage } from "../../src/emit/write/package.ts";
import { lintRules } from "../../src/passes/lint/lint.ts";
import { checkpointOf, fileOf, folderOf, graphc, ones, testFolder } from "../support/cli.ts";
import { countingStore } from "../support/emit.ts";
import { lintCases } from "../support/lint/cases.ts";
import { namedContents } from "../support/lint/contents.ts";
import { packageOf } from "../support/lint/functions.ts";
import { type LintCase, of } from "../support/lint/parts.ts";
import { constOperation, literal, operation, tensorType } from "../support/read.ts";

const x: Tensor = input("x", [1, 4, 2, 1]);
const good = () => of(exp(x), x);
const SEVERITY = new Map(lintRules.map(({ id, severity }) => [id, severity]));

/** What is said of each function, by its name. */
const saidOf = (out: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    out
      .split(/^(?=\w+: \d+ values)/m)
      .filter((part) => /^\w+: \d+ values/.test(part))
      .map((part) => [part.slice(0, part.indexOf(":")), part]),
  );

/** One case for each rule: the first that breaks it. */
const firstOf = (rule: string): LintCase =>
  Object.values(lintCases).find(({ rules, huge }) => !huge && rules.includes(rule)) ??
  lintCases["more than was seen on the engine"]!;

describe.each(lintRules.filter(({ id }) => id !== "size"))("a package whose second function breaks $id", ({ id }) => {
  test.each(["first", "second"] as const)("is told of the %s function", async (broken) => {
    const { build, rules } = firstOf(id);
    const graphs = broken === "first" ? { first: build(), second: good() } : { first: good(), second: build() };
    const { code, out } = await graphc(["check", await packageOf(graphs, namedContents, testFolder())]);
    const said = saidOf(out);
    const other = broken === "first" ? "second" : "first";
    expect(Object.keys(said).sort()).toEqual(["first", "second"]);
    expect(said[broken]).toContain(`${SEVERITY.get(id)} [${id}] `);
    expect(said[other]).toMatch(/of weights: OK$/m);
    expect(said[other]).not.toContain("[");
    const isNo = rules.some((rule) => SEVERITY.get(rule) === "error");
    expect(said[broken]).toMatch(isNo ? /of weights: NO: \d+ finding/ : /of weights: OK$/m);
    expect(code).toBe(isNo ? 1 : 0);
  });
});

test("a graph file and the packages made of it have the same findings", async () => {
  const source = `
    import { add, constant, graph, input, weight } from "graphc";
    export default ({ tokens: T }) => {
      const x = input("x", [1, 8, T, 64]);
      const mask = constant(Array.from({ length: 64 }, (_, i) => (i > 5 ? -Infinity : 0)), [1, 1, 1, 64]);
      return graph({ name: "g", inputs: [x], outputs: { y: add(x, mask) } });
    };`;
  const folder = folderOf({ "g.ts": source });
  const findings = async (path: string) => {
    const { code, out } = await graphc(["check", path, "--json"]);
    expect(code).toBe(1);
    return JSON.parse(out)[0].findings.map(({ rule, text }: { rule: string; text: string }) => [rule, text]);
  };
  await graphc(["emit", join(folder, "g.ts"), "--out", folder, "--tokens", "2", "--no-prove"]);
  const before = await findings(join(folder, "g.ts"));
  expect(before).toHaveLength(1);
  for (const name of ["g.t2", "g.t1"]) expect(await findings(join(folder, `${name}.mlpackage`))).toEqual(before);
});

describe("what was not looked at is said", () => {
  const layer = `
    import { graph, input, mul, weight } from "graphc";
    export default ({ tokens: T }) => {
      const x = input("x", [1, 32, T, 1]);
      return graph({ name: "g", inputs: [x], outputs: { y: mul(x, weight("model.norm.weight", [1, 32, 1, 1])) } });
    };`;
  const UNSEEN = "the contents of 1 constant whose weights are in a checkpoint that was not given (--weights)";

  test("weights without a checkpoint", async () => {
    const path = join(folderOf({ "g.ts": layer }), "g.ts");
    const { code, out } = await graphc(["check", path]);
    expect(code).toBe(0);
    expect(saidOf(out).g).toMatch(/of weights: OK, as far as it was looked at$/m);
    expect(out.replaceAll(/\s+/g, " ")).toContain(`not looked at: ${UNSEEN}`);
    const json = JSON.parse((await graphc(["check", path, "--json"])).out);
    expect(json.map(({ notLookedAt }: { notLookedAt: unknown }) => notLookedAt)).toEqual([[UNSEEN], [UNSEEN]]);
  });

  test("and those of a checkpoint are looked at", async () => {
    const path = join(folderOf({ "g.ts": layer }), "g.ts");
    const fine = await graphc(["check", path, "--weights", checkpointOf()]);
    expect([fine.code, saidOf(fine.out).g]).toEqual([0, expect.stringMatching(/of weights: OK$/m)]);
    const data = ones("model.norm.weight", [32]).data.slice();
    // −Inf in bf16.
    data.set([0x80, 0xff], 62);
    const norm = fileOf([{ ...ones("model.norm.weight", [32]), data }]);
    const bad = folderOf({ "config.json": "{}", "model.safetensors": norm });
    const { code, out } = await graphc(["check", path, "--weights", bad]);
    expect([code, saidOf(out).g]).toEqual([1, expect.stringContaining("error [infinite-mask]")]);
  });

  test("products of constants that take too long", async () => {
    const large = (n: number): Tensor => weight(`all ${n}`, [2048, 2048]);
    const product = matmul(matmul(large(1), large(2)), large(1));
    const y = add(
      x,
      reshape(matmul(constant(new Array(2048).fill(1), [1, 2048]) as Tensor, product), { shape: [1, 1, 1, 2048] }),
    );
    const path = join(testFolder(), "g.mlpackage");
    await writePackage(graph({ name: "g", inputs: [x], outputs: { y } }), countingStore(), path);
    const { code, out } = await graphc(["check", path]);
    expect([code, out]).toEqual([0, expect.stringContaining("OK, as far as it was looked at")]);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "not looked at: the contents of 4 constants whose computation takes more than 10000000000 products",
    );
  });

  test("ops of a package that nothing depends on, and other sizes of a flexible one", async () => {
    const path = join(testFolder(), "g.mlpackage");
    await writePackage(good(), namedContents, path);
    const file = join(path, "Data/com.apple.CoreML/model.mlmodel");
    const model = decodeModel(readFileSync(file));
    const [main] = model.functions as [(typeof model.functions)[0]];
    const dead = [
      constOperation("c", literal(tensorType("fp16", 1), -Infinity)),
      operation("add", "stray", tensorType("fp16", 1, 4, 2, 1), { x: "x", y: "c" }),
    ];
    writeFileSync(file, encodeModel({ ...model, functions: [{ ...main, operations: [...dead, ...main.operations] }] }));
    const { out } = await graphc(["check", path]);
    expect(out).toContain('\n  not looked at: 1 op that no output and no state depends on: add "stray"');
    const inputs = [{ name: "x", type: tensorType("fp16", 1, 4, undefined, 1) }];
    const operations = main.operations.map((op) => ({
      ...op,
      outputs: op.outputs.map((one) => ({ ...one, type: tensorType("fp16", 1, 4, undefined, 1) })),
    }));
    const range = [
      [1, 1],
      [4, 4],
      [1, 8],
      [1, 1],
    ] as const;
    const { main: face } = model.interfaces;
    const flexible = {
      inputs: [{ ...face!.inputs[0]!, range }],
      outputs: [{ name: "y", dtype: "fp16" as const }],
      states: [],
    };
    writeFileSync(
      file,
      encodeModel({ ...model, functions: [{ ...main, inputs, operations }], interfaces: { main: flexible } }),
    );
    const said = await graphc(["check", path]);
    expect(said).toMatchObject({ code: 0, err: "" });
    expect(said.out).toContain("\n  not looked at: other sizes than x fp16[1,4,2,1]");
  });

  test("calls of a package that leave out an optional input", async () => {
    const path = await packageOf({ main: good() }, namedContents, testFolder());
    const file = join(path, "Data/com.apple.CoreML/model.mlmodel");
    const model = decodeModel(readFileSync(file));
    const { main } = model.interfaces;
    const inputs = main!.inputs.map((feature) => ({ ...feature, optional: true as const }));
    writeFileSync(file, encodeModel({ ...model, interfaces: { main: { ...main!, inputs } } }));
    const { code, out } = await graphc(["check", path]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /OK, as far as it was looked at\n {2}not looked at: calls that leave out an optional input: x$/m,
    );
  });
});

describe("--target", () => {
  const mixed = () => {
    const whole = input("i", [1, 4, 2, 1], "int32");
    return graph({ name: "mixed", inputs: [x, whole], outputs: { y: exp(x), z: add(whole, whole) } });
  };
  test("asks whether the engine can, and whether it will", async () => {
    const path = testFolder();
    await writePackage(mixed(), countingStore(), join(path, "m.mlpackage"));
    const { code, out } = await graphc(["check", join(path, "m.mlpackage"), "--target", "m4,m6"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /m4 \(H16G\): .*\n {4}can: the engine takes 1 of 2 ops\n {4}no: add: .*int32\[1,4,2,1\]; feed it as fp16.*\n {4}will: 2 ops on the CPU from y\n/,
    );
    expect(out).toContain("\n    not in the record: placement on m6\n");
  });
  test("an unknown chip is refused with the list", async () => {
    const { code, err } = await graphc(["check", "phi4-mini", "--target", "m4,m9"]);
    expect(code).toBe(2);
    expect(err).toContain("m1, m2, m4, m6");
  });
  test("--json has every op", async () => {
    const { out } = await graphc(["check", "phi4-mini", "--target", "m4", "--json"]);
    const [{ placement }] = JSON.parse(out) as [{ placement: [{ outside: string[]; ops: { can: string }[] }] }];
    expect(placement[0].outside).toEqual(["models with states"]);
    expect(placement[0].ops.every(({ can }) => can === "yes")).toBe(true);
  });
});
