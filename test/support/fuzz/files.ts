/** Damaged files of every kind but packages, through the commands that read them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBuild } from "../../../src/evidence/judge/build.ts";
import { CONFIG, fileOf, graphc, TENSORS } from "../cli.ts";
import { honestEvidence } from "../evidence/evidence.ts";
import { writeBuild } from "../evidence/fixtures.ts";
import { ggufModel } from "../gguf/gguf-model.ts";
import { fp8Twins, mlxTwins } from "../weights/quantised-files.ts";
import { safetensorsBytes } from "../weights/weights-files.ts";
import { editJson, type JsonEdit, jsonEdits } from "./json-edits.ts";

/** A file that a command reads, in a folder with all else that the command needs. */
interface Target {
  readonly file: string;
  /** Folder that is copied, then damaged. */
  readonly from: string;
  argv(folder: string): readonly string[];
}

const root = mkdtempSync(join(tmpdir(), "graphc-cli-"));
const inRoot = (name: string) => join(root, name);
afterAll(() => rmSync(root, { recursive: true }));

const SHARDS = { "a.safetensors": TENSORS.slice(0, 5), "b.safetensors": TENSORS.slice(5) } as const;
const GRAPH = `
import { exp, graph, input, linear, named, weight } from "graphc";
export default ({ tokens }) => {
  const x = input("x", [tokens, 4]);
  return graph({ name: "g", inputs: [x], outputs: { z: exp(named("y", linear(x, weight("w", [4, 4])))) } });
}`;
const X = { name: "x", dtype: "F16", shape: [2, 4], data: new Uint8Array(16) } as const;

beforeAll(async () => {
  const write = (folder: string, files: Readonly<Record<string, string | Uint8Array>>) => {
    cpSync(mkdtempSync(inRoot("empty-")), inRoot(folder), { recursive: true });
    for (const [name, contents] of Object.entries(files)) writeFileSync(join(inRoot(folder), name), contents);
  };
  const config = JSON.stringify(CONFIG);
  write("whole", { "config.json": config, "model.safetensors": fileOf(TENSORS) });
  const weight_map = Object.fromEntries(
    Object.entries(SHARDS).flatMap(([file, tensors]) => tensors.map(({ name }) => [name, file])),
  );
  const index = JSON.stringify({ metadata: { total_size: 1 }, weight_map });
  const shards = Object.fromEntries(Object.entries(SHARDS).map(([file, tensors]) => [file, fileOf(tensors)]));
  write("sharded", { "config.json": config, "model.safetensors.index.json": index, ...shards });
  const roles = JSON.stringify({ inputs: { x: { kind: "rows", tokenAxis: 0 } } });
  write("graph", { "g.ts": GRAPH, "roles.json": roles, "x.safetensors": fileOf([X]) });
  write("gguf", { "m.gguf": ggufModel() });
  for (const [folder, { config, tensors }] of Object.entries({ mlx: mlxTwins(), fp8: fp8Twins() }))
    write(folder, { "config.json": JSON.stringify(config), "model.safetensors": fileOf(tensors) });
  write("build", {});
  await writeBuild(inRoot("build"));
  const evidence = honestEvidence(await readBuild(inRoot("build")));
  writeFileSync(join(inRoot("build"), "evidence.json"), JSON.stringify(evidence));
});

const checked = (folder: string) => ["check", "phi4-mini", "--weights", folder, "--max-seq", "8"];
const gated = (folder: string) => ["gate", folder];
const JSON_FILES: readonly Target[] = [
  { from: "whole", file: "config.json", argv: checked },
  { from: "sharded", file: "model.safetensors.index.json", argv: checked },
  { from: "mlx", file: "config.json", argv: checked },
  { from: "fp8", file: "config.json", argv: checked },
  { from: "build", file: "evidence.json", argv: gated },
  { from: "build", file: "tiny.fixtures.json", argv: gated },
  { from: "build", file: "tiny.certificate.json", argv: gated },
  {
    from: "graph",
    file: "roles.json",
    argv: (folder) => ["prove", join(folder, "g.ts"), "--tokens", "2", "--interface", join(folder, "roles.json")],
  },
];
const TENSOR_FILES: readonly Target[] = [
  { from: "whole", file: "model.safetensors", argv: checked },
  { from: "sharded", file: "b.safetensors", argv: checked },
  { from: "mlx", file: "model.safetensors", argv: checked },
  { from: "fp8", file: "model.safetensors", argv: checked },
  {
    from: "graph",
    file: "x.safetensors",
    argv: (folder) => [
      "run",
      join(folder, "g.ts"),
      "--tokens",
      "2",
      "--inputs",
      join(folder, "x.safetensors"),
      "--out",
      join(folder, "y.safetensors"),
    ],
  },
];

/** Its header is most of it: lengths, counts, types and offsets are what bytes hit. */
const GGUF_FILE: Target = {
  from: "gguf",
  file: "m.gguf",
  argv: (folder) => ["check", join(folder, "m.gguf"), "--max-seq", "8"],
};

/** Damage to a safetensors file: its header as JSON, its length, or its bytes. */
type TensorEdit = { readonly header: JsonEdit } | { readonly length: bigint } | { readonly bytes: JsonEdit };
const byteEdits = jsonEdits.filter(({ kind }) => kind === "byte" || kind === "cut");
const tensorEdits: fc.Arbitrary<TensorEdit> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ header: jsonEdits }) },
  fc.record({ length: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({ length: fc.bigInt({ min: 0n, max: 3000n }) }),
  fc.record({ bytes: byteEdits }),
);

function editTensors(bytes: Uint8Array, edit: TensorEdit): Uint8Array {
  if ("bytes" in edit) return editJson(bytes, edit.bytes);
  const n = Number(Buffer.from(bytes).readBigUInt64LE());
  if ("header" in edit) {
    const header = editJson(bytes.slice(8, 8 + n), edit.header);
    return safetensorsBytes(Buffer.from(header), bytes.slice(8 + n));
  }
  const copy = Buffer.from(bytes);
  copy.writeBigUInt64LE(edit.length);
  return copy;
}

/** Bytes at the front of the file without which it cannot be read; what follows them is names and weights. */
const GGUF_HEADER = 1400;

const SLOW_MS = 30_000;

/** Runs the command on the damaged file: a yes, a no or one sentence, soon, and nothing that a terminal obeys. */
async function judge({ from, file, argv }: Target, damage: (bytes: Uint8Array) => Uint8Array): Promise<number> {
  const folder = mkdtempSync(inRoot("case-"));
  try {
    cpSync(inRoot(from), folder, { recursive: true });
    writeFileSync(join(folder, file), damage(readFileSync(join(folder, file))));
    const begin = Date.now();
    const { code, out, err } = await graphc(argv(folder));
    expect(Date.now() - begin).toBeLessThan(SLOW_MS);
    expect([0, 1, 2]).toContain(code);
    if (code === 2) expect(err).toMatch(/^error: [^\n]+(\n {2}at [^\n]+\n[^\n]+\n[^\n]+)?$/);
    expect(`${out}\n${err}`).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** So many damaged files of each kind. */
export function fuzzFiles(runs: number, seed: number): void {
  const run = async <E>(target: Target, edits: fc.Arbitrary<E>, edited: (bytes: Uint8Array, edit: E) => Uint8Array) => {
    const codes = [0, 0, 0];
    expect(await judge(target, (bytes) => bytes)).not.toBe(2);
    const property = fc.asyncProperty(edits, async (edit) => {
      codes[await judge(target, (bytes) => edited(bytes, edit))]! += 1;
    });
    await fc.assert(property, { numRuns: runs, seed });
    console.log(`${target.from}/${target.file}: yes ${codes[0]}, no ${codes[1]}, refused ${codes[2]}`);
    // Damage that nothing noticed would be no test of the readers.
    expect(codes[2]).toBeGreaterThan(runs / 4);
  };
  const title = `$from/$file, ${runs} times damaged (seed ${seed})`;
  test.each(JSON_FILES)(title, { timeout: 1_800_000 }, (target) => run(target, jsonEdits, editJson));
  // Of the last bytes most are weights, which may be any.
  const inHeader = byteEdits.map((edit) => ({ ...edit, at: edit.at % GGUF_HEADER }));
  test.each([GGUF_FILE])(title, { timeout: 1_800_000 }, (target) => run(target, inHeader, editJson));
  test.each(TENSOR_FILES)(title, { timeout: 1_800_000 }, (target) => run(target, tensorEdits, editTensors));
}
