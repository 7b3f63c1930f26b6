/**
 * Which tokens each row of a value reads, found by running: the rows that the host feeds of one token are replaced by others, and whatever
 * then differs has read that token. A number that did not change in these runs is not thereby shown to be independent.
 */
import type { OpenGraphs, Watch } from "../../api/open-graphs.ts";
import { ownRuns } from "../../api/own-runs.ts";
import { counted } from "../../dsl/counted.ts";
import { isGraphError } from "../../dsl/error.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import { type Graphs, meetInputs } from "../../dsl/host/twins.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { isUserError, sentenceOf } from "../../dsl/user-error.ts";
import { placeDifferences } from "../../emit/diff/diff.ts";
import { storedNumbers } from "../../emit/read/blobs/stored-numbers.ts";
import { provenPair } from "../../passes/prove/program/pair.ts";
import { weightPlace } from "../../passes/prove/reading/leaves.ts";
import { isLarge, smallOrNone } from "../../passes/prove/refute/cost.ts";
import type { Sample } from "../../passes/prove/refute/feeds.ts";
import { bothRunner, ownRunner, type RunBoth, sampleOf } from "../../passes/prove/refute/sample.ts";
import { isSameNumber, withOtherRows } from "../../passes/prove/refute/tokens-read.ts";
import { alignedWith } from "../aligned.ts";
import type { Mark, Overlay } from "../data.ts";
import { notComputed } from "./not-computed.ts";
import { type RowsRead, rowsRead } from "./rows-read.ts";

/** Sets of tokens are bits of one number. */
const MOST_TOKENS = 30;
const SEED = 7;

const TITLE = { id: "tokens", title: "tokens" } as const;
const none = (why: string): Overlay => notComputed(TITLE, why);

/** The overlay for the graph that is drawn, or why there is none. */
export async function tokensOverlay(pair: OpenGraphs, drawn: Graph, watch: Watch): Promise<Overlay> {
  try {
    return alignedWith(pair.block, drawn)
      ? await computed(pair, watch)
      : none("the host keeps caches of it, and the runs are of the graph with states");
  } catch (error) {
    if (isGraphError(error) || isUserError(error)) return none(sentenceOf(error));
    throw error;
  }
}

async function computed(pair: OpenGraphs, watch: Watch): Promise<Overlay> {
  const { tokens } = meetInputs(pair.block, pair.step, pair.given);
  if (tokens === 1) return none("the block has one token, or nothing beside it tells which of its rows are tokens");
  if (tokens > MOST_TOKENS) return none(`${tokens} tokens are more than the ${MOST_TOKENS} that are told apart`);
  // Layer for layer: which tokens a row has read grows from layer to layer.
  const small = pair.smallWhole ?? pair.small;
  const run = smallOrNone(small, tokens) ?? { block: pair.block, step: pair.step };
  const beside = smallOrNone(small, tokens + 1)?.block ?? run.step;
  const others = alignedWith(run.block, pair.block);
  if (!others) return none("at its smallest sizes the model is another graph");
  const sets = await setsOf(run, pair, tokens, watch);
  if (typeof sets === "string") return none(sets);
  const twinOf = twinsIn(run.block, beside);
  const read = new Map(
    schedule(run.block).flatMap((value) => {
      const seen = sets.get(value);
      const isRead = seen?.some((set) => set !== 0);
      return isRead ? [[value, rowsRead(value, seen!, { tokens, twin: twinOf(value) })] as const] : [];
    }),
  );
  const harm = harmfulIn(run.block, read);
  const marks = schedule(run.block).flatMap((value, node): readonly Mark[] => {
    const seen = read.get(value);
    if (!seen) return [];
    const { late, ...mark } = seen;
    return [{ node, ...mark, ...(late ? lateMark(mark.says, harm.has(value)) : {}) }];
  });
  return {
    ...TITLE,
    state: "shown",
    says: saysOf(marks, run.block !== pair.block, tokens),
    legend: LEGEND,
    tokens,
    marks,
  };
}

/** The value at the same place of a graph for another number of tokens; the two may be spelled otherwise where something else wrote them. */
function twinsIn(block: Graph, beside: Graph): (value: Tensor) => Tensor | undefined {
  const aligned = alignedWith(block, beside);
  if (!aligned) return placeDifferences(block, beside).inSecond;
  const twins = new Map(schedule(block).map((value, n) => [value, aligned[n]]));
  return (value) => twins.get(value);
}

const LEGEND: Overlay["legend"] = [
  ["bad", "a row reads a token that comes after it, and so does an output"],
  ["note", "a row reads several tokens"],
  ["plain", "each row reads one token at most"],
];

function saysOf(marks: readonly Mark[], small: boolean, tokens: number): readonly string[] {
  const bad = marks.filter(({ tone }) => tone === "bad").length;
  const first =
    bad > 0
      ? `an output reads a token that comes after its row, and so ${bad === 1 ? "does" : "do"} ${counted(bad, "value")}, it among them`
      : "no output was seen to read a token that comes after its row";
  const sizes = small ? "the block at its smallest sizes" : "the block";
  return [
    first,
    `Computed by ${tokens + 1} runs of ${sizes}, in each of which the rows of another token were others: a cell has the colour of every token that changed a number in it.`,
  ];
}

/** Values that read late and by which an output does: it is one, or what is made of it is. Scores read late before a mask shuts them. */
function harmfulIn(block: Graph, read: ReadonlyMap<Tensor, RowsRead>): ReadonlySet<Tensor> {
  const isLate = (value: Tensor) => read.get(value)?.late === true;
  const harm = new Set(Object.values(block.outputs).filter(isLate));
  for (const value of harm)
    for (const x of value.def.kind === "op" ? operandsOf(value.def) : []) if (isLate(x)) harm.add(x);
  return harm;
}

const lateMark = (says: readonly string[], harms: boolean): Pick<Mark, "tone" | "says" | "short"> =>
  harms
    ? {
        tone: "bad",
        says: [...says, "a row reads a token that comes after it, and so does an output"],
        short: "reads ahead",
      }
    : {
        tone: "note",
        says: [...says, "a row reads a token that comes after it; no output does: what follows shuts it off"],
      };

type Sets = ReadonlyMap<Tensor, Uint32Array>;

/** For each element of each value of the block the tokens that changed it; or why it was not run. */
async function setsOf(run: Graphs, open: OpenGraphs, tokens: number, watch: Watch): Promise<Sets | string> {
  const { unread, alone: _, weightIdentity, tableOf } = storedNumbers([run.block, run.step]);
  const pair = provenPair(run.block, run.step, {
    given: open.given,
    placeOf: (...weight) => weightIdentity(...weight) ?? weightPlace(...weight),
    tableOf,
  });
  const own = await ownRuns(open, watch);
  try {
    if (unread) return "weights of the package could not be read";
    if (!own && isLarge(run, tokens))
      return "it is too large to be run without its weights, or for this machine's memory";
    const both = own ? ownRunner(pair, "fp64", own) : bothRunner(pair, "fp64");
    const sample = sampleOf(pair, SEED, { rows: "contiguous", visible: "all" }, own ? "own" : "random");
    return compared(run.block, both, sample, (t) => withOtherRows(sample, pair, t), tokens);
  } finally {
    await own?.close();
  }
}

function compared(block: Graph, both: RunBoth, sample: Sample, other: (t: number) => Sample, tokens: number): Sets {
  const values = new Set(schedule(block));
  const first = new Map<Tensor, Float64Array>();
  both(sample, (value, { data }) => {
    if (values.has(value) && !first.has(value)) first.set(value, Float64Array.from(data));
  });
  const sets = new Map([...first].map(([value, { length }]) => [value, new Uint32Array(length)]));
  for (let t = 0; t < tokens; t++) {
    const seen = new Set<Tensor>();
    both(other(t), (value, { data }) => {
      const [before, set] = [first.get(value), sets.get(value)];
      if (!before || !set || seen.has(value)) return;
      seen.add(value);
      for (let k = 0; k < set.length; k++) if (!isSameNumber(before[k]!, data[k]!)) set[k]! |= 1 << t;
    });
  }
  return sets;
}
