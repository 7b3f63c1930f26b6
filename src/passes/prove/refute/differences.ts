/** Which values of the block differ from those of the steps on a counterexample: how a difference spreads. */
import { schedule } from "../../../dsl/graph.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { ProvenPair } from "../program/pair.ts";
import type { Pair } from "../program/relation.ts";
import type { Mismatch } from "./mismatch.ts";
import { isRead, pairOfTwin } from "./parting/pairs.ts";
import { runsOf } from "./parting/runs.ts";
import { differenceIn } from "./pinpoint.ts";
import { probesOf } from "./probes.ts";
import type { Counterexample } from "./shrink.ts";

/**
 * Of each value of the counterexample's own block that both graphs have the first place at which it differs in fp16, undefined where it does
 * not; rows of later tokens aside. Values without a twin, and those with numbers that are not finite, are not in it; nothing is where the
 * graphs were run with weights of their own, since they are too large to be run for this.
 */
export function differencesOn(counterexample: Counterexample): ReadonlyMap<Tensor, Mismatch | undefined> {
  const { pair, sample, weights } = counterexample;
  if (weights === "own") return new Map();
  const runs = runsOf(pair, sample, "fp16");
  const isSound = (value: Tensor): boolean =>
    runs.get(value)?.every(({ data }) => data.every(Number.isFinite)) === true;
  return new Map(
    twinsOf(pair)
      .filter(({ block, step }) => isSound(block) && isSound(step))
      .map((twin) => [twin.block, differenceIn(twin, runs, counterexample)]),
  );
}

/** By place where both have the same ops, else by the author's names; names of packages mean nothing. */
function twinsOf(pair: ProvenPair): readonly Pair[] {
  const [block, step] = [schedule(pair.block), schedule(pair.step)];
  const opOf = ({ def }: Tensor): string => (def.kind === "op" ? def.op : def.kind);
  if (block.length === step.length && block.every((value, n) => opOf(value) === opOf(step[n]!)))
    return block.flatMap((value, n) => pairOfTwin(pair, pair.tokens, { block: value, step: step[n]! }) ?? []);
  return isRead(pair.block) || isRead(pair.step) ? [] : probesOf(pair, pair.tokens, block);
}
