/**
 * Where each op of a chain goes: the planner takes the path with the least estimated time. Source of the rule and of its score (440 of
 * 482 models as the device had it, 41 ties, 1 other): src/passes/placement/chips.ts.
 */
import { BACKENDS, type Backend } from "./chips.ts";
import type { Cost } from "./cost.ts";

/** Milliseconds for a change of backend, for beginning on the engine, and for a result that leaves it. Read on M4 with macOS 27.0.1. */
const SWITCH = 0.125;
/** Times closer than this are one: the sums are of doubles. */
const SAME = 1e-9;

/** Where an op goes; a tie where paths of the same time differ. */
export type Place = "engine" | "CPU" | "tie";

/** Where every op of a chain goes, and what it is estimated to take in all. */
export interface Chain {
  readonly places: readonly Place[];
  readonly milliseconds: number;
}

/** An op of the chain: what it costs, and whether the engine can take it. */
export interface Link {
  readonly cost: Cost;
  readonly onEngine: boolean;
}

const costAt = ({ cost, onEngine }: Link, backend: Backend): number =>
  backend === "ane" && !onEngine ? Number.POSITIVE_INFINITY : cost[backend];

/** What it takes to come to a backend from another, or from the inputs. */
const entering = (from: Backend | undefined, to: Backend): number =>
  from === to ? 0 : (to === "ane" ? SWITCH : 0) + (from === undefined ? 0 : SWITCH);
const leaving = (from: Backend): number => (from === "ane" ? SWITCH : 0);

const least = (numbers: readonly number[]): number => Math.min(...numbers);

/** The places of a chain of ops in the order of the file. */
export function chainOf(links: readonly Link[]): Chain {
  if (links.length === 0) return { places: [], milliseconds: 0 };
  const before = [BACKENDS.map((b) => entering(undefined, b) + costAt(links[0]!, b))];
  for (const link of links.slice(1)) {
    const last = before.at(-1)!;
    before.push(BACKENDS.map((b) => costAt(link, b) + least(BACKENDS.map((from, k) => last[k]! + entering(from, b)))));
  }
  const after = [BACKENDS.map(leaving)];
  for (const link of links.slice(1).toReversed()) {
    const next = after[0]!;
    after.unshift(BACKENDS.map((b) => least(BACKENDS.map((to, k) => entering(b, to) + costAt(link, to) + next[k]!))));
  }
  const milliseconds = least(before.at(-1)!.map((x, k) => x + leaving(BACKENDS[k]!)));
  const best = (k: number): readonly Backend[] =>
    BACKENDS.filter((_, b) => before[k]![b]! + after[k]![b]! <= milliseconds + SAME);
  return { places: links.map((_, k) => placeOf(best(k))), milliseconds };
}

function placeOf(backends: readonly Backend[]): Place {
  if (!backends.includes("ane")) return "CPU";
  return backends.length === 1 ? "engine" : "tie";
}
