/** `graphc generate`: runs a built model as the device's host does, and says its tokens. */
import { type Speech, type Spoken, saidTheSame, speakGreedily, speakSpeculatively } from "../../build/host/decode.ts";
import { type OpenSpeaker, openSpeaker } from "../../build/host/speaker.ts";
import { textStream } from "../../build/text/stream.ts";
import { DRIFT_OPTIONS, reportDrift, reportEngine } from "../generate/drift.ts";
import { type Prompt, promptOf } from "../generate/prompt.ts";
import { imitated, imitatedText } from "../generate/runtime.ts";
import { ARITHMETIC_OPTION, requestedChip } from "../options/arithmetic.ts";
import type { Args, Command } from "../options/command.ts";
import { PROMPT_OPTIONS } from "../options/prompt-options.ts";
import type { Io } from "../terminal/io.ts";

/** Tokens from a folder that `build` wrote. */
export const generateCommand: Command = {
  name: "generate",
  operands: "DIR",
  arity: [1, 1],
  needs: "a folder that graphc build wrote",
  example: "model --prompt-ids 1,2,3",
  options: {
    ...PROMPT_OPTIONS,
    "max-new": { kind: "whole", value: "N", min: 1, help: "new tokens at most", default: "32" },
    speculative: { kind: "flag", help: "draft tokens by what stood before, and verify them in blocks" },
    check: { kind: "flag", help: "also decode token by token, and say whether the tokens are the same" },
    ...DRIFT_OPTIONS,
    arithmetic: { ...ARITHMETIC_OPTION, without: ["against", "speculative", "check", "host"] },
    host: {
      kind: "choice",
      values: ["graphc", "ane-book"],
      help: "whose tokens: also those of the ane-book's runtime, its faults with them",
      default: "graphc",
    },
    threads: { kind: "whole", value: "N", min: 1, max: 2, help: "threads", default: "1" },
  },
  notes: [
    "A text goes through the model's tokenizer and its template for chats; ids need neither.",
    "Exit code 1 when --check finds other tokens, or the ane-book's runtime would say others.",
  ],
  async run(args, io) {
    const prompt = await promptOf(args);
    if (prompt.note !== undefined) io.err(`note: ${prompt.note}`);
    const chip = requestedChip(args);
    if (chip) return reportEngine(prompt.ids, chip, args, io);
    if (args.given("against")) return reportDrift(prompt.ids, args, io);
    const loading = io.progress("loading");
    const speaker = await openSpeaker(args.operands[0]!, {
      threads: args.whole("threads"),
      onProgress: loading.update,
    }).finally(loading.end);
    try {
      return generate(speaker, prompt, args, io);
    } finally {
      await speaker.close();
    }
  },
};

function generate(speaker: OpenSpeaker, { ids: prompt, tokenizer }: Prompt, args: Args, io: Io): 0 | 1 {
  const isSpeculative = args.flag("speculative");
  const speech = { prompt, most: args.whole("max-new"), stops: speaker.stops };
  const begun = performance.now();
  const spoken = aloud(tokenizer, args, io, (onToken) =>
    (isSpeculative ? speakSpeculatively : speakGreedily)(speaker, { ...speech, ...(onToken ? { onToken } : {}) }),
  );
  const seconds = (performance.now() - begun) / 1000;
  const single = args.flag("check") ? speakGreedily(speaker, speech, 1) : undefined;
  const isSame = single && saidTheSame(spoken, single);
  const runtime = args.text("host") === "ane-book" ? imitated(speaker, speech, spoken, isSpeculative) : undefined;
  const text = tokenizer && { text: tokenizer.decode(spoken.tokens) };
  if (args.flag("json"))
    io.out(
      JSON.stringify(
        {
          prompt,
          ...spoken,
          ...text,
          seconds,
          ...(single ? { greedy: single.tokens, same: isSame } : {}),
          ...(runtime ? { runtime } : {}),
        },
        null,
        2,
      ),
    );
  else {
    io.out([spoken.tokens.join(","), ...told(spoken, seconds, isSpeculative)].join("\n"));
    if (single) io.out(checkedText(single, isSame === true));
    if (runtime) io.out(imitatedText(runtime, tokenizer).join("\n"));
  }
  return isSame === false || runtime?.same === false ? 1 : 0;
}

/** Shows the text as it comes, where there is a tokenizer and somebody reads. */
function aloud(
  tokenizer: Prompt["tokenizer"],
  args: Args,
  io: Io,
  speak: (onToken?: Speech["onToken"]) => Spoken,
): Spoken {
  if (!tokenizer || args.flag("json")) return speak();
  const stream = textStream(tokenizer);
  const spoken = speak((token) => io.part(stream.push(token)));
  io.out(stream.end());
  return spoken;
}

const checkedText = ({ tokens }: Spoken, isSame: boolean): string =>
  isSame
    ? `SAME: token by token the model says these ${tokens.length} tokens too`
    : `DIFFERENT: token by token the model says ${tokens.join(",")}`;

function told(
  { tokens, calls, drafted, accepted }: Spoken,
  seconds: number,
  isSpeculative: boolean,
): readonly string[] {
  const rate = `${tokens.length} tokens in ${calls} calls, ${(tokens.length / seconds).toFixed(1)} tokens/s`;
  const share = drafted > 0 ? `${((100 * accepted) / drafted).toFixed(0)} % of ${drafted}` : "none of 0";
  return [rate, ...(isSpeculative ? [`drafted tokens accepted: ${share}`] : [])];
}
