/** `graphc prove`: the block of T tokens equals T single-token calls, for all weights, inputs and caches. */
import { dumpCounterexample } from "../../emit/dump.ts";
import { weightIdentity } from "../../emit/weight-identity.ts";
import { prove as proveGraphs } from "../../passes/prove/prove.ts";
import type { Verdict } from "../../passes/prove/verdict.ts";
import type { Args, Command } from "../command.ts";
import type { Io } from "../io.ts";
import { pairOf } from "../pair.ts";
import { claimOf, plainVerdict, printVerdict } from "../prove-text.ts";
import { MODEL_OPTIONS } from "../target.ts";

export const prove: Command = {
  name: "prove",
  summary: "Proves that a block of T tokens gives what T single tokens give, or shows where it does not.",
  operands: "phi4-mini | GRAPH.ts | BLOCK.mlpackage [STEP.mlpackage]",
  arity: [1, 2],
  options: {
    ...MODEL_OPTIONS,
    dump: { type: "string", value: "DIR", help: "write the counterexample, for graphc run to replay" },
  },
  notes: [
    "PROVEN (exact): equal bits up to the sign of zero. PROVEN (reals): equal over the real numbers.",
    "REFUTED: with an input on which they differ. NOT PROVEN: anything else. Exit code 0 when proven, else 1.",
  ],
  async run(args, io) {
    const verdict = await verdictOf(args, io);
    if (args.flag("json")) io.out(JSON.stringify(plainVerdict(verdict), null, 2));
    else io.out(printVerdict(verdict));
    const dump = args.text("dump");
    if (dump !== undefined && verdict.verdict === "REFUTED") {
      await dumpCounterexample(dump, verdict.counterexample);
      io.err(
        `replay: graphc run ${dump}/block.mlpackage ${dump}/step.mlpackage --inputs ${dump}/block.inputs.safetensors --state ${dump}/state.safetensors`,
      );
    }
    return claimOf(verdict).startsWith("PROVEN") ? 0 : 1;
  },
};

async function verdictOf(args: Args, io: Io): Promise<Verdict> {
  const { block, step, small } = await pairOf(args);
  const progress = io.progress("proving");
  try {
    return proveGraphs(block, step, {
      progress: progress.update,
      weightIdentity: weightIdentity([block, step]),
      ...(small ? { small } : {}),
    });
  } finally {
    progress.end();
  }
}
