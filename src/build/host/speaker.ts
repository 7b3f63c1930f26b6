/** A built model, run on the fast kernels as the device's host runs it: shards in order, then the heads, one row at a time. */
import { join } from "node:path";
import type { Graph } from "../../dsl/graph.ts";
import { fp16Value } from "../../dsl/number.ts";
import { isUserError, UserError } from "../../dsl/user-error.ts";
import { packageWeights } from "../../emit/read/package-store.ts";
import { strictJsonOf } from "../../files/json.ts";
import { readRegular } from "../../files/regular.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { type Plan, planOf } from "../../passes/run/plan.ts";
import { type Executor, prepare } from "../../passes/run/run.ts";
import { MANIFEST_FILE } from "../build.ts";
import { type AneBookManifest, USUAL_BLOCK } from "../manifest.ts";
import { type BuiltFiles, checkBuilt } from "../read-back.ts";
import type { RuntimeCalls } from "./ane-book.ts";
import type { Speaker } from "./decode.ts";
import { columnsOf, type FeedSizes, feedsOf, rowOf } from "./feeds.ts";

/** A model that is loaded. */
export interface OpenSpeaker extends Speaker {
  readonly manifest: AneBookManifest;
  /** The same shards as the runtime of the ane-book calls them. */
  readonly runtime: RuntimeCalls;
  /** Where generation ends. */
  readonly stops: readonly number[];
  close(): Promise<void>;
}

/** How it is run. */
export interface SpeakerOptions {
  readonly threads?: number;
  onProgress?(done: number, total: number): void;
}

/** Opens the model in a folder. @throws UserError for a folder that holds none, or one whose files are not as its manifest says */
export async function openSpeaker(folder: string, options: SpeakerOptions = {}): Promise<OpenSpeaker> {
  const built = await readBuilt(folder);
  const { manifest } = built;
  const block = blockOf(manifest);
  const sizes: Omit<FeedSizes, "block"> = {
    width: manifest.d_model,
    maxSeq: manifest.max_seq_len,
    ropeDims: manifest.rope_dim!,
    ropeBase: manifest.rope_freq_base,
  };
  const embedding = await readRegular(join(folder, manifest.embed_bin));
  const heads1 = built.heads.map((graph) => new Map([[1, graph]]));
  const parts = await loaded([...built.shards, ...heads1], options);
  const shards = parts.slice(0, built.shards.length);
  const heads = parts
    .slice(built.shards.length)
    .map((part, k) => ({ part, begin: manifest.lm_head_shards[k]!.vocab_start }));
  const rows = new Uint16Array(embedding.buffer, embedding.byteOffset, embedding.byteLength / 2);
  const call: RuntimeCalls["call"] = (tokens, at, slots, first) => {
    const size = { ...sizes, block: slots };
    const x = columnsOf(
      size,
      tokens.map((token) => rowIn(rows, manifest, token)),
    );
    const feeds = feedsOf(size, tokens.length, at, first);
    const hidden = shards.reduce((row, shard) => shard.call(slots, { ...feeds, x: row }).hidden!, x);
    return tokens.map((_, t) => likeliest(heads, rowOf(size, hidden, t)));
  };
  const ends = [manifest.eos_token_id, manifest.bos_token_id];
  const { maxSeq } = sizes;
  return {
    manifest,
    block,
    maxSeq,
    stops: [...new Set([...ends, ...ownStops(manifest)])],
    runtime: { block, sizes: [...built.shards[0]!.keys()], maxSeq, ends, call },
    // The device's host calls its shards with one token or with a whole block, and pads what is between.
    follow: (tokens, at) => call(tokens, at, tokens.length === 1 && built.shards[0]!.has(1) ? 1 : block, 0),
    close: async () => void (await Promise.all(parts.map(({ close }) => close()))),
  };
}

/** Tokens of a block, as the runtime takes it from the manifest. */
export const blockOf = ({ speculative_verifier: verifier }: AneBookManifest): number =>
  verifier?.batch_tokens ?? USUAL_BLOCK;

/** Every end of an answer that the model has; the runtime's manifest has room for two. */
function ownStops({ graphc }: AneBookManifest): readonly number[] {
  const stops = (graphc as { readonly stops?: unknown } | null | undefined)?.stops;
  return Array.isArray(stops) ? stops.filter((id) => Number.isSafeInteger(id)) : [];
}

async function readBuilt(folder: string): Promise<BuiltFiles> {
  const path = join(folder, MANIFEST_FILE);
  const json = await readRegular(path).then(
    (bytes) => strictJsonOf(bytes, path) as AneBookManifest,
    (error: unknown) => {
      throw isUserError(error) ? new UserError(error.message, "graphc build writes such a folder") : error;
    },
  );
  const own = json?.graphc as { readonly tokens?: unknown } | null | undefined;
  const [from, to = from] = typeof own?.tokens === "string" ? own.tokens.split("..").map(Number) : [];
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && 1 <= from! && from! <= to!))
    throw new UserError(`${path} does not say how many tokens its shards take`, "graphc build writes it");
  return checkBuilt(json, folder, { from: from!, to: to! });
}

/** A package that is loaded: called with its inputs at one of its sizes, it keeps its own states. */
interface Part extends Pick<Executor, "close"> {
  call(tokens: number, values: Readonly<Record<string, RawArray>>): Readonly<Record<string, RawArray>>;
}

async function loaded(
  packages: readonly ReadonlyMap<number, Graph>[],
  { threads = 1, onProgress }: SpeakerOptions,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const [k, graphs] of packages.entries()) {
    const plans = new Map([...graphs].map(([tokens, graph]) => [tokens, planOf(graph)]));
    const executor = await prepare([...plans.values()], packageWeights().stream, { threads });
    parts.push({ call: callsOf(executor, plans), close: executor.close });
    onProgress?.(k + 1, packages.length);
  }
  return parts;
}

/** States begin as zeros, as Core ML makes them. */
function callsOf(executor: Executor, plans: ReadonlyMap<number, Plan>): Part["call"] {
  const [any] = plans.values();
  let states: Readonly<Record<string, RawArray>> = Object.fromEntries(
    any!.graph.states.map(({ name, entry: { type } }) => {
      const size = type.shape.reduce((product, n) => product * n, 1);
      return [name, { ...type, data: new Uint16Array(size) }];
    }),
  );
  return (tokens, values) => {
    const results = executor.run(plans.get(tokens)!, { ...values, ...states });
    states = results.states;
    return results.outputs;
  };
}

function rowIn(rows: Uint16Array, { vocab_size: vocab, d_model: width }: AneBookManifest, token: number): Uint16Array {
  if (!(token >= 0 && token < vocab)) throw new UserError(`token ${token} is outside the vocabulary of ${vocab}`);
  return rows.subarray(token * width, (token + 1) * width);
}

/** The first of the largest logits, as the runtime finds it: NaN loses every comparison. */
function likeliest(heads: readonly { readonly part: Part; readonly begin: number }[], hidden: RawArray): number {
  let [best, most] = [-1, Number.NEGATIVE_INFINITY];
  for (const { part, begin } of heads) {
    const { data } = part.call(1, { hidden }).logits!;
    for (let k = 0; k < data.length; k++) {
      const logit = fp16Value(data[k]!);
      if (logit > most) [best, most] = [begin + k, logit];
    }
  }
  if (best < 0) throw new UserError("no logit is a number: the model gives NaN for this prompt");
  return best;
}
