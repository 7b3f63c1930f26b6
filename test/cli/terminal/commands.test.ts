/** What each command says when all is well, and the noes it has checked: exit codes 0 and 1, text and JSON. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../../src/cli/command-list.ts";
import type { Command } from "../../../src/cli/options/command.ts";
import { fp16Bits } from "../../../src/dsl/number.ts";
import { readArrays } from "../../../src/weights/safetensors/arrays.ts";
import { checkpointOf, fileOf, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { tinyPhi } from "../../support/graphs/tiny-phi.ts";
import { ROOT } from "../../support/root.ts";

const EXAMPLES = join(ROOT, "examples");
const [ATTENTION, COUNTER, PHI] = ["attention.ts", "counter.ts", "phi4-mini.ts"].map((name) =>
  join(EXAMPLES, name),
) as [string, string, string];
const SMALL = ["--max-seq", "32"];

/** A folder with packages of two examples, for all tests. */
const made = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(made, { recursive: true }));
beforeAll(async () => {
  for (const file of [ATTENTION, COUNTER]) {
    expect(await graphc(["emit", file, ...SMALL, "--out", made])).toMatchObject({ code: 0, err: "" });
  }
});
const madePackage = (name: string) => join(made, `${name}.mlpackage`);

/**
 * The attention example with the token axis left behind the features, the fault that flattened heads had, and made
 * narrow, so that a counterexample is found quickly.
 */
function flattenedHeads(): string {
  const right = "transpose(reshape(qkv, { shape: [1, 12, 4, T] }), { perm: [0, 1, 3, 2] })";
  const source = narrow(readFileSync(ATTENTION, "utf8"));
  expect(source).toContain(right);
  return join(folderOf({ "flat.ts": source.replace(right, "reshape(qkv, { shape: [1, 12, T, 4] })") }), "flat.ts");
}

/** Heads of 4 dims instead of 32. */
const narrow = (source: string): string => source.replace(/\b(128|384|32)\b/g, (size) => String(Number(size) / 8));

/** A state whose last axis is 270, which the engine does not take. */
const ODD_STATE = `
import { add, graph, input, state } from "graphc";
export default function model() {
  const [x, before] = [input("x", [1, 1, 1, 270]), state("k", [1, 1, 1, 270])];
  const after = add(before, x);
  return graph({ name: "odd", inputs: [x], states: [[before, after]], outputs: { y: add(after, x) } });
}`;

describe("emit", () => {
  test("prints a table per package: signature, ops, bytes, digest, time", async () => {
    const out = testFolder();
    const { code, out: text } = await graphc(["emit", ATTENTION, ...SMALL, "--tokens", "2", "--out", out]);
    expect(code).toBe(0);
    expect(readdirSync(out)).toEqual([
      "attention.certificate.json",
      "attention.t1.mlpackage",
      "attention.t2.mlpackage",
    ]);
    for (const line of [
      "…/attention.t2.mlpackage",
      "…/attention.t1.mlpackage",
      "input   x              fp16[1,128,2,1]",
      "state   k_state        fp16[1,4,32,32]",
      "output  hidden         fp16[1,128,1,1]",
    ])
      expect(text.split("\n")).toContain(line);
    for (const part of [
      /^ops {5}.*\bconv 2, .*\bwrite_state 2$/m,
      /^bytes {3}\d+ \(.* kB\)$/m,
      /^sha256 {2}[0-9a-f]{64}$/m,
    ])
      expect(text).toMatch(part);
  });

  test("takes a checkpoint, one layer or several, and gives the same bytes again", async () => {
    const weights = checkpointOf();
    const emit = async (...more: string[]) => {
      const argv = [
        "emit",
        "phi4-mini",
        "--weights",
        weights,
        "--out",
        testFolder(),
        "--json",
        "--max-seq",
        "64",
        ...more,
      ];
      const { code, out } = await graphc(argv);
      expect(code).toBe(0);
      return JSON.parse(out) as { name: string; packages: { sha256: unknown; states: { name: string }[] }[] };
    };
    const [one, again, both] = [
      await emit("--layer", "1"),
      await emit("--layer", "1"),
      await emit("--layers", "2", "--ahead-of-evidence"),
    ];
    expect(one.name).toBe("phi4-mini.layer1");
    expect(again.packages.map((p) => p.sha256)).toEqual(one.packages.map((p) => p.sha256));
    expect(both.name).toBe("phi4-mini.layers0-1");
    expect(both.packages[0]!.states.map((s) => s.name)).toEqual([
      "layers_0_k_state",
      "layers_0_v_state",
      "layers_1_k_state",
      "layers_1_v_state",
    ]);
  });
});

describe("inspect", () => {
  test("prints functions, states, ops and weights with their hashes", async () => {
    const { code, out } = await graphc(["inspect", madePackage("attention.t4")]);
    expect(code).toBe(0);
    expect(out).toContain("func main<CoreML8>(");
    expect(out).toContain("k_state: state<fp16[1,4,32,32]>,");
    expect(out).toMatch(/conv\(.*weight = .*qkv_weight/);
    expect(out).toMatch(/fp16\[384,128,1,1\].*[0-9a-f]{12}/);
  });

  test("as JSON gives every weight's full hash", async () => {
    const { out } = await graphc(["inspect", madePackage("attention.t4"), "--json"]);
    const { functions } = JSON.parse(out) as { functions: { name: string; operations: unknown[] }[] };
    expect(functions.map((f) => f.name)).toEqual(["main"]);
    expect(JSON.stringify(functions).match(/"sha256":"[0-9a-f]{64}"/g)!.length).toBeGreaterThan(2);
  });
});

describe("diff", () => {
  test("finds none between a package and what it was made from, or the same package elsewhere", async () => {
    const one = madePackage("attention.t4");
    for (const pair of [
      [one, one],
      [one, ATTENTION, ...SMALL],
      [ATTENTION, one, ...SMALL],
    ])
      expect(await graphc(["diff", ...pair])).toEqual({ code: 0, out: "no difference", err: "" });
  });

  test("names what differs: a size, an op, a weight", async () => {
    const sizes = await graphc(["diff", madePackage("attention.t4"), madePackage("attention.t1")]);
    expect(sizes.code).toBe(1);
    expect(sizes.out).toContain("fp16[1,128,4,1]");
    expect(sizes.out).toContain("fp16[1,128,1,1]");
    const ops = await graphc(["diff", ATTENTION, flattenedHeads(), ...SMALL]);
    expect(ops.code).toBe(1);
    expect(ops.out).toContain("transpose");
    const weights = await graphc(["diff", madePackage("attention.t4"), ATTENTION, ...SMALL, "--seed", "2"]);
    expect(weights.code).toBe(1);
    expect(weights.out).toContain("weight");
  });
});

describe("check", () => {
  test.each([ATTENTION, COUNTER, PHI, "phi4-mini"])("of %s tells what is known about the engine", async (operand) => {
    const { code, out, err } = await graphc(["check", operand]);
    expect([code, err]).toEqual([0, ""]);
    const said = operand === COUNTER ? "OK" : "OK, as far as it was looked at";
    expect(out).toMatch(new RegExp(`: \\d+ values, .* of weights: ${said}$`, "m"));
  });

  test("says no to a state that the engine does not take, with the line and the source", async () => {
    const { code, out } = await graphc(["check", join(folderOf({ "odd.ts": ODD_STATE }), "odd.ts")]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^odd: \d+ values, 64 B of weights: NO: 1 finding keeps it off the engine\n {2}error \[state-alignment\] state "k" ends in an axis of 270; pad it to a multiple of 32\n {4}at .*odd\.ts:4:\d+\n {4}source: /,
    );
  });
});

describe("parity", () => {
  test.each([ATTENTION, COUNTER])("of %s holds in every bit", async (file) => {
    const { code, out } = await graphc(["parity", file, ...SMALL]);
    expect(code).toBe(0);
    expect(out).toMatch(/\nEQUAL: every bit of every token and state \(\d+ calls, [\d.]+ s\)$/);
  });

  test("of a graph without a cache goes on for eight blocks", async () => {
    const { out } = await graphc(["parity", COUNTER, "--json"]);
    const { calls } = JSON.parse(out) as { calls: { tokens: { row: number }[] }[] };
    expect(Math.max(...calls.flatMap((call) => call.tokens.map(({ row }) => row)))).toBe(7);
  });

  test("of two packages", async () => {
    const { code } = await graphc(["parity", madePackage("attention.t4"), madePackage("attention.t1")]);
    expect(code).toBe(0);
  });

  test("of the small model from a checkpoint, on two threads too", async () => {
    const argv = ["parity", "phi4-mini", "--weights", checkpointOf(), "--max-seq", "64"];
    expect((await graphc(argv)).code).toBe(0);
    expect((await graphc([...argv, "--threads", "2"])).code).toBe(0);
  });

  test("of heads flattened without the permutation does not hold", async () => {
    const { code, out } = await graphc(["parity", flattenedHeads(), ...SMALL]);
    expect(code).toBe(1);
    expect(out).toMatch(/\nDIFFERS: \d+ of \d+ tokens, \d+ states \(/);
    const rows = out.split("\n").filter((line) => /hidden\[\d\] .* differ /.test(line));
    expect(rows.length).toBeGreaterThan(4);
  });

  test("of sums in chunks of different sizes does not hold, and says by how much", async () => {
    const { code, out } = await graphc(["parity", ATTENTION, ...SMALL, "--accumulate", "fp16:8/64", "--json"]);
    expect(code).toBe(1);
    const { equal, calls } = JSON.parse(out) as { equal: boolean; calls: { tokens: { relativeL2: number }[] }[] };
    expect(equal).toBe(false);
    const worst = Math.max(...calls.flatMap((call) => call.tokens.map((token) => token.relativeL2)));
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(0.1);
  });
});

describe("run", () => {
  test("evaluates inputs and states from files", async () => {
    const half = (name: string, x: number) => ({
      name,
      dtype: "F16",
      shape: [32],
      data: new Uint8Array(new Uint16Array(32).fill(fp16Bits(x)).buffer),
    });
    const folder = folderOf({
      "in.safetensors": fileOf([half("step", 3)]),
      "state.safetensors": fileOf([half("count", 4)]),
    });
    const [inputs, state, out] = ["in", "state", "out"].map((name) => join(folder, `${name}.safetensors`)) as [
      string,
      string,
      string,
    ];
    const { code } = await graphc(["run", COUNTER, "--inputs", inputs, "--state", state, "--out", out]);
    expect(code).toBe(0);
    const { doubled, count } = await readArrays(out);
    expect([doubled!.data[0], count!.data[0]]).toEqual([fp16Bits(14), fp16Bits(7)]);
  });

  test("makes inputs for positions, and for fewer tokens than the block has", async () => {
    const out = join(testFolder(), "out.safetensors");
    for (const positions of ["5..8", "9,4"]) {
      const outcome = await graphc(["run", ATTENTION, ...SMALL, "--positions", positions, "--out", out]);
      expect(outcome).toMatchObject({ code: 0, err: "" });
    }
    const { k_state } = await readArrays(out);
    const row = (r: number) => k_state!.data.subarray(r * 32, (r + 1) * 32).some((bits) => bits !== 0);
    expect(Array.from({ length: 32 }, (_, r) => r).filter(row)).toEqual([4, 9]);
  });
});

describe("prove", () => {
  test("proves the examples, and the packages made of them", async () => {
    for (const argv of [
      ["prove", ATTENTION],
      ["prove", madePackage("attention.t4"), madePackage("attention.t1")],
    ]) {
      const { code, out } = await graphc(argv);
      expect(code).toBe(0);
      expect(out).toMatch(/PROVEN \(exact\)/);
    }
  });

  test("refutes heads flattened without the permutation, and emit then writes nothing", async () => {
    const flat = flattenedHeads();
    const proved = await graphc(["prove", flat, ...SMALL]);
    expect(proved.code).toBe(1);
    expect(proved.out).toContain("REFUTED");
    const out = join(testFolder(), "out");
    const emitted = await graphc(["emit", flat, ...SMALL, "--out", out]);
    expect(emitted).toMatchObject({ code: 1, err: "nothing was written", out: expect.stringContaining("REFUTED") });
    expect(existsSync(out)).toBe(false);
  });
});

test("a certificate does not outlive the packages that it is about", async () => {
  const out = join(testFolder(), "out");
  await graphc(["emit", COUNTER, "--out", out]);
  expect(readdirSync(out)).toContain("counter.certificate.json");
  await graphc(["emit", COUNTER, "--force", "--no-prove", "--out", out]);
  expect(readdirSync(out)).toEqual(["counter.t1.mlpackage", "counter.t4.mlpackage"]);
});

describe("gate", () => {
  test("says no, and what is missing, before a Mac has measured anything", async () => {
    const out = testFolder();
    expect((await graphc(["emit", ATTENTION, ...SMALL, "--fixtures", "--out", out])).code).toBe(0);
    const { code, out: text, err } = await graphc(["gate", out]);
    expect([code, err]).toEqual([1, ""]);
    expect(text).toMatch(/\nNOT PASSED$/);
    const json = await graphc(["gate", out, "--json"]);
    expect([json.code, (JSON.parse(json.out) as { passes: boolean }).passes]).toEqual([1, false]);
  });
});

/** A command line of each command that ends well; gate has no good end without a Mac, and watch none at all. A new command needs a row. */
const LINES: Readonly<Record<string, () => readonly string[] | Promise<readonly string[]>>> = {
  init: () => ["init", join(testFolder(), "layers")],
  check: () => ["check", ATTENTION],
  emit: () => ["emit", COUNTER, "--out", testFolder()],
  prove: () => ["prove", COUNTER],
  watch: () => ["watch", "--help"],
  equal: () => ["equal", COUNTER, join(folderOf({ "again.ts": readFileSync(COUNTER) }), "again.ts")],
  parity: () => ["parity", COUNTER],
  run: () => ["run", COUNTER, "--positions", "0", "--out", join(testFolder(), "out.safetensors")],
  survey: () => ["survey", ATTENTION, ...SMALL],
  interface: () => ["interface", COUNTER],
  ranges: () => ["ranges", tinyPhi()],
  gate: () => ["gate", "--help"],
  build: () => ["build", tinyPhi(), "--out", join(testFolder(), "model"), "--max-seq", "32", "--ahead-of-evidence"],
  plan: () => ["plan", "phi4-mini"],
  generate: async () => {
    const argv = (await LINES.build!()) as string[];
    expect((await graphc(argv)).code).toBe(0);
    return ["generate", argv[3]!, "--prompt-ids", "1,2,3", "--max-new", "3"];
  },
  inspect: () => ["inspect", madePackage("counter.t1")],
  view: () => ["view", COUNTER, "--out", join(testFolder(), "view.html")],
  diff: () => ["diff", madePackage("counter.t1"), madePackage("counter.t4")],
  completion: () => ["completion", "bash"],
};

describe("every command", () => {
  test("is in the overview, and has a row here", async () => {
    const { out } = await graphc(["--help"]);
    expect([...out.matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, name]) => name)).toEqual(Object.keys(LINES));
  });

  test.each(Object.keys(LINES).filter((name) => name !== "gate" && name !== "watch"))(
    "%s prints JSON alone with --json",
    async (name) => {
      const { code, out, err } = await graphc([...(await LINES[name]!()), "--json"]);
      expect([code, err]).toEqual([
        0,
        name === "build" ? "note: … has no tokenizer.json: what is built takes ids, and no text" : "",
      ]);
      expect(JSON.parse(out)).toBeTypeOf("object");
    },
  );

  test.each(Object.keys(LINES))("%s --help tells every option", async (name) => {
    const command: Command = await COMMANDS[name]!.load();
    const { code, out } = await graphc([name, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^graphc ${name} `));
    for (const option of [...Object.keys(command.options), "help", "json"])
      expect(out).toMatch(new RegExp(`^ {2}--${option}( [^ ]+)? {2,}\\S`, "m"));
  });
});
