/** Builds a model: every part that is not there yet, in order; then the manifest, from what the files say. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { digestFile, digestFolder } from "../evidence/digests.ts";
import type { Ground } from "../evidence/policy.ts";
import { refusing } from "../files/files.ts";
import { statOf } from "../files/regular.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";
import type { WeightStore } from "../weights/store.ts";
import type { TextFiles } from "../weights/text/files.ts";
import { alone } from "./alone.ts";
import { compileScript } from "./compile-script.ts";
import { writeEmbedding } from "./embedding.ts";
import { aneBookManifest, type StopIds } from "./manifest.ts";
import type { BuildPlan, PlannedHead, PlannedShard } from "./plan.ts";
import { bitsOfForm, quantizeText } from "./quantize.ts";
import { checkBuilt } from "./read-back.ts";
import { writePart } from "./shard.ts";
import { runtimeBlock, sizesSetting } from "./sizes.ts";
import { type BuildState, differenceOf, readState, writeState } from "./state.ts";
import { placeTexts, writeText } from "./text-files.ts";
import { equalClaim } from "./without-exponents.ts";

/** One build. */
export interface BuildJob {
  readonly plan: BuildPlan;
  /** An absolute path. */
  readonly folder: string;
  readonly store: WeightStore;
  readonly stops: StopIds;
  /** The files of the tokenizer, by name: for hosts that speak in text. */
  readonly texts: TextFiles["files"];
  /** The files of the weights; none for generated ones. */
  readonly source: BuildState["source"];
  /** What decides every byte, by name, beside the plan's settings: which checkpoint, which seed. */
  readonly weights: string;
  /** On what ground more than one layer is built; absent for a model of one. */
  readonly ground?: Ground;
  /** Whether a build of other settings may be replaced. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
  /** Told of each part when it is begun and when it stands, or was there already. */
  on(event: BuildEvent): void;
}

/** What happens in a build; bytes are of weights, so far and in all. */
export type BuildEvent =
  | { readonly kind: "progress"; readonly path: string; readonly done: number; readonly total: number }
  | { readonly kind: "written" | "kept"; readonly path: string; readonly claim?: string }
  | { readonly kind: "warning"; readonly text: string };

/** A build that stands, or where it stopped: at a shard that is not proven, or at weights that are not finite. */
export type Built =
  | { readonly kind: "built"; readonly manifest: string; readonly state: BuildState }
  | NotProven
  | { readonly kind: "not finite"; readonly path: string; readonly tensor: string; readonly count: number };

/** A part of which the proof, or where `isEquality` is set that it is its graph without exponents, failed. */
interface NotProven {
  readonly kind: "not proven";
  readonly path: string;
  readonly function?: string;
  readonly verdict: Verdict;
  readonly isEquality?: true;
}

/** The name of the manifest. */
export const MANIFEST_FILE = "phi4mini_runtime_meta.json";

/**
 * Builds what is missing. A part that stands as it was written is kept; the state is written after each, so that an interrupted
 * build goes on. The manifest comes last, and is there only when all it names was read back and is right.
 * @throws UserError for a folder of another build, and for what disk or weights refuse; the signal's reason when aborted
 */
export const buildModel = (job: BuildJob): Promise<Built> => alone(job.folder, () => buildParts(job));

async function buildParts(job: BuildJob): Promise<Built> {
  const { plan, folder } = job;
  await refusing(folder, "write", () => mkdir(join(folder, "lm_head_shards"), { recursive: true }));
  let state = await begun(job);
  let before = 0;
  for (const part of [...plan.shards, ...plan.heads, plan.embedding]) {
    const kept = await standing(job, state, part.path);
    if (!kept) {
      // It would speak of parts that are about to be others.
      await refusing(folder, "write", () => rm(join(folder, MANIFEST_FILE), { force: true }));
      const written = await write(job, part, before);
      if (written.kind !== "written") return written;
      state = { ...state, done: { ...state.done, [part.path]: written.entry } };
      await writeState(folder, state);
    }
    const { claim } = state.done[part.path]!;
    job.on({ kind: kept ? "kept" : "written", path: part.path, ...(claim ? { claim } : {}) });
    before += part.bytes;
  }
  return { kind: "built", manifest: await finish(job, state), state };
}

/** The state that a build goes on from, written down before the first part is. */
async function begun({ plan, folder, source, weights, force }: BuildJob): Promise<BuildState> {
  const wanted: BuildState = { settings: { ...settingsOf(plan), weights }, source, done: {} };
  const found = await readState(folder);
  const difference = found && differenceOf(found, wanted);
  if (difference !== undefined && !force)
    throw new UserError(
      `${folder} holds a build of other settings: ${difference}`,
      "give another --out, or --force to build all of it anew",
    );
  const state = found && difference === undefined ? found : wanted;
  await writeState(folder, state);
  return state;
}

/** Every setting that decides a byte of what is written, as text. */
function settingsOf({ settings, shards, heads, decoder }: BuildPlan): Readonly<Record<string, string>> {
  const { host, tokens, maxSeq, ropeFactor, quantize, cache } = settings;
  return {
    quantize: quantizeText(quantize),
    host,
    cache,
    ...sizesSetting(tokens),
    "max-seq": `${maxSeq}`,
    "rope-factor": ropeFactor,
    shards: shards.map(({ begin, end }) => end - begin).join(),
    heads: `${heads.length}`,
    decoder: JSON.stringify(decoder),
  };
}

/** Whether a part is there with the digest that it was written with. */
async function standing({ folder }: BuildJob, { done }: BuildState, path: string): Promise<boolean> {
  const entry = Object.hasOwn(done, path) ? done[path] : undefined;
  if (!entry) return false;
  const [file, pkg] = [join(folder, path), join(folder, `${path}.mlpackage`)];
  if (await statOf(pkg)) return (await digestFolder(pkg)).sha256 === entry.sha256;
  return (await statOf(file))?.isFile() === true && (await digestFile(file)) === entry.sha256;
}

type Part = PlannedShard | PlannedHead | BuildPlan["embedding"];
type Written =
  | { readonly kind: "written"; readonly entry: BuildState["done"][string] }
  | Exclude<Built, { kind: "built" }>;

async function write(job: BuildJob, part: Part, before: number): Promise<Written> {
  const { plan, folder, store, signal, on } = job;
  const { path } = part;
  signal?.throwIfAborted();
  const options = {
    ...(signal ? { signal } : {}),
    warn: (text: string) => on({ kind: "warning", text }),
    onProgress: (done: number) => on({ kind: "progress", path, done: before + done, total: plan.bytes }),
  };
  const written =
    "lowered" in part
      ? await writePart(part, store, folder, options)
      : { sha256: await writeEmbedding(plan.decoder, store, join(folder, path), options) };
  if ("sha256" in written) return notFinite(store, path) ?? { kind: "written", entry: written };
  const { summary, verdict, function: name, equality } = written;
  if (verdict && verdict.verdict !== "PROVEN")
    return { kind: "not proven", path, verdict, ...(name === undefined ? {} : { function: name }) };
  if (equality && equality.verdict !== "PROVEN")
    return { kind: "not proven", path, verdict: equality, isEquality: true };
  const claim = [...(verdict ? [`PROVEN (${verdict.level})`] : []), ...(equality ? [equalClaim(equality)] : [])].join(
    ", ",
  );
  const entry = { sha256: summary.sha256.package, ...(claim ? { claim } : {}) };
  return notFinite(store, path) ?? { kind: "written", entry };
}

/** A head and the embedding have no proof that would ask for it: one NaN in them is a model that says nothing. */
function notFinite(store: WeightStore, path: string): Written | undefined {
  const [bad] = store.report().nonFinite;
  return bad && { kind: "not finite", path, tensor: bad.tensor, count: bad.count };
}

/** The manifest and the script that compiles what it names. */
async function finish(job: BuildJob, state: BuildState): Promise<string> {
  const { plan, folder, stops, ground } = job;
  const { model, settings, decoder, shards, heads, embedding } = plan;
  const compiled = (path: string) => `${path}.mlmodelc`;
  const manifest = aneBookManifest({
    family: model.family,
    decoder,
    maxSeq: settings.maxSeq,
    tokens: runtimeBlock(settings.tokens),
    bits: bitsOfForm(settings.quantize),
    stops,
    embedding: embedding.path,
    shards: shards.map(({ begin, end, path }) => ({ begin, end, path: compiled(path) })),
    heads: heads.map(({ begin, end, path }) => ({ begin, end, path: compiled(path) })),
    own: { ...state.settings, decoder, ...(ground ? { ground } : {}), parts: state.done },
  });
  await checkBuilt(manifest, folder, settings.tokens);
  await placeTexts(folder, job.texts);
  const path = join(folder, MANIFEST_FILE);
  await writeText(join(folder, "compile.sh"), compileScript([...shards, ...heads].map((part) => part.path)));
  await writeText(path, `${JSON.stringify(manifest, null, 2)}\n`);
  return path;
}
