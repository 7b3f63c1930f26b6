/**
 * Writes the fixtures of the device tool: `NAME.fixtures.json` and `NAME.fixtures.safetensors` beside the packages
 * (docs/fixtures.md; tools/Sources/Gate/Manifest.swift reads them).
 */
import { basename, dirname, join, resolve } from "node:path";
import { axesOf } from "../dsl/roles.ts";
import type { Shape } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { writeWhole } from "../files/files.ts";
import { MASKED } from "../models/host.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import type { Computed, Prediction, Recording } from "../passes/parity/record.ts";
import { type Arrays, writeArrays } from "../weights/arrays.ts";
import { digestFile, digestFolder } from "./digests.ts";

export const FIXTURES_FORMAT = "graphc-fixtures";
export const FIXTURES_VERSION = 1;

/** A file beside the manifest, and its digest as hex. */
export interface FileReference {
  readonly file: string;
  readonly sha256: string;
}

/** A package beside the manifest: its digest (digests.ts) and that of each of its files. */
export interface PackageReference {
  readonly package: string;
  /** The function to run; absent for the only or default one. */
  readonly function?: string;
  readonly tokens: number;
  readonly sha256: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface FixtureInput {
  readonly name: string;
  readonly role: "rows" | "mask" | "write_mask" | "position" | "shared";
  readonly tokenAxis?: number;
  readonly slotAxis?: number;
}

export interface FixtureOutput {
  readonly name: string;
  readonly tokenAxis: number;
  /** The input that the layer adds itself to; figures are of output − residual. */
  readonly residual?: string;
}

export interface FixtureCall {
  readonly label: string;
  /** The cache row of each token; null for a dead column. */
  readonly rows: readonly (number | null)[];
  /** How many leading tokens are kept. */
  readonly accepted: number;
  /** The tokens that are also run one by one. */
  readonly steps: readonly number[];
}

/** The contents of `NAME.fixtures.json`. */
export interface FixtureManifest {
  readonly format: typeof FIXTURES_FORMAT;
  readonly version: typeof FIXTURES_VERSION;
  readonly name: string;
  /** Identity of the graph apart from its weights. */
  readonly graph?: string;
  readonly maxSeq: number;
  /** The mask's value for a row that may not be seen. */
  readonly closed: number;
  readonly data: FileReference;
  readonly certificate?: FileReference;
  readonly block: PackageReference;
  readonly step: PackageReference;
  readonly inputs: readonly FixtureInput[];
  readonly outputs: readonly FixtureOutput[];
  readonly states: readonly { readonly name: string; readonly shape: Shape; readonly rowAxis: number }[];
  readonly calls: readonly FixtureCall[];
}

export interface FixtureSource {
  readonly name: string;
  readonly graph?: string;
  /** The packages, both in one folder: the fixtures go there too. */
  readonly block: { readonly path: string; readonly function?: string };
  readonly step: { readonly path: string; readonly function?: string };
  /** The proof certificate, in the same folder. */
  readonly certificate?: string;
  readonly recording: Recording;
}

export interface WrittenFixtures {
  readonly manifest: string;
  readonly data: string;
}

/**
 * Writes the fixtures beside the packages: the data first, then the manifest that names it by its digest.
 * @throws UserError when packages and certificate are not in one folder, or a file cannot be read or written.
 */
export async function writeFixtures(source: FixtureSource): Promise<WrittenFixtures> {
  const folder = dirname(resolve(source.block.path));
  for (const path of [source.step.path, ...(source.certificate ? [source.certificate] : [])])
    if (dirname(resolve(path)) !== folder)
      throw new UserError(`${path} must lie in ${folder}, beside ${source.block.path}`);
  const data = join(folder, `${source.name}.fixtures.safetensors`);
  await writeArrays(data, tensorsOf(source.recording));
  const manifest = join(folder, `${source.name}.fixtures.json`);
  const text = `${JSON.stringify(await manifestOf(source, data), null, 2)}\n`;
  await writeWhole(manifest, async (handle) => void (await handle.writeFile(text)));
  return { manifest, data };
}

async function manifestOf(source: FixtureSource, data: string): Promise<FixtureManifest> {
  const { recording, graph, certificate } = source;
  return {
    format: FIXTURES_FORMAT,
    version: FIXTURES_VERSION,
    name: source.name,
    ...(graph === undefined ? {} : { graph }),
    maxSeq: recording.maxSeq,
    closed: MASKED,
    data: await fileReference(data),
    ...(certificate === undefined ? {} : { certificate: await fileReference(certificate) }),
    block: await packageReference(source.block, recording.tokens),
    step: await packageReference(source.step, 1),
    inputs: Object.entries(recording.roles).map(([name, role]) => ({ name, role: role.kind, ...axesOf(role) })),
    outputs: outputsOf(recording),
    states: recording.states,
    calls: recording.calls.map(({ call, steps }) => ({
      label: call.label,
      rows: call.rows.map((row) => row ?? null),
      accepted: call.accepted,
      steps: [...steps.keys()],
    })),
  };
}

const fileReference = async (path: string): Promise<FileReference> => ({
  file: basename(path),
  sha256: await digestFile(path),
});

async function packageReference(source: FixtureSource["block"], tokens: number): Promise<PackageReference> {
  const name = source.function;
  const digest = await digestFolder(source.path);
  return { package: basename(source.path), ...(name === undefined ? {} : { function: name }), tokens, ...digest };
}

/** The token axis of each output is where block and step differ; its residual the one input of its own shape. */
function outputsOf({ calls, tokens }: Recording): readonly FixtureOutput[] {
  const [first] = calls;
  const [step] = first?.steps.values() ?? [];
  if (!first || !step) throw new UserError("the sequence has no call with a live token, so there is nothing to record");
  return Object.entries(first.block.outputs).map(([name, { shape }]) => {
    const differing = shape.findIndex((n, axis) => n !== step.outputs[name]!.shape[axis]);
    const tokenAxis = differing < 0 ? shape.indexOf(tokens) : differing;
    const twins = Object.entries(first.block.inputs).filter(([, input]) => input.shape.join() === shape.join());
    return { name, tokenAxis, ...(twins.length === 1 ? { residual: twins[0]![0] } : {}) };
  });
}

/** Every tensor by its name in the data file. */
function tensorsOf({ initial, calls }: Recording): Arrays {
  const tensors: Record<string, RawArray> = {};
  const add = (prefix: string, arrays: Arrays): void => {
    for (const [name, array] of Object.entries(arrays)) tensors[`${prefix}/${name}`] = array;
  };
  const computed = (prefix: string, { outputs, rows }: Computed): void => {
    add(`${prefix}/out`, outputs);
    add(`${prefix}/rows`, rows);
  };
  const prediction = (prefix: string, one: Prediction): void => {
    add(`${prefix}/in`, one.inputs);
    computed(prefix, one);
  };
  add("initial", initial);
  for (const [n, { block, steps, exact }] of calls.entries()) {
    prediction(`calls/${n}/block`, block);
    computed(`calls/${n}/exact`, exact);
    for (const [token, step] of steps) prediction(`calls/${n}/steps/${token}`, step);
  }
  return tensors;
}
