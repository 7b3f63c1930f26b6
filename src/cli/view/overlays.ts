/** What is known of a pair, as layers over its picture. */

import { basename } from "node:path";
import { judge } from "../../api/judge-graph.ts";
import { withHost } from "../../api/open-graphs.ts";
import { proofOf } from "../../api/proof.ts";
import { UserError } from "../../dsl/user-error.ts";
import { graphHash } from "../../passes/prove/report/certificate.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { Beside } from "../../view/beside.ts";
import type { Overlay } from "../../view/data.ts";
import { type Compared, diffOverlay, noDiff } from "../../view/overlays/diff.ts";
import { engineOverlay } from "../../view/overlays/engine.ts";
import { numbersOverlay } from "../../view/overlays/numbers.ts";
import { proofOverlay } from "../../view/overlays/proof.ts";
import { tokensOverlay } from "../../view/overlays/tokens.ts";
import { chipsOf } from "../check/placement.ts";
import type { Args } from "../options/command.ts";
import { haveContents, isPackage } from "../options/operand-kind.ts";
import { checkIsStep, type OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import { tellVerdict } from "../verdict/tell.ts";
import { boundedValues } from "./bounded.ts";
import { measuredPlan } from "./measured.ts";
import { surveyedBlocks } from "./surveyed.ts";

/** In the order of the switches. */
export async function overlaysOf(
  pair: OpenPair,
  beside: Beside | undefined,
  args: Args,
  io: Io,
): Promise<readonly Overlay[]> {
  const judged = { graph: pair.block, skipped: [], findings: [], unknown: [] };
  // First: evidence of other bytes is a mistake that nothing else should be waited for.
  const measured = await measuredPlan(pair, args);
  const checked = await judge(judged, undefined, { ranges: new Map(), chips: chipsOf(args), roles: [] });
  return [
    await tokensOverlay(withHost(pair), pair.block, io),
    await proofOverlay(
      { ...withHost(pair), drawn: pair.block },
      () => verdictOf(pair, args, io),
      (verdict) => tellVerdict(verdict, BRIEFLY),
    ),
    await numbersOverlay(pair.block, {
      seen: () => surveyedBlocks(pair, args, io),
      bounded: () => boundedValues(pair, args, io),
    }),
    engineOverlay(pair.block, checked, measured),
    beside
      ? diffOverlay(pair.block, beside, comparedOf(args))
      : noDiff("there is no second graph beside it: graphc view A B"),
  ];
}

/** File names alone where they tell the two apart. */
function comparedOf({ operands }: Args): Compared {
  const [first, second] = operands as [string, string];
  const [a, b] = [basename(first), basename(second)];
  const weights = haveContents(operands) ? "contents" : "names";
  return a === b ? { first, second, weights } : { first: a, second: b, weights };
}

const BRIEFLY = { flag: () => false };

/** @throws UserError where there is nothing to compare */
async function verdictOf(pair: OpenPair, args: Args, io: Io): Promise<Verdict> {
  if (graphHash(pair.block) === graphHash(pair.step))
    throw new UserError("there is no one-token graph beside it", "give the block's package, then its one-token twin");
  if (args.operands.length > 1 && args.operands.every(isPackage)) checkIsStep(pair, args.operands[1]!);
  return (await proofOf(pair, io)).verdict;
}
