/** Writes a graph as a .mlpackage: beside its place first, then placed, so that nothing half-written is ever seen. */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Graph } from "../../dsl/graph.ts";
import { UserError } from "../../dsl/user-error.ts";
import { refusing } from "../../files/files.ts";
import { streamHash } from "../../files/hash.ts";
import type { Target } from "../../files/target.ts";
import { openTransaction } from "../../files/transaction.ts";
import type { WeightStore } from "../../weights/store.ts";
import { MANIFEST_PATH, MODEL_PATH, manifestOf, WEIGHTS_PATH } from "../mil/manifest.ts";
import type { MilFeature, MilModel } from "../mil/records.ts";
import { type BlobPlan, blobBytes } from "./blob.ts";
import { encodeModel } from "./encode.ts";
import { lower } from "./lower.ts";

/** How the files of a package are written; none of it changes a byte. */
export interface FillOptions {
  /** Bytes of the weight file written so far, and in all. */
  onProgress?(done: number, total: number): void;
  /** Aborting stops the writing; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a package is written and placed. */
export interface EmitOptions extends FillOptions {
  /** Replace a package that is there already. */
  readonly force?: boolean;
  /** Told what could not be tidied up. */
  warn?(text: string): void;
}

/** What was written, as `graphc emit` prints it. */
export interface EmitSummary {
  /** Its place. */
  readonly path: string;
  readonly inputs: readonly MilFeature[];
  readonly outputs: readonly MilFeature[];
  readonly states: readonly MilFeature[];
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
    const summary = await fillPackage(graph, store, join(transaction.staging, name), { ...options, path });
    for (const text of await transaction.commit([name])) warn?.(text);
    return summary;
  } catch (error) {
    for (const text of await transaction.abandon()) warn?.(text);
    throw error;
  }
}

/**
 * Makes the folder and writes the package into it, for a transaction that places it at `path`.
 * @throws GraphError and UserError as `writePackage` does, but for the place
 */
export async function fillPackage(
  graph: Graph,
  store: WeightStore,
  folder: string,
  options: FillOptions & { readonly path: string },
): Promise<EmitSummary> {
  const start = performance.now();
  const { path } = options;
  const { model, blobs } = lower(graph);
  const files = await writeFiles(model, blobs, store, folder, options);
  const { inputs, outputs, states } = model.interfaces.main!;
  return {
    path,
    inputs,
    outputs,
    states,
    ops: opsByKind(model),
    bytes: blobs.bytes + files.modelBytes + Buffer.byteLength(files.manifest),
    sha256: { model: files.model, weights: files.weights, package: packageDigest(files) },
    seconds: (performance.now() - start) / 1000,
  };
}

type Fill = FillOptions & { readonly path: string };

/** Writes all files of the package; returns their digests and what else the summary tells. */
async function writeFiles(model: MilModel, blobs: BlobPlan, store: WeightStore, folder: string, options: Fill) {
  const weightsPath = join(folder, WEIGHTS_PATH);
  const file = await refusing(options.path, "write", async () => {
    await mkdir(dirname(weightsPath), { recursive: true });
    return open(weightsPath, "wx");
  });
  const weights = await writeWeights(blobs, store, file, options);
  const encoded = encodeModel(model);
  const digests = { model: sha256Of(encoded), weights };
  const manifest = manifestOf(digests);
  await refusing(options.path, "write", async () => {
    await writeFile(join(folder, MODEL_PATH), encoded);
    await writeFile(join(folder, MANIFEST_PATH), manifest);
  });
  options.signal?.throwIfAborted();
  return { ...digests, manifest, modelBytes: encoded.length };
}

/**
 * Writes weight.bin, closes it and returns its digest. While a piece is on its way to the disk, the next one is
 * converted.
 */
async function writeWeights(plan: BlobPlan, store: WeightStore, file: FileHandle, options: Fill): Promise<string> {
  const { onProgress, signal, path } = options;
  const hash = streamHash(plan.bytes);
  let writing = Promise.resolve();
  try {
    let position = 0;
    for await (const bytes of blobBytes(plan, store)) {
      await writing;
      signal?.throwIfAborted();
      writing = refusing(path, "write", () => writeAll(file, bytes, position));
      // Its failure is met at the next turn; until then nobody waits for it.
      writing.catch(() => {});
      await hash.update(bytes);
      position += bytes.length;
      onProgress?.(position, plan.bytes);
    }
    await writing;
    return await hash.digest();
  } finally {
    await writing.catch(() => {});
    await Promise.all([hash.close(), refusing(path, "write", () => file.close())]);
  }
}

/** A write may take only a part, above all when the disk is about to be full. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

const sha256Of = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

function packageDigest(of: { readonly model: string; readonly weights: string; readonly manifest: string }): string {
  const lines = [
    [MODEL_PATH, of.model],
    [WEIGHTS_PATH, of.weights],
    [MANIFEST_PATH, sha256Of(of.manifest)],
  ] as const;
  return sha256Of(lines.map(([path, digest]) => `${digest}  ./${path}\n`).join(""));
}

function opsByKind({ functions }: MilModel): Readonly<Record<string, number>> {
  const kinds = functions.flatMap((f) => f.operations.map((op) => op.type)).toSorted();
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
