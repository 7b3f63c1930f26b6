/** What bounds of its numbers add to a proof: ORDER-FREE (engine), and preconditions that are met, with the numbers. */
import { UserError } from "../../dsl/user-error.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { Args } from "../options/command.ts";
import type { OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import { type BoundedGraphs, boundedGraphs, graphsClaim, type OpenedGraphs } from "./author/claim.ts";
import type { RangesRecord } from "./claim-record.ts";
import { type BoundedModel, boundedModel, layersClaim } from "./layer-claim.ts";

/** The bounds that were asked for. */
export type Guaranteed = BoundedModel | BoundedGraphs;

/**
 * That there is something to bound, and that it is all that is spoken of: a proof is for all weights, and one layer stands for others in it; bounds are
 * of the weights of one layer alone.
 * @throws UserError where the option asks for bounds without a checkpoint, or of kinds of layers
 */
export function checkWeighed(args: Args, { storedWeights, model }: Pick<OpenPair, "storedWeights" | "model">): void {
  if (!args.flag("ranges")) return;
  if (!storedWeights)
    throw new UserError(
      "--ranges bounds numbers by the weights of a checkpoint, and there is none",
      "say --weights DIR, or leave the option out",
    );
  if (model && model.kinds.length > 1 && !args.given("layer") && !args.given("layers"))
    throw new UserError(
      "--ranges bounds the layers that are named, and without --layer one layer of each kind stands for the others",
      "say --layer N",
    );
}

/** Bounds the layers that the options name, or the graphs of an author, if they ask for it. @throws UserError for what the weights refuse */
export async function guaranteedBy(opened: OpenedGraphs, args: Args, io: Io): Promise<Guaranteed | undefined> {
  if (!args.flag("ranges")) return undefined;
  const store = await opened.openWeights();
  try {
    return opened.config
      ? await boundedModel(opened.config, store, args, io)
      : await boundedGraphs(opened, store, args, io);
  } finally {
    await store.close();
  }
}

/** The claim, and which of the preconditions of a verdict are met. */
export const rangesClaim = (guaranteed: Guaranteed, verdict: Verdict): RangesRecord =>
  guaranteed.of === "layers" ? layersClaim(guaranteed, verdict) : graphsClaim(guaranteed, verdict);
