/** One random pair: proven, and the verdict held against the interpreter. */
import { GraphError } from "../../../../src/dsl/error.ts";
import type { Graph } from "../../../../src/dsl/graph.ts";
import { type Twins, twinsOf } from "../../../../src/dsl/twins.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import type { Verdict } from "../../../../src/passes/prove/report/verdict.ts";
import { dagGraph } from "./dag.ts";
import { maskedGraph } from "./masked.ts";
import { isOneFunction, type PairDraw } from "./draw.ts";
import { contractOf, STRICTEST } from "./feeds.ts";
import { searchDifference } from "./oracle.ts";

/** What a family of pairs builds. */
type Build = (draw: PairDraw, T: number, side: "block" | "step") => Graph;

export const FAMILIES: Readonly<Record<string, Build>> = { dag: dagGraph, masked: maskedGraph };

/** How a pair came out; those below the line are faults. */
export type Outcome =
  | "exact"
  | "reals"
  | "refuted"
  /** Not proven, and the interpreter tells the two apart. */
  | "different"
  /** Not proven, though nothing tells them apart. */
  | "gap"
  /** The draw makes no graphs, or no twins. */
  | "invalid"
  /** Proven, and no data kept what was printed. */
  | "untried";

export interface Judged {
  readonly outcome: Outcome;
  readonly fault?: string;
  readonly pair?: Twins;
}

/** How many experiments a verdict is held against. */
const EXPERIMENTS = 12;

/** Both graphs of a draw. @throws GraphError when an op refuses what was drawn. */
export function pairOf(draw: PairDraw): Twins {
  const build = FAMILIES[draw.family]!;
  return twinsOf(build(draw, draw.tokens, "block"), build(draw, 1, "step"));
}

export function judge(draw: PairDraw, experiments = EXPERIMENTS): Judged {
  let pair: Twins;
  try {
    pair = pairOf(draw);
  } catch (error) {
    if (error instanceof GraphError) return { outcome: "invalid" };
    throw error;
  }
  let verdict: Verdict;
  try {
    verdict = prove(pair.block, pair.step, { seed: draw.seed, budget: 0, secondOpinion: false });
  } catch (error) {
    return { outcome: "invalid", fault: `crash: ${(error as Error).stack?.split("\n").slice(0, 3).join(" | ")}`, pair };
  }
  return { ...verdictOn(draw, pair, verdict, experiments), pair };
}

function verdictOn(draw: PairDraw, pair: Twins, verdict: Verdict, experiments: number): Omit<Judged, "pair"> {
  const seeds = Array.from({ length: experiments }, (_, k) => draw.seed + k);
  switch (verdict.verdict) {
    case "PROVEN": {
      const { difference, fit } = searchDifference(pair, contractOf(verdict), verdict.level, seeds);
      if (difference) return { outcome: verdict.level, fault: `false PROVEN (${verdict.level}): ${JSON.stringify(difference)}` };
      return { outcome: fit === 0 ? "untried" : verdict.level };
    }
    case "REFUTED": {
      if (!isOneFunction(draw)) return { outcome: "refuted" };
      const both = (["exact", "reals"] as const).map((level) => searchDifference(pair, STRICTEST, level, seeds).difference);
      return both.some((x) => x) ? { outcome: "refuted" } : { outcome: "refuted", fault: `false REFUTED: ${verdict.finding.value}` };
    }
    case "NOT PROVEN": {
      const both = (["exact", "reals"] as const).map((level) => searchDifference(pair, STRICTEST, level, seeds).difference);
      return { outcome: both.some((x) => x) ? "different" : "gap" };
    }
  }
}
