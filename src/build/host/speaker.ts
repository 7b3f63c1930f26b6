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
import type { Speaker } from "./decode.ts";
import { columnsOf, type FeedSizes, feedsOf, rowOf } from "./feeds.ts";

/** A model that is loaded. */
export interface OpenSpeaker extends Speaker {
  readonly manifest: AneBookManifest;
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
  const sizes: FeedSizes = {
    block,
    width: manifest.d_model,
    maxSeq: manifest.max_seq_len,
    ropeDims: manifest.rope_dim!,
    ropeBase: manifest.rope_freq_base,
  };
  const embedding = await readRegular(join(folder, manifest.embed_bin));
  const parts = await loaded([...built.shards, ...built.heads], options);
  const shards = parts.slice(0, built.shards.length);
  const heads = parts
    .slice(built.shards.length)
    .map((part, k) => ({ part, begin: manifest.lm_head_shards[k]!.vocab_start }));
  const rows = new Uint16Array(embedding.buffer, embedding.byteOffset, embedding.byteLength / 2);
  return {
    manifest,
    block,
    maxSeq: sizes.maxSeq,
    stops: [manifest.eos_token_id, manifest.bos_token_id],
    follow(tokens, at) {
      const x = columnsOf(
        sizes,
        tokens.map((token) => rowIn(rows, manifest, token)),
      );
      const feeds = feedsOf(sizes, tokens.length, at);
      const hidden = shards.reduce((row, shard) => shard({ ...feeds, x: row }).hidden!, x);
      return tokens.map((_, t) => likeliest(heads, rowOf(sizes, hidden, t)));
    },
    close: async () => void (await Promise.all(parts.map(({ close }) => close()))),
  };
}

/** Tokens of a block, as the runtime takes it from the manifest. */
export const blockOf = ({ speculative_verifier: verifier }: AneBookManifest): number =>
  verifier?.batch_tokens ?? USUAL_BLOCK;

async function readBuilt(folder: string): Promise<BuiltFiles> {
  const path = join(folder, MANIFEST_FILE);
  const json = await readRegular(path).then(
    (bytes) => strictJsonOf(bytes, path) as AneBookManifest,
    (error: unknown) => {
      throw isUserError(error) ? new UserError(error.message, "graphc build writes such a folder") : error;
    },
  );
  const verifier = json?.speculative_verifier;
  return checkBuilt(json, folder, typeof verifier?.batch_tokens === "number" ? verifier.batch_tokens : USUAL_BLOCK);
}

/** A package that is loaded: called with its inputs, it keeps its own states. */
type Part = ((values: Readonly<Record<string, RawArray>>) => Readonly<Record<string, RawArray>>) &
  Pick<Executor, "close">;

async function loaded(graphs: readonly Graph[], { threads = 1, onProgress }: SpeakerOptions): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const [k, graph] of graphs.entries()) {
    const plan = planOf(graph);
    const executor = await prepare([plan], packageWeights().stream, { threads });
    parts.push(Object.assign(callsOf(executor, plan), { close: executor.close }));
    onProgress?.(k + 1, graphs.length);
  }
  return parts;
}

/** States begin as zeros, as Core ML makes them. */
function callsOf(executor: Executor, plan: Plan) {
  const { states: names } = plan.graph;
  let states: Readonly<Record<string, RawArray>> = Object.fromEntries(
    names.map(({ name, entry: { type } }) => {
      const size = type.shape.reduce((product, n) => product * n, 1);
      return [name, { ...type, data: new Uint16Array(size) }];
    }),
  );
  return (values: Readonly<Record<string, RawArray>>) => {
    const results = executor.run(plan, { ...values, ...states });
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
    const { data } = part({ hidden }).logits!;
    for (let k = 0; k < data.length; k++) {
      const logit = fp16Value(data[k]!);
      if (logit > most) [best, most] = [begin + k, logit];
    }
  }
  if (best < 0) throw new UserError("no logit is a number: the model gives NaN for this prompt");
  return best;
}
