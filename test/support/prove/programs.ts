/** Block and steps of a declaration, ready to be read element by element. */
import * as ix from "../../../src/passes/prove/logic/indices.ts";
import { type ProvenPair, provenPair, type Stored } from "../../../src/passes/prove/program/pair.ts";
import { type CutPairs, newPrograms, type Programs } from "../../../src/passes/prove/program/program.ts";
import type { Pair } from "../../../src/passes/prove/program/relation.ts";
import { resultPairs } from "../../../src/passes/prove/program/results.ts";
import { type Fault, pairOf } from "./corpus/fault.ts";
import { attempt } from "./term-value.ts";

export interface Made {
  readonly pair: ProvenPair;
  readonly p: Programs;
  /** Its index expressions. */
  readonly s: ix.Indices;
  /** A place of known numbers. */
  at(...place: readonly number[]): readonly ix.Ix[];
  /** The state or output of that name on both sides. */
  result(name: string): Pair;
}

const NO_CUTS: CutPairs = { block: new Map(), step: new Map() };

/** Of two graphs that are cut nowhere, unless said otherwise. */
export function programsOf(graphs: ReturnType<typeof pairOf>, known: Stored = {}, cuts = NO_CUTS): Made {
  const pair = provenPair(graphs.block, graphs.step, known);
  const { tokens, lastRow } = pair;
  const p = newPrograms({ ...attempt(), tokens, lastRow }, pair, cuts);
  const s = p.c.store.indices;
  const results = resultPairs(pair);
  return {
    pair,
    p,
    s,
    at: (...place) => place.map((n) => ix.constant(s, n)),
    result: (name) => results.find((x) => x.name === name)!,
  };
}

/** Of a declaration at some tokens; `bad` makes its edit. */
export const programs = (make: Fault["make"], tokens: number, bad = false): Made =>
  programsOf(pairOf({ make }, tokens, bad));
