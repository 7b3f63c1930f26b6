/** Bad packages on the command line: every command that reads one refuses it in one sentence, with exit code 2. */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Operation } from "../../../src/emit/mil/gen/MIL_pb.js";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import { graphc } from "../../support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [good, bad] = ["good.t1.mlpackage", "bad.mlpackage"].map((name) => join(folder, name)) as [string, string];
const inside = (path: string) => join(bad, "Data/com.apple.CoreML", path);
const MODEL = "model.mlmodel";
const WEIGHTS = "weights/weight.bin";

const SOURCE = `
import { add, exp, graph, input, linear, named, weight } from "graphc";
export default function model() {
  const x = input("x", [4, 64]);
  const y = named("y", linear(x, weight("w", [8, 64])));
  return graph({ name: "g", inputs: [x], outputs: { z: add(y, named("e", exp(y))) } });
}`;

beforeAll(async () => {
  writeFileSync(join(folder, "good.ts"), SOURCE);
  const emitted = await graphc(["emit", join(folder, "good.ts"), "--tokens", "1", "--out", folder]);
  expect(emitted.code).toBe(0);
});
beforeEach(() => {
  rmSync(bad, { recursive: true, force: true });
  cpSync(good, bad, { recursive: true });
});

/** Changes the ops of the program in the file. */
function editOps(edit: (ops: Operation[]) => void): void {
  const model = fromBinary(ModelSchema, readFileSync(inside(MODEL)));
  if (model.Type.case !== "mlProgram") throw new Error("no program");
  edit(model.Type.value.functions.main!.blockSpecializations.CoreML8!.operations);
  writeFileSync(inside(MODEL), toBinary(ModelSchema, model));
}
const editOp = (type: string, edit: (op: Operation) => void) =>
  editOps((ops) => edit(ops.find((op) => op.type === type)!));
const rename = (op: Operation, operand: string, name: string) => {
  op.inputs[operand]!.arguments = [{ ...op.inputs[operand]!.arguments[0]!, binding: { case: "name", value: name } }];
};

const BLOB = 'the blob at 64 of "@model_path/weights/weight.bin"';
const PACKAGE = "…/bad.mlpackage";
const weightOp = (ops: readonly Operation[]) => ops.find((op) => op.attributes.val?.value.case === "blobFileValue")!;

interface Case {
  readonly what: string;
  damage(): void;
  readonly sentence: string;
  /** Whether inspect, which shows records as they are, has nothing to refuse. */
  readonly shown?: true;
  /** Whether check looks at the rest. */
  readonly checked?: true;
}

const cases: readonly Case[] = [
  {
    what: "whose weight file is cut off",
    damage: () => truncateSync(inside(WEIGHTS), 200),
    sentence: `${BLOB} is truncated: its data ends at 1152, the file at 200`,
  },
  {
    what: "whose weight file is missing",
    damage: () => rmSync(inside(WEIGHTS)),
    sentence: 'the program refers to the weight file "@model_path/weights/weight.bin", which does not exist',
  },
  {
    what: "with an offset that is none",
    damage: () =>
      editOps((ops) => {
        const { value } = weightOp(ops).attributes.val!;
        if (value.case === "blobFileValue") value.value.offset = 72n;
      }),
    sentence: 'the blob at 72 of "@model_path/weights/weight.bin" has a bad offset: records lie at multiples of 64',
  },
  {
    what: "with an unknown op",
    damage: () => editOp("exp", (op) => Object.assign(op, { type: "expm1" })),
    sentence: '(expm1 "e"): is an op unknown to graphc; graphc check lists every such op, and looks at the rest',
    shown: true,
    checked: true,
  },
  {
    what: "that uses a name nobody defines",
    damage: () => editOp("exp", (op) => rename(op, "x", "ghost")),
    sentence: '(exp "e"): uses "ghost", which is not defined',
    shown: true,
  },
  {
    what: "whose ops are cyclic",
    damage: () => editOp("exp", (op) => rename(op, "x", "z")),
    sentence: '(exp "e"): uses "z", which only op 4 makes: the ops are cyclic or out of order',
    shown: true,
  },
];

test.each(cases)("a package $what", async ({ damage, sentence, shown, checked = false }) => {
  damage();
  for (const argv of [
    ...(checked ? [] : [["check", bad]]),
    ["diff", good, bad],
    ["run", bad, "--positions", "0"],
    ["parity", bad],
  ]) {
    const { code, out, err } = await graphc(argv);
    expect({ argv: argv[0], code, out }).toEqual({ argv: argv[0], code: 2, out: "" });
    expect(err).toMatch(/^error: …\/bad\.mlpackage: function "main", op \d \(/);
    expect(err.split("\n")).toHaveLength(1);
    expect(err).toContain(sentence);
  }
  const inspected = await graphc(["inspect", bad]);
  if (shown) expect([inspected.code, inspected.err]).toEqual([0, ""]);
  else expect(inspected).toEqual({ code: 2, out: "", err: `error: ${sentence}` });
});

test("check looks at what is before and behind ops that it does not know, and counts them by kind", async () => {
  editOps((ops) => {
    const exp = ops.find(({ type }) => type === "exp")!;
    Object.assign(exp, { type: "resample" });
    Object.assign(ops.find(({ type }) => type === "add")!, { type: "gru" });
  });
  const { code, out, err } = await graphc(["check", bad]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^g: \d+ values, 1\.2 kB of weights: OK, as far as it was looked at\n/);
  expect(out).toContain('warning [projection] "y": linear with a constant weight');
  expect(out).toContain(
    'not read: resample "e" is an op unknown to graphc; on M4 with macOS 27 the engine takes the one',
  );
  expect(out).toContain('not read: gru "z" is an op unknown to graphc; on M4 with macOS 27 the engine takes not');
  // What an unknown op gives is no input that a host feeds.
  expect(out).not.toMatch(/^(e|z) /m);
  const { unknown } = (JSON.parse((await graphc(["check", bad, "--json"])).out) as [{ unknown: unknown }])[0];
  expect(unknown).toEqual([
    {
      op: "resample",
      why: "is an op unknown to graphc",
      names: ["e"],
      placement: expect.stringContaining("the one form"),
    },
    { op: "gru", why: "is an op unknown to graphc", names: ["z"], placement: expect.any(String) },
  ]);
});

const READERS = ["check", "inspect", "parity"] as const;

test.each(READERS)("%s of something that is no package", async (command) => {
  rmSync(join(bad, "Manifest.json"));
  expect((await graphc([command, bad])).err).toBe(
    `error: ${PACKAGE} is not a Core ML package: it has no Manifest.json`,
  );
  rmSync(bad, { recursive: true });
  expect((await graphc([command, bad])).err).toBe(`error: ${PACKAGE} does not exist`);
  writeFileSync(bad, "a letter");
  expect(await graphc([command, bad])).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^error: …\/bad\.mlpackage: this is not a Core ML model/),
  });
});

// --- what inspect shows and check refuses ------------------------------------------------------------------------
interface Listed {
  readonly findings: readonly object[];
}

test("inspect prints what the rules about packages find, and check says no", async () => {
  editOps((ops) => {
    const exp = ops.find((op) => op.type === "exp")!;
    exp.outputs[0]!.name = "tensor";
    rename(ops.find((op) => op.type === "add")!, "y", "tensor");
  });
  const text = '"tensor" cannot be a name in MIL text; rename it';
  const inspected = await graphc(["inspect", bad]);
  expect(inspected).toMatchObject({ code: 1, err: "", out: expect.stringContaining(`error [name] ${text}`) });
  expect(inspected.out).toMatch(/^specification version 9.*func main.*error \[name\]/s);
  const checked = await graphc(["check", bad]);
  expect(checked).toMatchObject({ code: 1, out: expect.stringContaining(`error [name] ${text}`) });
  expect(checked.out).toContain("NO: 1 finding keeps");
  const finding = { rule: "name", severity: "error", function: "main", text };
  for (const [command, pick] of [
    ["inspect", (x: Listed) => x.findings],
    ["check", (x: readonly Listed[]) => x[0]!.findings],
  ] as const) {
    const { out } = await graphc([command, bad, "--json"]);
    expect(pick(JSON.parse(out) as never)).toContainEqual(expect.objectContaining(finding));
  }
});
