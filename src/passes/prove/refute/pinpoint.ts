/**
 * A finding and the input that shows it name the same value: the one that the terms part at where it differs on the input,
 * else the first that does.
 */
import { schedule } from "../../../dsl/graph.ts";
import { FAR } from "../logic/visible.ts";
import type { ProvenPair } from "../program/pair.ts";
import type { Pair } from "../program/relation.ts";
import { resultPairs } from "../program/results.ts";
import type { Sample } from "./feeds.ts";
import { type ExplainAt, type Finding, withoutHint } from "./finding.ts";
import { eachIndex, flatten, type Mismatch } from "./mismatch.ts";
import { byRuns } from "./parting/by-runs.ts";
import { type Judge, type Parting, partings } from "./parting/descent.ts";
import { asideOf, isRead, pairOfTwin } from "./parting/pairs.ts";
import { type Runs, runsOf } from "./parting/runs.ts";
import { namedFirst, probesOf } from "./probes.ts";
import { cacheRowsOf } from "./rows-for.ts";
import type { Counterexample } from "./shrink.ts";

/** A finding, and an input on which the value that it names differs. */
export interface Shown {
  readonly finding: Finding;
  readonly counterexample: Counterexample;
}

/** Makes the two speak of one value. */
export function pinpoint(finding: Finding, counterexample: Counterexample, explainAt: ExplainAt): Shown {
  const { pair, sample } = counterexample;
  const runs = runsOf(pair, sample, "fp16");
  const read = isRead(pair.block) || isRead(pair.step);
  if (read) return pinpointRead(finding, counterexample, runs, explainAt);
  const probes = [...namedFirst(probesOf(pair, pair.tokens, schedule(pair.block))), ...resultPairs(pair)];
  const own = probes.filter(({ name }) => name === finding.value);
  for (const probe of [...own, ...probes]) {
    const value = differenceIn(probe, runs, counterexample);
    if (!value) continue;
    const told = own.includes(probe) ? finding : retold(finding, found(probe, value), explainAt(probe.name));
    return { finding: withoutHint(told), counterexample: { ...counterexample, value } };
  }
  return { finding: withoutHint(finding), counterexample };
}

/**
 * Names mean nothing there: what is told of is found by what values are made from, on the input as it was found, where no
 * value is zero by chance. Where the small input shows none of it, that one gives the place, and the small one the result.
 */
function pinpointRead(finding: Finding, counterexample: Counterexample, small: Runs, explainAt: ExplainAt): Shown {
  const { pair, sample, found: whole } = counterexample;
  const exact = runsOf(pair, whole, "fp64");
  const all = partingsOf(pair, byRuns(pair, whole, exact));
  const shownIn = (runs: Runs, data: Sample) =>
    all.flatMap((at): readonly At[] => {
      const probe = probeOf(pair, at);
      const value = probe && differenceIn(probe, runs, { pair, sample: data }, at.later);
      return value ? [{ at, probe, value }] : [];
    })[0];
  const shown = shownIn(small, sample);
  const first = shown ?? shownIn(exact, whole);
  if (!first) return { finding: withoutHint(finding), counterexample };
  const { at, probe, value } = first;
  const terms = at.later ? undefined : explainAt(probe.name, at);
  const told = { ...retold(finding, found(probe, value), terms), value: probe.name, ...asideOf(at) };
  return { finding: withoutHint(told), counterexample: { ...counterexample, ...(shown ? { value } : {}) } };
}

interface At {
  readonly at: Parting;
  readonly probe: Pair;
  readonly value: Mismatch;
}

/** Where all results that differ begin to, in the order in which the block computes. */
function partingsOf(pair: ProvenPair, judge: Judge): readonly Parting[] {
  const place = new Map(schedule(pair.block).map((value, k) => [value, k]));
  return resultPairs(pair)
    .filter((result) => judge.fit(result) !== "equal")
    .flatMap((result) => partings(judge, result))
    .toSorted((a, b) => place.get(a.block)! - place.get(b.block)!);
}

/** A result goes by its own name. */
const probeOf = (pair: ProvenPair, { block, step }: Parting): Pair | undefined =>
  resultPairs(pair).find((result) => result.block === block && result.step === step) ??
  pairOfTwin(pair, pair.tokens, { block, step });

/**
 * The first place at which a value of the block is not that of the steps. On the way to a result, rows of later tokens mean
 * nothing to a token.
 */
export function differenceIn(
  probe: Pair,
  runs: Runs,
  { sample, pair }: Pick<Counterexample, "sample" | "pair">,
  ofLater = false,
): Mismatch | undefined {
  const { name, block, step, tokenAxis, what, token: only } = probe;
  const { shape } = block.type;
  const written = cacheRowsOf(pair, sample.rows);
  const later = (token: number | undefined, index: readonly number[]): boolean =>
    what === "value" &&
    index.some(
      (i, axis) => axis !== tokenAxis && shape[axis] === pair.slots && written.indexOf(i) > (token ?? Infinity),
    );
  let parted: Mismatch | undefined;
  eachIndex(shape, (index, flat) => {
    const token = what === "state" ? undefined : tokenAxis === undefined ? (only ?? 0) : index[tokenAxis]!;
    if (only !== undefined && token !== only) return true;
    const steps = runs.get(step)!;
    const one = token === undefined ? steps.at(-1)! : steps[token]!;
    const own = tokenAxis === undefined ? index : index.with(tokenAxis, 0);
    const [a, b] = [runs.get(block)![0]!.data[flat]!, one.data[flatten(own, one.shape)]!];
    if (
      a === b ||
      later(token, index) !== ofLater ||
      (ofLater && Math.max(a, b) <= FAR) ||
      !Number.isFinite(a) ||
      !Number.isFinite(b)
    )
      return true;
    parted = { name, index: [...index], block: a, step: b, ...(token === undefined ? {} : { token }) };
    return false;
  });
  return parted;
}

/** What is said of another value than the finding's: its terms where they part, else why the finding's were not to be had. */
function retold({ reason, site }: Finding, at: Finding, terms: Finding | undefined): Finding {
  if (terms && !terms.reason) return terms;
  return reason ? { ...at, reason, site } : at;
}

function found({ name, block }: Pair, { index, token }: Mismatch): Finding {
  const place = `[${index.join(", ")}]`;
  return {
    value: name,
    where: token === undefined ? `at ${place}` : `token ${token}, at ${place}`,
    op: block.def.kind === "op" ? block.def.op : block.def.kind,
    site: block.site,
  };
}
