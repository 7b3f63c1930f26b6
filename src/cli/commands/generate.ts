/** `graphc generate`: runs a built model as the device's host does, and says its tokens. */
import { type Spoken, saidTheSame, speakGreedily, speakSpeculatively } from "../../build/host/decode.ts";
import { type OpenSpeaker, openSpeaker } from "../../build/host/speaker.ts";
import type { Args, Command } from "../command.ts";
import { DRIFT_OPTIONS, reportDrift } from "../generate-drift.ts";
import type { Io } from "../io.ts";

/** Tokens from a folder that `build` wrote. */
export const generateCommand: Command = {
  name: "generate",
  operands: "DIR",
  arity: [1, 1],
  needs: "a folder that graphc build wrote",
  example: "model --prompt-ids 1,2,3",
  options: {
    "prompt-ids": {
      kind: "form",
      value: "ID,ID,...",
      form: /^\d{1,9}(,\d{1,9})*$/,
      like: "1,2,3",
      help: "tokens of the prompt",
      default: "1",
    },
    "max-new": { kind: "whole", value: "N", min: 1, help: "new tokens at most", default: "32" },
    speculative: { kind: "flag", help: "draft tokens by what stood before, and verify them in blocks" },
    check: { kind: "flag", help: "also decode token by token, and say whether the tokens are the same" },
    ...DRIFT_OPTIONS,
    threads: { kind: "whole", value: "N", min: 1, max: 2, help: "threads", default: "1" },
  },
  notes: ["Exit code 1 when --check finds other tokens."],
  async run(args, io) {
    if (args.given("against")) return reportDrift(args.text("prompt-ids")!.split(",").map(Number), args, io);
    const loading = io.progress("loading");
    const speaker = await openSpeaker(args.operands[0]!, {
      threads: args.whole("threads"),
      onProgress: loading.update,
    }).finally(loading.end);
    try {
      return generate(speaker, args, io);
    } finally {
      await speaker.close();
    }
  },
};

function generate(speaker: OpenSpeaker, args: Args, io: Io): 0 | 1 {
  const prompt = args.text("prompt-ids")!.split(",").map(Number);
  const speech = { prompt, most: args.whole("max-new"), stops: speaker.stops };
  const begun = performance.now();
  const spoken = args.flag("speculative") ? speakSpeculatively(speaker, speech) : speakGreedily(speaker, speech);
  const seconds = (performance.now() - begun) / 1000;
  const single = args.flag("check") ? speakGreedily(speaker, speech, 1) : undefined;
  const isSame = single && saidTheSame(spoken, single);
  if (args.flag("json"))
    io.out(
      JSON.stringify(
        { prompt, ...spoken, seconds, ...(single ? { greedy: single.tokens, same: isSame } : {}) },
        null,
        2,
      ),
    );
  else io.out([spoken.tokens.join(","), ...told(spoken, seconds, args.flag("speculative"))].join("\n"));
  if (!single) return 0;
  if (!args.flag("json"))
    io.out(
      isSame
        ? `SAME: token by token the model says these ${single.tokens.length} tokens too`
        : `DIFFERENT: token by token the model says ${single.tokens.join(",")}`,
    );
  return isSame ? 0 : 1;
}

function told(
  { tokens, calls, drafted, accepted }: Spoken,
  seconds: number,
  isSpeculative: boolean,
): readonly string[] {
  const rate = `${tokens.length} tokens in ${calls} calls, ${(tokens.length / seconds).toFixed(1)} tokens/s`;
  const share = drafted > 0 ? `${((100 * accepted) / drafted).toFixed(0)} % of ${drafted}` : "none of 0";
  return [rate, ...(isSpeculative ? [`drafted tokens accepted: ${share}`] : [])];
}
