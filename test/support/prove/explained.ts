/** What a failed proof of two graphs says, and what it says of a value by name. */
import { named, type Tensor } from "../../../src/dsl/tensor.ts";
import { cutPairs } from "../../../src/passes/prove/program/cuts.ts";
import { provenPair } from "../../../src/passes/prove/program/pair.ts";
import { newPrograms } from "../../../src/passes/prove/program/program.ts";
import { compare, type Difference, type Pair } from "../../../src/passes/prove/program/relation.ts";
import { resultPairs } from "../../../src/passes/prove/program/results.ts";
import { explain, explainAt } from "../../../src/passes/prove/refute/explain.ts";
import type { Finding } from "../../../src/passes/prove/refute/finding.ts";
import { type Context, newContext } from "../../../src/passes/prove/rules/context.ts";
import { RULES } from "../../../src/passes/prove/rules/rule-book.ts";
import { type Feeds, pairOf, type Results, type Value } from "./corpus/fault.ts";

/** A graph as a function of what it reads. */
export type Make = (f: Feeds) => Results;
/** The value under a name. */
export const as = (name: string, x: Tensor): Value => named(name, x as Value);

interface How {
  readonly tokens?: number;
  readonly mode?: Context["mode"];
  readonly contiguous?: boolean;
  /** Values that count as proven. */
  readonly cuts?: (pairs: readonly Pair[]) => readonly Pair[];
}

/** What is said of the first result that differs, and of values by name. @throws Error where none does */
export function explained(block: Make, step: Make, { tokens = 2, mode = "exact", contiguous = false, cuts }: How = {}) {
  const graphs = pairOf({ make: block, step }, tokens, false);
  const pair = provenPair(graphs.block, graphs.step);
  const results = resultPairs(pair);
  const c = newContext({ mode, twoValued: false, contiguous, column: "one" }, pair, RULES);
  const p = newPrograms(c, pair, cutPairs(cuts?.(results) ?? []));
  const known = results.map((result) => compare(p, result).difference).find((x) => x !== undefined);
  return {
    c,
    /** Of the first difference, or of other terms in its place. */
    finding: (terms: Pick<Difference, "block" | "step"> = {}): Finding => {
      if (!known) throw new Error("nothing differs");
      return explain(p, graphs, { ...known, ...terms });
    },
    at: (name: string): Finding | undefined => explainAt(p, graphs, name),
    graphs,
  };
}

/** The finding of two graphs. */
export const found = (block: Make, step: Make, how?: How): Finding => explained(block, step, how).finding();
