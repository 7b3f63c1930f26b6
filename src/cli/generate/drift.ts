/** `graphc generate --against`: the drift of a build from another, over what the other says. */
import { realpath } from "node:fs/promises";
import { speakGreedily } from "../../build/host/decode.ts";
import { type Drift, driftOf } from "../../build/host/drift.ts";
import { type OpenSpeaker, openSpeaker } from "../../build/host/speaker.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { ArithmeticChip } from "../../passes/engine/chips.ts";
import type { Arithmetic } from "../../passes/kernels/arithmetic.ts";
import type { Args } from "../options/command.ts";
import type { Options } from "../options/option.ts";
import { arithmeticLine } from "../run/engine-text.ts";
import type { Io } from "../terminal/io.ts";

/** Options of a comparison of two builds. */
export const DRIFT_OPTIONS = {
  against: {
    kind: "folder",
    help: "hold its logits against those of another build, over the prompt and what that build says behind it",
    without: ["speculative", "check", "host"],
  },
} as const satisfies Options;

/**
 * Runs the reference, then the build on the same tokens; one of them is loaded at a time.
 * @throws UserError for builds that cannot be compared
 */
export async function reportDrift(prompt: readonly number[], args: Args, io: Io): Promise<0> {
  const [folder, against] = [args.operands[0]!, args.text("against")!];
  const refuse = (why: string) => new UserError(`${folder} cannot be held against ${against}: ${why}`);
  // A folder that is not there is told by whoever opens it.
  const places = await Promise.all([folder, against].map((path) => realpath(path).catch(() => path)));
  if (places[0] === places[1]) throw refuse("they are one build");
  const most = args.whole("max-new");
  const reference = await withSpeaker(against, args, io, (speaker) => {
    const { tokens: said } = speakGreedily(speaker, { prompt, most, stops: speaker.stops });
    const tokens = [...prompt, ...said];
    return { tokens, vocab: speaker.manifest.vocab_size, logits: logitsOf(speaker, tokens) };
  });
  const { tokens, vocab } = reference;
  const logits = await withSpeaker(folder, args, io, (speaker) => {
    const { vocab_size: own } = speaker.manifest;
    if (own !== vocab) throw refuse(`its vocabulary is ${own}, and that of the other ${vocab}`);
    if (speaker.maxSeq < tokens.length)
      throw refuse(`its cache has ${speaker.maxSeq} rows for ${tokens.length} tokens`);
    return logitsOf(speaker, tokens);
  });
  const drift = driftOf(reference.logits, logits);
  io.out(args.flag("json") ? JSON.stringify({ tokens, ...drift }, null, 2) : driftText(drift, against));
  return 0;
}

/**
 * Says the tokens on the engine's arithmetic, and its drift from fp16 over the prompt and what fp16 says behind it.
 * @throws UserError where no logit is a number
 */
export async function reportEngine(prompt: readonly number[], chip: ArithmeticChip, args: Args, io: Io): Promise<0> {
  const [folder, most] = [args.operands[0]!, args.whole("max-new")];
  const say = (speaker: OpenSpeaker) => speakGreedily(speaker, { prompt, most, stops: speaker.stops }).tokens;
  const reference = await withSpeaker(folder, args, io, (speaker) => {
    const said = say(speaker);
    return { said, logits: logitsOf(speaker, [...prompt, ...said]) };
  });
  const engine = await withSpeaker(
    folder,
    args,
    io,
    (speaker) => ({ said: say(speaker), logits: logitsOf(speaker, [...prompt, ...reference.said]) }),
    "engine",
  );
  const drift = driftOf(reference.logits, engine.logits);
  const same = engine.said.join() === reference.said.join();
  if (args.flag("json"))
    io.out(
      JSON.stringify(
        { prompt, tokens: engine.said, fp16: reference.said, sameTokens: same, ...drift, arithmetic: chip },
        null,
        2,
      ),
    );
  else {
    const verdict = same ? "SAME: fp16 says these tokens too" : `DIFFERENT: fp16 says ${reference.said.join(",")}`;
    for (const text of [engine.said.join(","), arithmeticLine(chip), verdict, driftText(drift, "fp16")]) io.out(text);
  }
  return 0;
}

/** Behind each token, its own call's block before it in the cache. */
function logitsOf(speaker: OpenSpeaker, tokens: readonly number[]): readonly Uint16Array[] {
  const rows: Uint16Array[] = [];
  for (let at = 0; at < tokens.length; at += speaker.block)
    rows.push(...speaker.logits(tokens.slice(at, at + speaker.block), at));
  return rows;
}

async function withSpeaker<R>(
  folder: string,
  args: Args,
  io: Io,
  use: (speaker: OpenSpeaker) => R,
  precision: Arithmetic = "fp16",
): Promise<R> {
  const loading = io.progress(`loading ${folder}`);
  const options = { precision, threads: args.whole("threads"), onProgress: loading.update };
  const speaker = await openSpeaker(folder, options).finally(loading.end);
  try {
    return use(speaker);
  } finally {
    await speaker.close();
  }
}

function driftText({ positions, same, meanKl, worstKl, worstAt }: Drift, against: string): string {
  const share = `${same} of ${positions} likeliest tokens are those of ${against} (${((100 * same) / positions).toFixed(1)} %)`;
  return `${share}; KL from it ${meanKl.toPrecision(3)} nats in the mean, ${worstKl.toPrecision(3)} at worst (behind token ${worstAt})`;
}
