/** What attempts at the proof of a declaration come to. */
import { assumptionsOf } from "../../../src/passes/prove/assumptions.ts";
import { type Outcome, proveCut } from "../../../src/passes/prove/attempts.ts";
import type { Assumptions } from "../../../src/passes/prove/logic/setting.ts";
import { findCuts } from "../../../src/passes/prove/program/cuts.ts";
import { provenPair, type Stored } from "../../../src/passes/prove/program/pair.ts";
import { resultPairs } from "../../../src/passes/prove/program/results.ts";
import { RULES } from "../../../src/passes/prove/rules/rule-book.ts";
import { type Fault, pairOf } from "./corpus/fault.ts";

interface Asked {
  /** 2 when absent. */
  readonly tokens?: number;
  readonly derives?: boolean;
  /** False: the graphs are cut nowhere. */
  readonly cut?: boolean;
  readonly attempts?: readonly Assumptions[];
  readonly known?: Stored;
  readonly progress?: (done: number, total: number) => void;
}

/** By the rules as they are; every attempt that `prove` would make, unless said otherwise. */
export function outcome(
  fault: Fault,
  { tokens = 2, derives = false, cut = true, attempts, known, progress }: Asked = {},
): Outcome {
  const { block, step } = pairOf(fault, tokens, false);
  const pair = provenPair(block, step, known);
  const task = { pair, rules: RULES, derives, ...(progress ? { progress } : {}) };
  return proveCut(task, cut ? findCuts(pair) : [], resultPairs(pair), attempts ?? assumptionsOf(pair));
}
