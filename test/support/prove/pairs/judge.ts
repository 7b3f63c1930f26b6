/** One random pair: proven, and the verdict held against the interpreter. */
import { GraphError } from "../../../../src/dsl/error.ts";
import type { Graph } from "../../../../src/dsl/graph.ts";
import { type Twins, twinsOf } from "../../../../src/dsl/host/twins.ts";
import { checkStoredSizes } from "../../../../src/passes/prove/program/stored-sizes.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import type { Verdict } from "../../../../src/passes/prove/report/verdict.ts";
import { RULES } from "../../../../src/passes/prove/rules/rule-book.ts";
import { contradictedBy } from "./consequences.ts";
import { dagGraph } from "./dag.ts";
import { isOneFunction, type PairDraw } from "./draw.ts";
import { contractOf, STRICTEST } from "./feeds.ts";
import { maskedGraph } from "./masked.ts";
import { searchDifference } from "./oracle.ts";
import { positionsGraph } from "./positions.ts";
import { statesGraph } from "./states.ts";
import { pick } from "./value.ts";

/** What a family of pairs builds. */
type Build = (draw: PairDraw, T: number, side: "block" | "step") => Graph;

const PLAIN: readonly Build[] = [dagGraph, maskedGraph, positionsGraph, statesGraph];

/** By name; `names` is any of them under odd names. */
export const FAMILIES: Readonly<Record<string, Build>> = {
  dag: dagGraph,
  masked: maskedGraph,
  positions: positionsGraph,
  states: statesGraph,
  names: (draw, T, side) => pick(PLAIN, draw.knobs[7]! >> 2)(draw, T, side),
};

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

/** How many times as many before a refutation is called false. */
const PATIENCE = 25;

const seedsOf = ({ seed }: PairDraw, count: number): readonly number[] =>
  Array.from({ length: count }, (_, k) => seed + k);

/** Experiments that must have kept all preconditions before a refutation is called false. */
const ENOUGH = 4;

/** Both graphs of a draw. @throws GraphError when an op refuses what was drawn, or an edit gave one weight two sizes. */
export function pairOf(draw: PairDraw): Twins {
  const build = FAMILIES[draw.family]!;
  const pair = twinsOf(build(draw, draw.tokens, "block"), build(draw, 1, "step"));
  checkStoredSizes([pair.block, pair.step]);
  return pair;
}

/** Proves the pair of a draw, by a broken rule book where one is given, and holds the verdict against the interpreter. */
export function judge(draw: PairDraw, experiments = EXPERIMENTS, rules = RULES): Judged {
  let pair: Twins;
  try {
    pair = pairOf(draw);
  } catch (error) {
    if (error instanceof GraphError) return { outcome: "invalid" };
    throw error;
  }
  let verdict: Verdict;
  try {
    verdict = prove(pair.block, pair.step, { seed: draw.seed, budget: 0, rules });
  } catch (error) {
    const quiet = { counterexample: false, secondOpinion: false, rules } as const;
    const judged = verdictOn(draw, pair, prove(pair.block, pair.step, quiet), experiments);
    if (judged.fault) return { ...judged, pair };
    return { outcome: "invalid", fault: `crash: ${(error as Error).stack?.split("\n").slice(0, 3).join(" | ")}`, pair };
  }
  return { ...verdictOn(draw, pair, verdict, experiments), pair };
}

function verdictOn(draw: PairDraw, pair: Twins, verdict: Verdict, experiments: number): Omit<Judged, "pair"> {
  const seeds = seedsOf(draw, experiments);
  switch (verdict.verdict) {
    case "PROVEN": {
      const { difference, fit } = searchDifference(pair, contractOf(verdict), verdict.level, seeds);
      if (difference)
        return { outcome: verdict.level, fault: `false PROVEN (${verdict.level}): ${JSON.stringify(difference)}` };
      for (const seed of seeds.slice(0, 4)) {
        const found = contradictedBy(
          { pair, contract: contractOf(verdict), level: verdict.level, seed },
          verdict.corollaries,
        );
        if (found) return { outcome: verdict.level, fault: `false corollary ${found}` };
      }
      return { outcome: fit === 0 ? "untried" : verdict.level };
    }
    case "REFUTED": {
      if (!isOneFunction(draw)) return { outcome: "refuted" };
      // Before it is called false: what parts a pair may be rare, such as two rows of six that a table makes one.
      const { different, fit } = [1, PATIENCE].reduce(
        (found, times) => (found.different ? found : strictly(pair, seedsOf(draw, times * experiments))),
        { different: false, fit: 0 },
      );
      const wrong = !different && fit >= ENOUGH;
      return { outcome: "refuted", ...(wrong ? { fault: `false REFUTED: ${verdict.finding.value}` } : {}) };
    }
    case "NOT PROVEN":
      return { outcome: strictly(pair, seeds).different ? "different" : "gap" };
  }
}

/** Whether data that keep every precondition tell the two apart, and how many did keep them. */
function strictly(pair: Twins, seeds: readonly number[]): { readonly different: boolean; readonly fit: number } {
  const both = (["exact", "reals"] as const).map((level) => searchDifference(pair, STRICTEST, level, seeds));
  return { different: both.some((x) => x.difference), fit: Math.min(...both.map((x) => x.fit)) };
}
