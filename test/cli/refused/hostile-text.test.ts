/** Names and texts from files, wherever they are printed: they forge no line, move no cursor and do not flood. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Model, ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import { readBuild } from "../../../src/evidence/judge/build.ts";
import { CONFIG, checkpointOf, fileOf, folderOf, graphc, headerOf, type Outcome, TENSORS } from "../../support/cli.ts";
import { honestEvidence } from "../../support/evidence/evidence.ts";
import { writeBuild } from "../../support/evidence/fixtures.ts";

const TEXTS = {
  "a forged line": "x\u001b[2J\nPASS: all is well\r\u202ekcul doog\u2066\u009b1m",
  "a flood": "n".repeat(100_000),
} as const;
type Text = (typeof TEXTS)[keyof typeof TEXTS];

/** The text as JSON or TypeScript has it. */
const quoted = (text: Text): string => JSON.stringify(text);

/** Holds that what is printed is harmless. */
function expectPlain({ code, out, err }: Outcome, codes: readonly number[]): void {
  expect(codes).toContain(code);
  const printed = `${out}\n${err}`;
  expect(printed).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(printed).not.toMatch(/^PASS: all/m);
  for (const line of printed.split("\n")) expect(line.length).toBeLessThan(4000);
}

const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
const build = mkdtempSync(join(tmpdir(), "graphc-cli-"));
// biome-ignore lint/suspicious/noExplicitAny: JSON from a file, to be damaged at will.
type Json = any;
let honest: Json;
afterAll(() => {
  for (const path of [folder, build]) rmSync(path, { recursive: true });
});
beforeAll(async () => {
  const source = `
import { add, exp, graph, input, linear, named, weight } from "graphc";
export default function model() {
  const x = input("x", [4, 64]);
  const y = named("y", linear(x, weight("w", [8, 64])));
  return graph({ name: "g", inputs: [x], outputs: { z: add(y, named("e", exp(y))) } });
}`;
  writeFileSync(join(folder, "g.ts"), source);
  expect(await graphc(["emit", join(folder, "g.ts"), "--tokens", "1", "--out", folder])).toMatchObject({ code: 0 });
  await writeBuild(build);
  honest = honestEvidence(await readBuild(build));
});

/** An author's file with a text in one of its names. */
const authored = (names: Partial<Record<"graph" | "input" | "output" | "weight" | "value" | "thrown", string>>) =>
  folderOf({
    "g.ts": `
import { exp, graph, input, linear, named, weight } from "graphc";
export default function model({ tokens }) {
  ${names.thrown === undefined ? "" : `throw new Error(${names.thrown});`}
  const x = input(${names.input ?? '"x"'}, [tokens, 4]);
  const y = named(${names.value ?? '"y"'}, linear(x, weight(${names.weight ?? '"w"'}, [4, 4])));
  return graph({ name: ${names.graph ?? '"g"'}, inputs: [x], outputs: { [${names.output ?? '"z"'}]: exp(y) } });
}`,
  });

/** A package with a text where the edit puts it. */
function edited(edit: (model: Model) => void): string {
  const path = join(mkdtempSync(join(folder, "p-")), "p.mlpackage");
  cpSync(join(folder, "g.t1.mlpackage"), path, { recursive: true });
  const file = join(path, "Data/com.apple.CoreML/model.mlmodel");
  const model = fromBinary(ModelSchema, readFileSync(file));
  edit(model);
  writeFileSync(file, toBinary(ModelSchema, model));
  return path;
}
const mainOf = (model: Model) => {
  if (model.Type.case !== "mlProgram") throw new Error("no program");
  return model.Type.value.functions;
};
const operationsOf = (model: Model) => mainOf(model).main!.blockSpecializations.CoreML8!.operations;

/** A build with a text in one of its JSON files. */
function forged(file: string, edit: (json: Json) => void): string {
  const path = mkdtempSync(join(folder, "b-"));
  cpSync(build, path, { recursive: true });
  const json = file === "evidence.json" ? honest : JSON.parse(readFileSync(join(path, file), "utf8"));
  const copy = structuredClone(json);
  edit(copy);
  writeFileSync(join(path, file), JSON.stringify(copy));
  return path;
}

interface Place {
  readonly where: string;
  argv(text: Text): readonly string[];
  readonly codes: readonly number[];
}
const place = (where: string, codes: readonly number[], argv: Place["argv"]): Place => ({ where, codes, argv });
/** Where the text itself is wrong, so that the sentence names it; elsewhere it may be told or not. */
const TOLD =
  /^(what an author throws|a field of config|a key that|the name of a (tensor|shard)|an input of an|a role of an|the message of a gate|a (chip|verdict))/;
const T = ["--tokens", "2"] as const;

const PLACES: readonly Place[] = [
  ...(["graph", "input", "output", "weight", "value"] as const).flatMap((name) =>
    ["check", "prove", "emit"].map((command) =>
      place(`an author's ${name}, ${command}`, [0, 1, 2], (text) => {
        const path = authored({ [name]: quoted(text) });
        return [command, join(path, "g.ts"), ...T, ...(command === "emit" ? ["--out", join(path, "out")] : [])];
      }),
    ),
  ),
  place("what an author throws", [2], (text) => ["check", join(authored({ thrown: quoted(text) }), "g.ts"), ...T]),
  place("a field of config.json", [2], (text) => {
    const config = JSON.stringify({ ...CONFIG, model_type: text });
    return ["check", "phi4-mini", "--weights", checkpointOf({ "config.json": config })];
  }),
  place("a key that is given twice", [2], (text) => {
    const config = `{${quoted(text)}: 1, ${quoted(text)}: 2}`;
    return ["check", "phi4-mini", "--weights", checkpointOf({ "config.json": config })];
  }),
  place("what is no JSON", [2], (text) => [
    "check",
    "phi4-mini",
    "--weights",
    checkpointOf({ "config.json": `{"a": "${text}"` }),
  ]),
  place("the name of a tensor", [2], (text) => {
    const header = { ...headerOf(TENSORS), [text]: { dtype: "F4", shape: [1], data_offsets: [0, 1] } };
    const file = fileOf(TENSORS, JSON.stringify(header));
    return ["check", "phi4-mini", "--weights", checkpointOf({ "model.safetensors": file })];
  }),
  place("the name of a shard", [2], (text) => {
    const index = JSON.stringify({ weight_map: { a: text } });
    const path = folderOf({ "config.json": JSON.stringify(CONFIG), "model.safetensors.index.json": index });
    return ["check", "phi4-mini", "--weights", path];
  }),
  place("an input of an interface file", [2], (text) => {
    const path = folderOf({ "i.json": JSON.stringify({ inputs: { [text]: "shared" } }) });
    return ["check", join(folder, "g.ts"), "--interface", join(path, "i.json")];
  }),
  place("a role of an interface file", [2], (text) => {
    const path = folderOf({ "i.json": JSON.stringify({ inputs: { x: text } }) });
    return ["check", join(folder, "g.ts"), "--interface", join(path, "i.json")];
  }),
  ...["inspect", "check"].flatMap((command) => [
    place(`a function of a package, ${command}`, [0, 1, 2], (text) => [
      command,
      edited((model) => {
        const functions = mainOf(model);
        functions[text] = functions.main!;
        delete functions.main;
      }),
    ]),
    place(`an op of a package, ${command}`, [0, 1, 2], (text) => [
      command,
      edited((model) => {
        operationsOf(model).find(({ type }) => type === "exp")!.type = text;
      }),
    ]),
    place(`a parameter of an op, ${command}`, [0, 1, 2], (text) => [
      command,
      edited((model) => {
        const { inputs } = operationsOf(model).find(({ type }) => type === "exp")!;
        inputs[text] = inputs.x!;
      }),
    ]),
    place(`a value of a package, ${command}`, [0, 1, 2], (text) => [
      command,
      edited((model) => {
        const op = operationsOf(model).find(({ type }) => type === "exp")!;
        op.outputs[0]!.name = text;
      }),
    ]),
    place(`a feature of a package, ${command}`, [0, 1, 2], (text) => [
      command,
      edited((model) => {
        model.description!.output[0]!.name = text;
        mainOf(model).main!.blockSpecializations.CoreML8!.outputs = [text];
      }),
    ]),
  ]),
  ...(
    [
      ["evidence.json", "the version of evidence", (json, text) => (json.version = text)],
      ["evidence.json", "a chip", (json, text) => (json.system.chip = text)],
      [
        "evidence.json",
        "the message of a gate",
        (json, text) => Object.assign(json.gates[1], { verdict: "fail", message: text }),
      ],
      [
        "evidence.json",
        "an op that left the engine",
        (json, text) =>
          json.residency[0].operations.push({
            path: "main.9",
            kind: text,
            values: [text],
            device: "CPU",
            supported: [],
          }),
      ],
      ["evidence.json", "a fault of parity", (json, text) => json.parity.faults.push(text)],
      [
        "evidence.json",
        "the name of a measured package",
        (json, text) => Object.assign(json.packages[0], { name: text, compiledSHA256: undefined }),
      ],
      ["tiny.fixtures.json", "a package of fixtures", (json, text) => (json.block.package = text)],
      ["tiny.fixtures.json", "the data of fixtures", (json, text) => (json.data.file = text)],
      ["tiny.certificate.json", "a verdict", (json, text) => (json.verdict = text)],
    ] as readonly (readonly [string, string, (json: Json, text: Text) => unknown])[]
  ).map(([file, where, edit]) =>
    place(where, [0, 1, 2], (text) => ["gate", forged(file, (json) => void edit(json, text))]),
  ),
  place("metadata of a package", [0, 1], (text) => [
    "inspect",
    edited((model) => {
      model.description!.metadata!.userDefined.key = text;
    }),
  ]),
];

describe.each(Object.entries(TEXTS))("%s", (_, text) => {
  test.each(PLACES)("in $where", async ({ where, argv, codes }) => {
    const outcome = await graphc(argv(text));
    expectPlain(outcome, codes);
    if (TOLD.test(where)) expect(`${outcome.out}\n${outcome.err}`).toMatch(/x\\+u001b\[2J\\|n{50}/);
  });
});
