/** Parity on the engine's arithmetic: what a yes rests on, and with which op a no begins. */
import type { Graphs } from "../../dsl/host/twins.ts";
import { meet } from "../../dsl/host/twins.ts";
import { ARITHMETIC_SOURCE, type ArithmeticChip } from "../../passes/engine/chips.ts";
import { UNKNOWN_ORDER } from "../../passes/engine/knowledge.ts";
import { type DifferentCall, type FirstDifference, firstDifference } from "../../passes/parity/first-difference.ts";
import { engineWatch, type WatchedValue } from "../../passes/run/engine-watch.ts";
import type { Plan, PlanOptions } from "../../passes/run/plan.ts";
import type { Executor, Observer } from "../../passes/run/run.ts";
import type { OpenPair } from "../subject/pair.ts";
import { wrapLine } from "../terminal/wrap.ts";
import { arithmeticLine } from "./engine-text.ts";

/** What is told beside the report. */
export interface EngineParity {
  readonly chip: ArithmeticChip;
  readonly source: string;
  /** Ops of block and step whose sums a device may take in an order of its own, or whose arithmetic is not on record, each with how many values of both. */
  readonly restsOn: readonly { readonly why: string; readonly values: number }[];
  /** Sums of block and step that may pass the accumulator's limit in another order. */
  readonly mayOverflow: number;
  /** Null where graphs of other ops cannot be compared value by value; absent where nothing differs. */
  readonly first?: FirstDifference | null;
}

/** Both plans, and what watches them. */
export interface ParityWatch {
  readonly plans: readonly [PlanOptions, PlanOptions];
  readonly observe: { readonly block: Observer; readonly step: Observer };
  look(executor: Executor, plans: readonly [Plan, Plan], call: DifferentCall): void;
  report(): EngineParity;
}

/** A watch over all calls of block and step, whose ops may be others; the first call that differs is looked into. */
export function watchParity(pair: OpenPair & Graphs, chip: ArithmeticChip): ParityWatch {
  const [ofBlock, ofStep] = [engineWatch(pair.block), engineWatch(pair.step)];
  const found: (FirstDifference | null)[] = [];
  return {
    plans: [ofBlock.options, ofStep.options],
    observe: { block: ofBlock.observe, step: ofStep.observe },
    look(executor, [block, step], call) {
      if (found.length > 0) return;
      const { tokens } = meet(pair.block, pair.step, pair.given);
      const [runBlock, runStep] = [block, step].map(
        (plan) => (entry: Parameters<Executor["run"]>[1], see: Observer) => executor.run(plan, entry, see),
      );
      found.push(firstDifference(pair, tokens, call, [runBlock!, runStep!]) ?? null);
    },
    report() {
      const told = [...ofBlock.values(), ...ofStep.values()];
      const mayOverflow = told.reduce((sum, { tally }) => sum + tally.mayOverflow, 0);
      return {
        chip,
        source: ARITHMETIC_SOURCE,
        restsOn: reasonsOf(told),
        mayOverflow,
        ...(found.length > 0 ? { first: found[0]! } : {}),
      };
    },
  };
}

function reasonsOf(values: readonly WatchedValue[]): EngineParity["restsOn"] {
  const counts = new Map<string, number>();
  // What a table gives is the same for equal operands, known or not.
  for (const { why, level } of values)
    if (why !== undefined && (level === "open" || why.includes(UNKNOWN_ORDER)))
      counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, n]) => ({ why, values: n }));
}

/** Below the report of the runs. */
export function parityLines({ chip, restsOn, mayOverflow, first }: EngineParity, equal: boolean): readonly string[] {
  const reasons = restsOn.map(({ why, values }) =>
    wrapLine(`  ${why} (${values} ${values === 1 ? "value" : "values"} of block and step)`),
  );
  const rest =
    reasons.length === 0
      ? ["no op has a sum whose order may depend on T"]
      : [
          wrapLine(
            "this is one order of several for these ops, in which a device may treat T tokens otherwise than one:",
          ),
          ...reasons,
        ];
  return [
    arithmeticLine(chip),
    ...(equal ? rest : [firstLine(first)]),
    ...(mayOverflow > 0 ? [`${mayOverflow} sums may pass the accumulator's limit in another order`] : []),
  ];
}

function firstLine(first: EngineParity["first"]): string {
  if (first) return wrapLine(`the first op to differ is ${first.op} ("${first.value}", token ${first.token})`);
  return "with which op it begins is not told: no value of the block has its twin among those of the step";
}
