/** The measurements of `graphc survey`: a few blocks are run, every element is looked at, and what is normed is kept. */

import { checkMemory } from "../../api/memory.ts";
import type { Frame } from "../../dsl/site.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { type Plan, planOf } from "../../passes/run/plan.ts";
import { type Executor, prepare } from "../../passes/run/run.ts";
import { type Normed, normedValues } from "../../passes/survey/normed.ts";
import { type NormSurvey, type NormSurveyor, normSurveyor, type Rows, rowsOf } from "../../passes/survey/norms.ts";
import { type GraphSurvey, type Surveyor, surveyor, type ValueSurvey } from "../../passes/survey/survey.ts";
import type { WeightStore } from "../../weights/store.ts";
import { authorFrame } from "../errors/report.ts";
import { requestedChip } from "../options/arithmetic.ts";
import type { Args } from "../options/command.ts";
import type { OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import { BLOCKS, blockInputs, EMBEDDED, isEmbedded, sampledTokens, vocabulary, zeroStates } from "./rows.ts";

/** Where the rows of a normed value come from. */
export type Sample =
  /** Every token of the vocabulary. */
  | { readonly of: "vocabulary" }
  /** What the graph makes of these tokens' embeddings, block by block. */
  | { readonly of: "tokens"; readonly ids: readonly number[]; readonly vocabulary: number }
  /** What the graph makes of random inputs of variance 1. */
  | { readonly of: "random"; readonly seed: number };

/** The rows of one normed value that the forms were run on. */
export interface NormedRows {
  readonly value: string;
  /** The model's, or as the graph has it; null where it was not understood, and then the forms were not run. */
  readonly eps: number | null;
  readonly rows: number;
  readonly sample: Sample;
}

/** What is told of a value, and the author's line that made it where it is not finite. */
export type ValueRecord = Omit<ValueSurvey, "site"> & { readonly at?: Frame };

/** All that a survey tells. */
export interface SurveyRecord extends Omit<GraphSurvey, "values"> {
  readonly values: readonly ValueRecord[];
  readonly calls: { readonly blocks: number; readonly tokens: number };
  readonly norms: readonly NormSurvey[];
  /** What `safe` rests on. */
  readonly normed: readonly NormedRows[];
}

/** Runs the block on a few calls that share their cache. @throws UserError when there is no memory or no room for them */
export async function measure(pair: OpenPair, args: Args, io: Io): Promise<SurveyRecord> {
  const precision = requestedChip(args) ? "engine" : "fp16";
  const plan = planOf(pair.block, { precision });
  checkMemory([plan], "this run");
  const store = await pair.openWeights();
  const norms = normSurveyor(precision);
  try {
    const seen = surveyor(pair.block);
    const targets = targetsOf(pair, args);
    if (isEmbedded(pair, args)) await runVocabulary({ pair, io, store, seen, norms, targets });
    const kept = await runBlocks({ pair, args, io, plan, store, seen, targets });
    for (const [target, rows] of kept) await showRows(norms, target, rows);
    const normed = targets.map(({ name, eps = null, sample, rows }) => ({
      value: name,
      eps,
      rows: rows.shown,
      sample,
    }));
    const calls = { blocks: BLOCKS, tokens: args.whole("tokens") };
    const { values, looked } = seen.report();
    return { values: values.map(recordOf), looked, calls, norms: norms.report(), normed };
  } finally {
    await norms.close();
    await store.close();
  }
}

function recordOf({ site, ...value }: ValueSurvey): ValueRecord {
  const at = value.nonFinite > 0 ? authorFrame(site) : undefined;
  return { ...value, ...(at ? { at } : {}) };
}

/** A normed value, and how many of its rows were shown to the forms so far. */
interface Target extends Normed {
  readonly name: string;
  readonly sample: Sample;
  readonly rows: { shown: number };
}

function targetsOf(pair: OpenPair, args: Args): readonly Target[] {
  const embedded = isEmbedded(pair, args);
  const sample: Sample = embedded
    ? { of: "tokens", ids: sampledTokens(pair, args), vocabulary: pair.config!.vocab }
    : { of: "random", seed: args.whole("seed") };
  const normed = normedValues(pair.block);
  const names = normed.map(({ value }) => value.name ?? (value.def.kind === "op" ? value.def.op : value.def.kind));
  return normed.map((norm, n) => {
    const isWhole = embedded && norm.value === pair.block.inputs.find(({ name }) => name === EMBEDDED);
    const before = names.slice(0, n).filter((name) => name === names[n]).length;
    return {
      ...norm,
      ...(pair.config ? { eps: pair.config.eps } : {}),
      name: before === 0 ? names[n]! : `${names[n]} (${before + 1})`,
      sample: isWhole ? { of: "vocabulary" } : sample,
      rows: { shown: 0 },
    };
  });
}

async function showRows(norms: NormSurveyor, { name, eps, rows }: Target, more: Rows): Promise<void> {
  if (eps === undefined) return;
  await norms.observe(name, more, eps);
  rows.shown += more.shape[2];
}

/** What is run, and who is shown it. */
export interface Runs {
  readonly pair: OpenPair;
  readonly args: Args;
  readonly io: Io;
  readonly plan: Plan;
  readonly store: WeightStore;
  readonly seen: Surveyor;
  readonly targets: readonly Target[];
  /** How many calls; without it as many as a survey makes, which shows the vocabulary besides. */
  readonly blocks?: number;
}

type Kept = readonly (readonly [target: Target, rows: Rows])[];

/** Shows the surveyor everything, and gives the rows of the targets, but for those of which the whole vocabulary will be shown. */
export async function runBlocks({ pair, args, io, plan, store, seen, targets, blocks }: Runs): Promise<Kept> {
  const loading = io.progress("loading weights");
  const executor = await prepare([plan], store.stream, { progress: loading.update }).finally(loading.end);
  const kept: [target: Target, rows: Rows][] = [];
  const sampled = targets.filter(({ sample }) => sample.of !== "vocabulary");
  // Its rows here are among those that were looked at.
  const whole = blocks === undefined && isEmbedded(pair, args) ? EMBEDDED : undefined;
  const keep = (value: Tensor, { data }: RawArray): void => {
    // A value that only shows another's bytes is not run by itself.
    for (const target of sampled.filter((t) => plan.owners.get(t.value) === value))
      kept.push([target, rowsOf({ ...target.value.type, data }, target.axes)]);
  };
  const look = (value: Tensor, contents: RawArray): void => {
    seen.observe(value, contents);
    keep(value, contents);
  };
  try {
    executor.showConstants(plan, look);
    let states = zeroStates(pair);
    for (let block = 0; block < (blocks ?? BLOCKS); block++) {
      const inputs = await blockInputs(pair, store, args, block, blocks);
      for (const x of pair.block.inputs) (x.name === whole ? keep : look)(x, inputs[x.name ?? ""]!);
      for (const { name, entry } of pair.block.states) keep(entry, states[name]!);
      states = runBlock({ executor, plan, seen }, { ...inputs, ...states }, look);
    }
  } finally {
    await executor.close();
  }
  return kept;
}

/** One call. A state is looked at as it is at exit, which is how the next call finds it. */
function runBlock(
  { executor, plan, seen }: { readonly executor: Executor; readonly plan: Plan; readonly seen: Surveyor },
  values: Readonly<Record<string, RawArray>>,
  look: (value: Tensor, contents: RawArray) => void,
): Readonly<Record<string, RawArray>> {
  const { outputs, states } = executor.run(plan, values, look);
  for (const { name, entry } of plan.graph.states) seen.observe(entry, states[name]!);
  for (const [name, value] of Object.entries(plan.graph.outputs))
    if (plan.owners.get(value) !== value) seen.observe(value, outputs[name]!);
  return states;
}

interface WholeVocabulary extends Omit<Runs, "args" | "plan"> {
  readonly norms: NormSurveyor;
}

/** Shows every row of the embedding, as the rows that the input may have. */
async function runVocabulary({ pair, io, store, seen, norms, targets }: WholeVocabulary): Promise<void> {
  const x = pair.block.inputs.find(({ name }) => name === EMBEDDED)!;
  const whole = targets.filter(({ sample }) => sample.of === "vocabulary");
  const progress = io.progress("the whole vocabulary");
  let done = 0;
  for await (const rows of vocabulary(pair.config!, store)) {
    seen.observe(x, rows);
    for (const target of whole) await showRows(norms, target, rows);
    done += rows.shape[2];
    progress.update(done, pair.config!.vocab);
  }
  progress.end();
}
