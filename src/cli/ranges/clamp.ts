/** `--clamp`: where an author's values are clipped, from what sample inputs make of them. */
import { schedule } from "../../dsl/graph.ts";
import { meet } from "../../dsl/host/twins.ts";
import { type Clamp, clampFor } from "../../passes/ranges/held/clamps.ts";
import { LIMITS } from "../../passes/ranges/limits.ts";
import type { Args } from "../options/command.ts";
import { requestedSize } from "../options/size-options.ts";
import { BLOCKS } from "../survey/rows.ts";
import type { Io } from "../terminal/io.ts";
import { givenOf } from "./author/author.ts";
import type { OpenedGraphs } from "./author/claim.ts";
import { sampled } from "./author/samples.ts";
import { figure } from "./author/text.ts";

/** What samples reach, by the place of a value in the schedule of the graphs; how many there were. */
export interface Reached {
  readonly blocks: number;
  readonly tokens: number;
  readonly most: ReadonlyMap<number, number>;
}

/** Runs the first block, without clamps, on random inputs within the bounds. @throws UserError for what the weights refuse */
export async function reachedOn(opened: OpenedGraphs, args: Args, io: Io): Promise<Reached> {
  const { block, step, tokens, roles } = meet(opened.blocks[0]!, opened.step, opened.roles);
  const { given } = givenOf(block, roles, args);
  const blocks = Math.max(1, Math.min(BLOCKS, Math.floor(requestedSize(args).maxSeq / tokens)));
  const pair = { block, step, given: opened.roles, storedWeights: false, openWeights: opened.openWeights };
  const own: Args = { ...args, whole: (option) => (option === "tokens" ? tokens : args.whole(option)) };
  const progress = io.progress("running samples");
  progress.update(0, 1);
  const seen = await sampled(pair, given, own, blocks).finally(progress.end);
  const most = [...schedule(block).entries()].flatMap(([place, x]) => {
    const own = seen.get(x);
    return own === undefined ? [] : [[place, own] as const];
  });
  return { blocks, tokens, most: new Map(most) };
}

/** The clamp of a value, which has to be below a number; or why there is none, as the end of a sentence. */
export function clampAt(
  place: number,
  { most }: Reached,
  margin: number,
  below: number,
): Omit<Clamp, "results"> | string {
  const own = most.get(place);
  if (own === undefined) return "samples do not show what it is made of";
  if (!(own > 0 && Number.isFinite(own))) return `what it is made of is ${own} on every sample, which tells no clamp`;
  const clamp = clampFor(own, margin);
  if (clamp < below) return { place, most: clamp };
  const why = below === LIMITS.fp16 ? "does fp16 hold it" : "is the weight of a masked row 0 (P8)";
  return `samples reach ${figure(own)}, so that --clamp ${margin} would clip at ${figure(own * margin)}, and only below ${below} ${why}`;
}
