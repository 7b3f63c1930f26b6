/** A built model, run on the fast kernels as the device's host runs it: shards in order, then the heads, one row at a time. */
import { readSync } from "node:fs";
import { join } from "node:path";
import { fp16Value } from "../../dsl/number.ts";
import { isUserError, UserError } from "../../dsl/user-error.ts";
import { refusingSync } from "../../files/files.ts";
import { strictJsonOf } from "../../files/json.ts";
import { closeQuietly, openRegularSync, readRegular } from "../../files/regular.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { MANIFEST_FILE } from "../build.ts";
import { type AneBookManifest, USUAL_BLOCK } from "../manifest.ts";
import { type BuiltFiles, cacheKeeping, checkBuilt } from "../read-back.ts";
import { countsIn, sizesOf, type TokenSizes, widest } from "../sizes.ts";
import { ownStops } from "../stops.ts";
import type { RuntimeCalls } from "./ane-book.ts";
import type { Speaker } from "./decode.ts";
import { columnsOf, type FeedSizes, feedsOf, rowOf } from "./feeds.ts";
import { loadedParts, type Part, type PartOptions } from "./parts.ts";

/** A model that is loaded. */
export interface OpenSpeaker extends Speaker {
  readonly manifest: AneBookManifest;
  /** The same shards as the runtime of the ane-book calls them. */
  readonly runtime: RuntimeCalls;
  /** Where generation ends. */
  readonly stops: readonly number[];
  /** As `follow`, but all logits behind each token, as fp16 bit patterns. */
  logits(tokens: readonly number[], at: number): readonly Uint16Array[];
  close(): Promise<void>;
}

/** How it is run. */
export type SpeakerOptions = PartOptions;

/** Opens the model in a folder. @throws UserError for a folder that holds none, or one whose files are not as its manifest says */
export async function openSpeaker(folder: string, options: SpeakerOptions = {}): Promise<OpenSpeaker> {
  const built = await readBuilt(folder);
  const { manifest } = built;
  const block = "functions" in built.tokens ? widest(built.tokens) : blockOf(manifest);
  const sizes: Omit<FeedSizes, "block"> = {
    width: manifest.d_model,
    maxSeq: manifest.max_seq_len,
    ropeDims: manifest.rope_dim!,
    ropeBase: manifest.rope_freq_base,
  };
  const heads1 = built.heads.map((graph) => new Map([[1, graph]]));
  // What stays in memory is decided in this order: a head is one matrix, and takes as much when it is read anew each time.
  const parts = await loadedParts([...heads1, ...built.shards], options);
  const heads = parts
    .slice(0, heads1.length)
    .map((part, k) => ({ part, begin: manifest.lm_head_shards[k]!.vocab_start }));
  const shards = parts.slice(heads1.length);
  const embedding = openRegularSync(join(folder, manifest.embed_bin));
  const hiddenRows = (tokens: readonly number[], at: number, slots: number, first = 0): readonly RawArray[] => {
    const size = { ...sizes, block: slots };
    const x = columnsOf(
      size,
      tokens.map((token) => rowIn(embedding, manifest, token)),
    );
    const feeds = feedsOf(size, tokens.length, at, first);
    const place = { at, used: tokens.length };
    const hidden = shards.reduce((row, shard) => shard.call(slots, { ...feeds, x: row }, place).hidden!, x);
    return tokens.map((_, t) => rowOf(size, hidden, t));
  };
  const slotsOf = (tokens: readonly number[]) => callSize(built, block, tokens.length);
  const tokensOf = (rows: readonly RawArray[]) => rows.map((hidden) => likeliest(heads, hidden));
  const ends = [manifest.eos_token_id, manifest.bos_token_id];
  const { maxSeq } = sizes;
  return {
    manifest,
    block,
    maxSeq,
    stops: [...new Set([...ends, ...ownStops(manifest)])],
    runtime: {
      // It names no function, and calls the one of a single token.
      ...("functions" in built.tokens
        ? { block: blockOf(manifest), sizes: [1] }
        : { block, sizes: [...built.shards[0]!.keys()] }),
      maxSeq,
      holdsCaches: cacheKeeping(manifest) !== "io",
      ends,
      call: (tokens, at, slots, first, unasked) => tokensOf(hiddenRows(tokens, at, slots, first).slice(unasked)),
    },
    follow: (tokens, at, unasked) => tokensOf(hiddenRows(tokens, at, slotsOf(tokens)).slice(unasked)),
    logits: (tokens, at) =>
      hiddenRows(tokens, at, slotsOf(tokens)).map((hidden) => allLogits(heads, hidden, manifest.vocab_size)),
    async close() {
      closeQuietly(embedding);
      await Promise.all(parts.map(({ close }) => close()));
    },
  };
}

/**
 * The ane-book's host calls its shards with one token or with a whole block, and pads what is between; where functions are named it is
 * the narrowest that holds the tokens.
 */
function callSize({ tokens, shards }: ReadFiles, block: number, used: number): number {
  if ("functions" in tokens) return countsIn(tokens).find((count) => count >= used)!;
  return used === 1 && shards[0]!.has(1) ? 1 : block;
}

/** Tokens of a block, as the runtime takes it from the manifest. */
export const blockOf = ({ speculative_verifier: verifier }: AneBookManifest): number =>
  verifier?.batch_tokens ?? USUAL_BLOCK;

type ReadFiles = BuiltFiles & { readonly tokens: TokenSizes };

async function readBuilt(folder: string): Promise<ReadFiles> {
  const path = join(folder, MANIFEST_FILE);
  const json = await readRegular(path).then(
    (bytes) => strictJsonOf(bytes, path) as AneBookManifest,
    (error: unknown) => {
      throw isUserError(error) ? new UserError(error.message, "graphc build writes such a folder") : error;
    },
  );
  const tokens = sizesOf((json?.graphc as Parameters<typeof sizesOf>[0] | null | undefined) ?? {});
  if (!tokens) throw new UserError(`${path} does not say how many tokens its shards take`, "graphc build writes it");
  return { ...(await checkBuilt(json, folder, tokens)), tokens };
}

/** A token's row of the embedding file, which is open: the whole of it would take more memory than a shard. */
function rowIn(file: number, m: AneBookManifest, token: number): Uint16Array {
  const { vocab_size: vocab, d_model: width, embed_bin: name } = m;
  if (!(token >= 0 && token < vocab)) throw new UserError(`token ${token} is outside the vocabulary of ${vocab}`);
  const row = new Uint16Array(width);
  const read = refusingSync(name, "read", () => readSync(file, row, 0, row.byteLength, token * row.byteLength));
  if (read !== row.byteLength) throw new UserError(`${name} ends within the row of token ${token}`, "build it anew");
  return row;
}

type Heads = readonly { readonly part: Part; readonly begin: number }[];

function allLogits(heads: Heads, hidden: RawArray, vocab: number): Uint16Array {
  const all = new Uint16Array(vocab);
  for (const { part, begin } of heads) all.set(part.call(1, { hidden }).logits!.data, begin);
  return all;
}

/** The first of the largest logits, as the runtime finds it: NaN loses every comparison. */
function likeliest(heads: Heads, hidden: RawArray): number {
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
