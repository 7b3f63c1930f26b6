/** Computes the fixtures again from their seed, the packages and the settings, and holds every bit against the files. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { GivenRoles } from "../../dsl/role.ts";
import { packageWeights } from "../../emit/read/blobs/package-store.ts";
import type { Decoder } from "../../models/decoder.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { record } from "../../passes/parity/record/record.ts";
import type { Recording } from "../../passes/parity/record/recording.ts";
import { type Plan, planOf } from "../../passes/run/plan.ts";
import { prepare } from "../../passes/run/run.ts";
import { type Arrays, readArrays } from "../../weights/safetensors/arrays.ts";
import { sequenceOf, tensorsOf } from "../fixtures.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import type { Programs } from "./program.ts";
import { type BoundsOfRows, boundsOfRows, isBorne } from "./row-bounds.ts";

/** How it went. */
export interface ComputedAgain {
  /** The first difference; absent where there is none. */
  readonly differs?: string;
  /** How many arrays were held against the file. */
  readonly arrays: number;
  /** The bounds of rows against fp64. */
  readonly bounds: BoundsOfRows;
}

/** What is told while it lasts, and who may stop it. */
export interface Watcher {
  /** Asked before anything is run. @throws UserError where the memory will not do */
  checkMemory?(plans: readonly Plan[]): void;
  onCall?(done: number, total: number): void;
}

/** What a recording depends on besides the packages. */
export interface Recorded {
  readonly manifest: Pick<FixtureManifest, "seed" | "settings" | "predicted">;
  /** Those that are stated outside the packages. */
  readonly roles: GivenRoles;
}

/**
 * Records the usual sequence of these packages.
 * @throws GraphError when block and step have no common interface, UserError when the memory will not do
 */
export async function recordAgain(
  { block, step }: Programs,
  { manifest: { seed, settings, predicted }, roles }: Recorded,
  { checkMemory, onCall }: Watcher = {},
): Promise<Recording> {
  const plans = [planOf(block.graph), planOf(step.graph), planOf(block.graph, { precision: "fp64" })] as const;
  const engine = predicted ? planOf(block.graph, { precision: "engine" }) : undefined;
  const all = [...plans, ...(engine ? [engine] : [])];
  checkMemory?.(all);
  const executor = await prepare(all, packageWeights().stream);
  try {
    const graphs = {
      block: block.graph,
      step: step.graph,
      runBlock: (values: Arrays) => executor.run(plans[0], values),
      runStep: (values: Arrays) => executor.run(plans[1], values),
    };
    return await record(graphs, (values) => executor.run(plans[2], values), {
      seed,
      roles,
      borne: isBorne,
      // Whatever else the record holds: rows that come from it are held against those of the file.
      ...(settings ? { config: settings as unknown as Decoder } : {}),
      ...(engine ? { runPredicted: (values: Arrays) => executor.run(engine, values) } : {}),
      ...(onCall ? { onCall } : {}),
    });
  } finally {
    await executor.close();
  }
}

/** Holds a recording against the files of a folder. @throws UserError when the data file is broken */
export async function heldAgainst(
  folder: string,
  manifest: FixtureManifest,
  recording: Recording,
): Promise<ComputedAgain> {
  const tensors = tensorsOf(recording);
  const differs =
    sequenceDifference(manifest, recording) ?? (await dataDifference(join(folder, manifest.data.file), tensors));
  const bounds = boundsOfRows(recording);
  return { ...(differs === undefined ? {} : { differs }), arrays: Object.keys(tensors).length, bounds };
}

/** The first field of the manifest that the recording has otherwise. */
function sequenceDifference(manifest: FixtureManifest, recording: Recording): string | undefined {
  const again = JSON.parse(JSON.stringify(sequenceOf(recording)));
  for (const name of ["maxSeq", "closed", "inputs", "outputs", "states", "caches", "calls", "leftOut"] as const)
    if (!isDeepStrictEqual(manifest[name] ?? [], again[name] ?? []))
      return `"${name}" is not what graphc makes of these packages`;
  return undefined;
}

/** The first array that the file has otherwise, bit by bit. */
async function dataDifference(path: string, again: Readonly<Record<string, RawArray>>): Promise<string | undefined> {
  const stored = await readArrays(path, (name) => again[name]?.dtype ?? "fp16");
  const strange = Object.keys(stored).find((name) => !Object.hasOwn(again, name));
  if (strange !== undefined) return `${strange} is in the data, and nothing makes it`;
  for (const [name, array] of Object.entries(again)) {
    const found = Object.hasOwn(stored, name) ? stored[name] : undefined;
    if (!found) return `${name} is not in the data`;
    if (!sameArray(found, array)) return `${name} is not what the seed, the packages and the settings give`;
  }
  return undefined;
}

const sameArray = (a: RawArray, b: RawArray): boolean =>
  a.shape.join() === b.shape.join() &&
  a.data.constructor === b.data.constructor &&
  Buffer.compare(bytesOf(a), bytesOf(b)) === 0;

const bytesOf = ({ data }: RawArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
