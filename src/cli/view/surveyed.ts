/** Runs a block as `graphc survey` does, for a page that shows every value of it. */
import { checkMemory } from "../../api/memory.ts";
import { withHost } from "../../api/open-graphs.ts";
import { schedule } from "../../dsl/graph.ts";
import { twinsOf } from "../../dsl/host/twins.ts";
import { sizeOf } from "../../dsl/type.ts";
import { planOf } from "../../passes/run/plan.ts";
import { type Surveyor, surveyor } from "../../passes/survey/survey.ts";
import type { Surveyed } from "../../view/overlays/numbers.ts";
import type { Args } from "../options/command.ts";
import type { OpenPair } from "../subject/pair.ts";
import { runBlocks } from "../survey/measure.ts";
import { BLOCKS, isEmbedded } from "../survey/rows.ts";
import type { Io } from "../terminal/io.ts";

/** Numbers of weights up to which a page runs a block unasked: a true-size layer has fewer. */
const UNASKED = 2 ** 27;

/** What was seen of each value; a text is why nothing was run. */
export async function surveyedBlocks(opened: OpenPair, args: Args, io: Io): Promise<Surveyed | string> {
  const numbers = schedule(opened.block).reduce(
    (n, { def, type }) => n + (def.kind === "weight" ? sizeOf(type.shape) : 0),
    0,
  );
  if (numbers > UNASKED && !args.flag("numbers"))
    return `its weights are ${Math.round(numbers / 1e6)} million numbers: say --numbers to run it all the same`;
  const pair = withHost(opened);
  const { tokens, slots } = twinsOf(pair.block, pair.step, pair.given);
  const blocks = Math.min(BLOCKS, Math.floor((slots ?? BLOCKS * tokens) / tokens));
  if (blocks < 1) return "its cache has no room for a block";
  const own: Args = { ...args, whole: (option) => (option === "tokens" ? tokens : args.whole(option)) };
  const of = await seenBlocks(pair, own, io, blocks);
  const inputs = isEmbedded(pair, args)
    ? "embeddings of tokens of the checkpoint"
    : `random inputs of seed ${args.whole("seed")}`;
  return { graph: pair.block, of, blocks, tokens, inputs };
}

async function seenBlocks(pair: OpenPair, args: Args, io: Io, blocks: number): Promise<Surveyor["of"]> {
  const plan = planOf(pair.block, { precision: "fp16" });
  checkMemory([plan], "this run");
  const store = await pair.openWeights();
  try {
    const seen = surveyor(pair.block);
    await runBlocks({ pair, args, io, plan, store, seen, targets: [], blocks });
    // A value that only shows another's bytes is not run by itself.
    return (value) => seen.of(value) ?? seen.of(plan.owners.get(value) ?? value);
  } finally {
    await store.close();
  }
}
