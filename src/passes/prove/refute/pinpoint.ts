/**
 * A finding and the input that shows it name the same value: the one that the terms part at where it differs on the input,
 * else the first that does.
 */
import { schedule } from "../../../dsl/graph.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { NDArray } from "../../interpret/array.ts";
import type { Pair } from "../program/relation.ts";
import { resultPairs } from "../program/results.ts";
import { type Finding, withoutHint } from "./finding.ts";
import { eachIndex, flatten, type Mismatch } from "./mismatch.ts";
import { namedFirst, probesOf } from "./probes.ts";
import { bothRunner } from "./sample.ts";
import type { Counterexample } from "./shrink.ts";

/** A finding, and an input on which the value that it names differs. */
export interface Shown {
  readonly finding: Finding;
  readonly counterexample: Counterexample;
}

/** What the terms say of a value by its name, if they part there. */
export type ExplainAt = (name: string) => Finding | undefined;

/** Makes the two speak of one value. */
export function pinpoint(finding: Finding, counterexample: Counterexample, explainAt: ExplainAt): Shown {
  const { pair } = counterexample;
  const runs = valuesOf(counterexample);
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

/** Every value of a run: of the block one array, of the steps one each. */
type Runs = ReadonlyMap<Tensor, readonly NDArray[]>;

function valuesOf({ pair, sample }: Counterexample): Runs {
  const arrays = new Map<Tensor, NDArray[]>();
  bothRunner(pair, "fp16")(sample, (value, array) => {
    const known = arrays.get(value);
    if (known) known.push(array);
    else arrays.set(value, [array]);
  });
  return arrays;
}

/**
 * The first place at which a value of the block is not that of the steps. On the way to a result, rows of later tokens mean
 * nothing to a token.
 */
function differenceIn(probe: Pair, runs: Runs, { sample, pair }: Counterexample): Mismatch | undefined {
  const { name, block, step, tokenAxis, what } = probe;
  const { shape } = block.type;
  const later = (token: number | undefined, index: readonly number[]): boolean =>
    what === "value" &&
    index.some(
      (i, axis) => axis !== tokenAxis && shape[axis] === pair.slots && sample.rows.indexOf(i) > (token ?? Infinity),
    );
  let parted: Mismatch | undefined;
  eachIndex(shape, (index, flat) => {
    const token = what === "state" ? undefined : tokenAxis === undefined ? 0 : index[tokenAxis]!;
    const steps = runs.get(step)!;
    const one = token === undefined ? steps.at(-1)! : steps[token]!;
    const own = tokenAxis === undefined ? index : index.with(tokenAxis, 0);
    const [a, b] = [runs.get(block)![0]!.data[flat]!, one.data[flatten(own, one.shape)]!];
    if (a === b || later(token, index) || !Number.isFinite(a) || !Number.isFinite(b)) return true;
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
