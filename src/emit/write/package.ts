/** Writes a graph as a .mlpackage: beside its place first, then placed, so that nothing half-written is ever seen. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Graph } from "../../dsl/graph.ts";
import { UserError } from "../../dsl/user-error.ts";
import { refusing } from "../../files/files.ts";
import type { HashThread } from "../../files/hash-thread.ts";
import type { Target } from "../../files/target.ts";
import { openTransaction } from "../../files/transaction.ts";
import type { WeightStore } from "../../weights/store.ts";
import { MANIFEST_PATH, MODEL_PATH, manifestOf, WEIGHTS_PATH } from "../mil/manifest.ts";
import type { MilFeature, MilModel } from "../mil/records.ts";
import type { BlobPlan } from "./blob.ts";
import { encodeModel } from "./encode.ts";
import { type Lowered, lower } from "./lower.ts";
import { type WeightFile, writeWeightFile } from "./weight-file.ts";

/** How the files of a package are written; none of it changes a byte. */
export interface FillOptions {
  /** Bytes of the weight file written so far, and in all. */
  onProgress?(done: number, total: number): void;
  /** Aborting stops the writing; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The weight file of a package out of the same store, which is cloned where this one holds the same bytes. */
  readonly twin?: WeightFile;
}

/** How a package is written and placed. */
export interface EmitOptions extends FillOptions {
  /** Replace a package that is there already. */
  readonly force?: boolean;
  /** Told what could not be tidied up. */
  warn?(text: string): void;
}

/** What was written, as `graphc emit` prints it; features are those of the default function. */
export interface EmitSummary {
  /** Its place. */
  readonly path: string;
  readonly inputs: readonly MilFeature[];
  readonly outputs: readonly MilFeature[];
  readonly states: readonly MilFeature[];
  /** Those of every function by its name, where there are several. */
  readonly functions?: MilModel["interfaces"];
  /** Ops by kind, `const` included, sorted by name. */
  readonly ops: Readonly<Record<string, number>>;
  /** Of all files. */
  readonly bytes: number;
  /**
   * Digests as hex. That of the package is the digest of the text that `sha256sum` prints for its files from inside,
   * sorted by path: `find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`.
   */
  readonly sha256: { readonly model: string; readonly weights: string; readonly package: string };
  /** To lower the graph and write all files. */
  readonly seconds: number;
}

/** A package that was filled, with its weight file as it is where it was staged. */
export interface FilledPackage {
  readonly summary: EmitSummary;
  readonly weights: WeightFile;
}

const EXTENSION = ".mlpackage";

/** A package's name in a folder, for the transaction that places it. */
export const packageTarget = (name: string, replace: boolean): Target => ({
  name,
  replace,
  kind: { name: "Core ML package", mark: MANIFEST_PATH },
});

/**
 * Writes the package to its place; missing parent folders are made. A folder takes one package at a time. The
 * same graph and weights give the same bytes everywhere.
 * @throws GraphError when the graph cannot be a package.
 * @throws UserError when the place is taken, cannot be written or is full, and for what the store refuses.
 */
export async function writePackage(
  graph: Graph,
  store: WeightStore,
  path: string,
  options: EmitOptions = {},
): Promise<EmitSummary> {
  if (!path.endsWith(EXTENSION)) throw new UserError(`${path} must end in ${EXTENSION}: Core ML opens no other name`);
  const { force = false, warn } = options;
  const [folder, name] = [dirname(resolve(path)), basename(path)];
  const targets = [packageTarget(name, force)];
  const transaction = await openTransaction({ folder, targets, ...(warn ? { warn } : {}) });
  try {
    const { summary, weights } = await fillPackage(graph, store, join(transaction.staging, name), { ...options, path });
    await weights.whole;
    for (const text of await transaction.commit([name])) warn?.(text);
    return summary;
  } catch (error) {
    for (const text of await transaction.abandon()) warn?.(text);
    throw error;
  }
}

/**
 * Makes the folder and writes the package into it, of a graph or of what was lowered already, for a transaction that places it at `path`.
 * @throws GraphError and UserError as `writePackage` does, but for the place
 */
export async function fillPackage(
  graph: Graph | Lowered,
  store: WeightStore,
  folder: string,
  options: Fill,
): Promise<FilledPackage> {
  const start = performance.now();
  const { path } = options;
  const { model, blobs } = "model" in graph ? graph : lower(graph);
  const { digests, weights, bytes } = await writeFiles(model, blobs, store, folder, options);
  const { inputs, outputs, states } = model.interfaces[model.defaultFunction]!;
  const summary = {
    path,
    inputs,
    outputs,
    states,
    ...(model.functions.length > 1 ? { functions: model.interfaces } : {}),
    ops: opsByKind(model),
    bytes: blobs.bytes + bytes,
    sha256: { model: digests.model, weights: digests.weights, package: packageDigest(digests) },
    seconds: (performance.now() - start) / 1000,
  };
  return { summary, weights };
}

interface Fill extends FillOptions {
  readonly path: string;
  /** A thread for the digest of the weight file that was started already; whoever started it ends it. */
  readonly hashing?: HashThread;
}

/** Writes all files of the package; returns their digests and what else the summary tells. */
async function writeFiles(model: MilModel, plan: BlobPlan, store: WeightStore, folder: string, options: Fill) {
  const { path: shown } = options;
  let onRead = () => {};
  const read = new Promise<void>((resolve) => {
    onRead = resolve;
  });
  const writing = writeWeightFile({ ...options, plan, store, path: join(folder, WEIGHTS_PATH), shown, onRead });
  try {
    // What is encoded while the last pieces are hashed keeps nobody waiting.
    await Promise.race([read, writing]);
    const encoded = encodeModel(model);
    const weights = await writing;
    const digests = { model: sha256Of(encoded), weights: weights.sha256 };
    const manifest = manifestOf(digests);
    await refusing(shown, "write", async () => {
      await writeFile(join(folder, MODEL_PATH), encoded);
      await writeFile(join(folder, MANIFEST_PATH), manifest);
    });
    options.signal?.throwIfAborted();
    const bytes = encoded.length + Buffer.byteLength(manifest);
    return { digests: { ...digests, manifest: sha256Of(manifest) }, weights, bytes };
  } catch (error) {
    // Nothing may come into a folder that is about to be removed.
    await writing.then(({ whole }) => whole).catch(() => {});
    throw error;
  }
}

const sha256Of = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

function packageDigest(of: { readonly model: string; readonly weights: string; readonly manifest: string }): string {
  const lines = [
    [MODEL_PATH, of.model],
    [WEIGHTS_PATH, of.weights],
    [MANIFEST_PATH, of.manifest],
  ] as const;
  return sha256Of(lines.map(([path, digest]) => `${digest}  ./${path}\n`).join(""));
}

function opsByKind({ functions }: MilModel): Readonly<Record<string, number>> {
  const kinds = functions.flatMap((f) => f.operations.map((op) => op.type)).toSorted();
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
