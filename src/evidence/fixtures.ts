/**
 * Writes the fixtures of the device tool: `NAME.fixtures.json` and `NAME.fixtures.safetensors` beside the packages
 * (docs/fixtures.md; format/fixtures-shape.ts declares the manifest).
 */

import { basename, dirname, join, resolve } from "node:path";
import { axesOf, MASK_NUMBERS } from "../dsl/role.ts";
import { UserError } from "../dsl/user-error.ts";
import { WEIGHTS_PATH } from "../emit/mil/manifest.ts";
import { writeWhole } from "../files/whole.ts";
import type { Decoder } from "../models/decoder.ts";
import type { AssumedList } from "../models/rope-list.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import type { Computed, Prediction, Recording } from "../passes/parity/record/recording.ts";
import { type Arrays, writeArrays } from "../weights/safetensors/arrays.ts";
import { digestFile, digestFolder } from "./digests.ts";
import {
  FIXTURES_FORMAT,
  FIXTURES_VERSION,
  type FileReference,
  type FixtureManifest,
  type FixtureOutput,
  type PackageReference,
} from "./format/fixtures-shape.ts";
import type { PredictedChip } from "./format/predicted-chips.ts";
import { settingsDigest } from "./format/settings.ts";

/** What fixtures are written from. */
export interface FixtureSource {
  /** What writes them, such as `graphc 0.1.0`. */
  readonly tool: string;
  readonly name: string;
  /** That of the recording. */
  readonly seed: number;
  /** Which layers of the model. */
  readonly layers?: readonly number[];
  /** What the recording was made with. */
  readonly settings?: Decoder;
  readonly graph?: string;
  /** Which of LongRoPE's lists the recording was made with. */
  readonly ropeList?: AssumedList;
  /** The packages, both in one folder: the fixtures go there too. */
  readonly block: { readonly path: string; readonly function?: string };
  readonly step: { readonly path: string; readonly function?: string };
  /** The proof certificate, in the same folder. */
  readonly certificate?: string;
  /** The chip whose engine's arithmetic the recording has predictions for. */
  readonly predicted?: PredictedChip;
  readonly recording: Recording;
}

/** The paths of the two files. */
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
  const { recording, graph, layers, settings, ropeList, certificate } = source;
  const block = await packageReference(source.block, recording.tokens);
  const weightsSHA256 = block.files[WEIGHTS_PATH];
  const { maxSeq, closed, ...sequence } = sequenceOf(recording);
  return {
    format: FIXTURES_FORMAT,
    version: FIXTURES_VERSION,
    tool: source.tool,
    name: source.name,
    seed: source.seed,
    ...(layers ? { layers } : {}),
    ...(settings ? { settings } : {}),
    identity: {
      ...(weightsSHA256 === undefined ? {} : { weightsSHA256 }),
      ...(settings ? { settingsSHA256: settingsDigest(settings) } : {}),
    },
    ...(graph === undefined ? {} : { graph }),
    maxSeq,
    ...(ropeList ? { ropeList } : {}),
    closed,
    ...(source.predicted ? { predicted: { chip: source.predicted } } : {}),
    data: await fileReference(data),
    ...(certificate === undefined ? {} : { certificate: await fileReference(certificate) }),
    block,
    step: await packageReference(source.step, 1),
    ...sequence,
  };
}

/** What a manifest says of the recording itself: interface and calls. */
export function sequenceOf(
  recording: Recording,
): Pick<FixtureManifest, "maxSeq" | "closed" | "inputs" | "outputs" | "states" | "caches" | "calls" | "leftOut"> {
  return {
    maxSeq: recording.maxSeq,
    closed: closedOf(recording),
    inputs: [...recording.roles].map(([name, role]) => ({ name, role: role.kind, ...axesOf(role) })),
    outputs: outputsOf(recording),
    states: recording.states,
    ...(recording.caches.length > 0 ? { caches: recording.caches } : {}),
    calls: recording.calls.map(({ call, steps }) => ({
      label: call.label,
      rows: call.rows.map((row) => row ?? null),
      accepted: call.accepted,
      steps: [...steps.keys()],
      draw: call.draw ?? { kind: "usual", factor: 1 },
    })),
    leftOut: recording.leftOut,
  };
}

/** The number of the mask; the device tool knows one, and that an open row has 0. */
function closedOf({ roles }: Recording): number {
  const masks = [...roles.values()].flatMap((role) => (role.kind === "mask" ? [role] : []));
  const [closed = MASK_NUMBERS.closed, ...others] = new Set(masks.map((role) => role.closed ?? MASK_NUMBERS.closed));
  if (closed === Number.NEGATIVE_INFINITY)
    throw new UserError("fixtures hold masks of finite numbers alone", "declare them closed at -10000");
  if (others.length > 0 || masks.some(({ open = 0 }) => open !== 0))
    throw new UserError("fixtures hold masks of 0 and one other number alone", "declare the masks alike, open at 0");
  return closed;
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
export function outputsOf({ calls, tokens }: Pick<Recording, "calls" | "tokens">): readonly FixtureOutput[] {
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

/**
 * What is taken from an output before it is judged. Of large rows nothing is: fp16's spacing at them is above what a layer adds, so that the
 * difference would be noise.
 */
export const residualOf = (
  { residual }: Pick<FixtureOutput, "residual">,
  kind: FixtureManifest["calls"][number]["draw"]["kind"] = "usual",
): string | undefined => (kind === "large" ? undefined : (residual ?? undefined));

/** How what is judged of an output is called. */
export function judgedName(output: FixtureOutput, kind?: FixtureManifest["calls"][number]["draw"]["kind"]): string {
  const residual = residualOf(output, kind);
  return residual === undefined ? output.name : `${output.name} - ${residual}`;
}

/** Every tensor by its name in the data file. */
export function tensorsOf({ initial, calls, final }: Recording): Arrays {
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
  add("final", final);
  for (const [n, { block, steps, exact, predicted }] of calls.entries()) {
    prediction(`calls/${n}/block`, block);
    computed(`calls/${n}/exact`, exact);
    if (predicted) computed(`calls/${n}/predicted`, predicted);
    for (const [token, step] of steps) prediction(`calls/${n}/steps/${token}`, step);
  }
  return tensors;
}
