/** Commands that would say yes to nothing: a package alone or against itself, no call at all, weights that are not there. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { mul } from "../../../src/dsl/ops/index.ts";
import { input } from "../../../src/dsl/tensor.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { flexible } from "../../../src/emit/write/flexible.ts";
import { lower } from "../../../src/emit/write/lower.ts";
import { fillPackage } from "../../../src/emit/write/package.ts";
import { checkpointOf, expectRefusal, fileOf, folderOf, graphc, ones } from "../../support/cli.ts";
import { countingStore } from "../../support/emit.ts";

const SOURCE = `
import { graph, input, mul, type Size } from "graphc";
export default function g({ tokens: T }: Size) {
  const x = input("x", [T, 4]);
  return graph({ name: "g", inputs: [x], outputs: { y: mul(x, 2) } });
}`;

const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [block, step, copy, both] = ["g.t2", "g.t1", "copy", "both"].map((name) => join(folder, `${name}.mlpackage`)) as [
  string,
  string,
  string,
  string,
];
const modelIn = (path: string) => join(path, "Data/com.apple.CoreML/model.mlmodel");
const SHOWN = (path: string) => path.replace(folder, "…");

beforeAll(async () => {
  writeFileSync(join(folder, "g.ts"), SOURCE);
  expect((await graphc(["emit", join(folder, "g.ts"), "--tokens", "2", "--out", folder])).code).toBe(0);
  const [two, one] = [block, step].map((path) => decodeModel(readFileSync(modelIn(path))));
  // The same model once more, and a model of two functions: a bare model file is a package too.
  for (const path of [copy, both]) mkdirSync(dirname(modelIn(path)), { recursive: true });
  const models = {
    [copy]: two!,
    [both]: {
      ...two!,
      functions: [
        { ...two!.functions[0]!, name: "prefill" },
        { ...one!.functions[0]!, name: "decode" },
      ],
      interfaces: { prefill: two!.interfaces.main!, decode: one!.interfaces.main! },
      defaultFunction: "prefill",
    },
  };
  for (const [path, model] of Object.entries(models)) {
    rmSync(path, { recursive: true });
    writeFileSync(path.replace("mlpackage", "mlmodel"), encodeModel(model));
  }
});
const bare = (path: string) => path.replace("mlpackage", "mlmodel");

describe.each(["prove", "parity"])("%s", (command) => {
  test("of a package of fixed size alone", async () => {
    const sentence = `${SHOWN(block)} has a fixed size, so that there is no block beside its step; give two packages: the block, then its one-token twin`;
    await expectRefusal([command, block], sentence);
  });

  test("of a package of flexible size that is read for one token", async () => {
    const path = join(folder, `open.${command}.mlpackage`);
    const sized = [1, 2].map((tokens) => {
      const x = input("x", [tokens, 4]);
      return lower(graph({ name: "g", inputs: [x], outputs: { y: mul(x, 2) } }));
    });
    await fillPackage(flexible(sized, "g"), countingStore(), path, { path });
    expect((await graphc([command, path, "--tokens", "2", "--role", "x=rows:token=0"])).code).toBe(0);
    await expectRefusal(
      [command, path, "--tokens", "1"],
      `${SHOWN(path)} is read for one token, so that there is no block beside its step; give --tokens 2 or more`,
    );
  });

  test("of a package against itself, or against a copy", async () => {
    const same = (path: string) =>
      `${SHOWN(path)} is the same graph as its block, so that there is nothing to compare; give the block first, then its one-token twin`;
    await expectRefusal([command, block, block], same(block));
    await expectRefusal([command, block, bare(copy)], same(bare(copy)));
    await expectRefusal([command, step, step], same(step));
  });

  test("of a package of several functions, unless both are named", async () => {
    const sentence = (option: string) =>
      `${SHOWN(bare(both))} has 2 functions: decode, prefill; say which: --${option} NAME`;
    const all = `${SHOWN(bare(both))} has 2 functions: decode, prefill; say which: --functions decode,prefill`;
    await expectRefusal([command, bare(both)], all);
    await expectRefusal([command, bare(both), block], sentence("function"));
    await expectRefusal([command, bare(both), "--function", "prefill"], sentence("step-function"));
    await expectRefusal([command, block, bare(both)], sentence("step-function"));
    const named = ["--function", "prefill", "--step-function"];
    await expectRefusal([command, bare(both), ...named, "prefill"], /is the same graph as its block/);
    await expectRefusal([command, bare(both), ...named, "nope"], /there is no function "nope"/);
    expect((await graphc([command, bare(both), ...named, "decode"])).code).toBe(0);
    expect((await graphc([command, block, bare(both), "--step-function", "decode"])).code).toBe(0);
  });

  test("of a fixed package with --tokens", async () => {
    await expectRefusal([command, block, step, "--tokens", "2"], /^error: --tokens does nothing for /);
  });

  test("of one token of a graph file says that it is one", async () => {
    const { code, out } = await graphc([command, join(folder, "g.ts"), "--tokens", "1"]);
    expect(code).toBe(0);
    expect(out).toContain("one token against one token, which says nothing of a block of several");
    const two = await graphc([command, join(folder, "g.ts"), "--tokens", "2"]);
    expect(two.out).not.toContain("one token against one token");
  });

  test("of a block that is longer than the cache", async () => {
    const sentence = "a block of 4 tokens does not fit a cache of 3 rows; raise max_seq";
    await expectRefusal([command, join(folder, "g.ts"), "--max-seq", "3"], sentence);
  });
});

test("check looks at every function of a package", async () => {
  const { code, out } = await graphc(["check", bare(both)]);
  expect([
    code,
    out
      .split("\n")
      .slice(0, 2)
      .map((line) => line.split(":")[0]),
  ]).toEqual([0, ["decode", "prefill"]]);
});

test("parity over no call at all is refused", async () => {
  const source = `
    import { graph, input, mul, state } from "graphc";
    export default ({ tokens: T }) => {
      const [x, s] = [input("x", [1, 8, T, 1]), state("h", [1, 1, 1, 32])];
      return graph({ name: "g", inputs: [x], states: [[s, T > 1 ? mul(s, 3) : s]], outputs: { y: T > 1 ? mul(x, 9) : mul(x, 1) } });
    };`;
  const path = join(folderOf({ "g.ts": source }), "g.ts");
  await expectRefusal(
    ["parity", path],
    /^error: no block of 4 tokens fits 1 rows, .*; nothing was run; give fewer tokens/,
  );
});

describe("check of a graph file against a checkpoint", () => {
  const graph = (body: string) => `
    import { add, conv, graph, input, mul, weight } from "graphc";
    export default ({ tokens: T }) => {
      const x = input("x", [1, 32, T, 1]);
      return graph({ name: "g", inputs: [x], outputs: { y: ${body} } });
    };`;
  const check = (body: string, weights: string) => [
    "check",
    join(folderOf({ "g.ts": graph(body) }), "g.ts"),
    "--weights",
    weights,
  ];
  const NORM = 'mul(x, weight("model.norm.weight", [1, 32, 1, 1]))';

  test("is quiet where every weight is there in its shape, whole or in part", async () => {
    expect((await graphc(check(NORM, checkpointOf()))).code).toBe(0);
    const part = 'conv(x, weight("model.layers.0.self_attn.qkv_proj.weight", [64, 32, 1, 1], { rows: [64, 128] }))';
    expect((await graphc(check(part, checkpointOf()))).code).toBe(0);
  });

  test("names what is missing, has another shape or another dtype, and counts the others", async () => {
    const missing = 'add(mul(x, weight("a", [1, 32, 1, 1])), weight("b", [1, 32, 1, 1]))';
    const sentence = '…: tensor "a" is missing; the graph wants fp16[1,32,1,1] (and 1 more problems like this)';
    await expectRefusal(check(missing, checkpointOf()), sentence);
    const rows = 'conv(x, weight("model.layers.0.self_attn.qkv_proj.weight", [64, 32, 1, 1], { rows: [96, 160] }))';
    await expectRefusal(check(rows, checkpointOf()), /has no rows 96 to 160; it has 128$/);
    const shaped = folderOf({ "config.json": "{}", "model.safetensors": fileOf([ones("model.norm.weight", [16])]) });
    await expectRefusal(check(NORM, shaped), /gives a weight of shape \[16\], but the graph wants fp16\[1,32,1,1\]$/);
    const eight = { ...ones("model.norm.weight", [16]), dtype: "I8", shape: [32] };
    const typed = folderOf({ "config.json": "{}", "model.safetensors": fileOf([eight]) });
    await expectRefusal(check(NORM, typed), '…: tensor "model.norm.weight" has dtype I8, which is not supported');
  });

  test("says that the folder is not there", async () => {
    await expectRefusal(check(NORM, "/nonexistent"), /^error: cannot read \/nonexistent/);
  });
});

test("what nothing reads is refused by diff and run too", async () => {
  const file = join(folder, "g.ts");
  const mend = "weights are compared by content against a package alone";
  for (const [option, value] of [
    ["--seed", "2"],
    ["--weights", "/nonexistent"],
  ] as const)
    await expectRefusal(["diff", file, file, option, value], `${option} does nothing between two graph files; ${mend}`);
  await expectRefusal(["diff", block, step, "--max-seq", "8"], /^error: --max-seq does nothing for /);
  const argv = ["run", block, "--inputs", "in.safetensors", "--seed", "2"];
  await expectRefusal(argv, "--seed does nothing beside --inputs for a package; its weights and inputs are given");
});

test("prove of a graph file opens the checkpoint that it is given", async () => {
  const argv = ["prove", join(folder, "g.ts"), "--weights", "/nonexistent"];
  await expectRefusal(argv, /^error: cannot read \/nonexistent/);
  await expectRefusal(["prove", block, step, "--weights", "/nonexistent"], /^error: --weights does nothing for /);
});
