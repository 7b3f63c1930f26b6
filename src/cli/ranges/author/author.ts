/** `graphc ranges` of an author's graph: what holds for every input within given bounds, and what sample inputs reach. */

import { withHost } from "../../../api/open-graphs.ts";
import type { Graph } from "../../../dsl/graph.ts";
import { meet } from "../../../dsl/host/twins.ts";
import type { KnownRole } from "../../../dsl/role.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { isFloat } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import { boundGraph } from "../../../passes/ranges/graph/bound-graph.ts";
import { type GraphBounds, keeps } from "../../../passes/ranges/graph/judged.ts";
import { emptyLemmas, type Lemmas } from "../../../passes/ranges/graph/lemmas.ts";
import { LIMITS } from "../../../passes/ranges/limits.ts";
import type { Args } from "../../options/command.ts";
import { BOUND } from "../../options/ranges-options.ts";
import type { OpenPair } from "../../subject/pair.ts";
import type { Io } from "../../terminal/io.ts";
import { withForms } from "../forms.ts";
import { isRope, knownOf } from "./inputs.ts";
import { type InputBound, sampled } from "./samples.ts";
import { readWeights } from "./weights.ts";

/** All that is told of a graph. */
export interface AuthorRanges {
  readonly name: string;
  readonly bounds: GraphBounds;
  /** What was taken of inputs; those without a bound of anybody's have fp16's. */
  readonly given: ReadonlyMap<string, InputBound>;
  readonly free: readonly string[];
  /** The largest factor of all bounds of rows with which everything holds; absent where everything holds, or nothing was found. */
  readonly factor?: number;
  /** The largest |x| of values on sample inputs within the bounds. */
  readonly reached: ReadonlyMap<Tensor, number>;
}

/** Whether every value is bounded, and keeps its limit. */
export const authorHolds = ({ bounds: { values, growing, unscored } }: Pick<AuthorRanges, "bounds">): boolean =>
  values.length > 0 && growing.length === 0 && unscored.length === 0 && values.every(keeps);

/** Bounds of the block alone, with no bound of rows but the given ones. @throws UserError for a bound of no input, and for what the weights refuse */
export async function graphBounds(
  opened: OpenPair,
  args: Args,
  io: Io,
): Promise<Omit<Asked, "free" | "at"> & Pick<AuthorRanges, "bounds">> {
  const { pair, given, at } = await askedOf(opened, args, io);
  return { pair, given, bounds: await withForms(async (gramOf) => at(emptyLemmas(gramOf), 1)) };
}

/** Bounds, then samples. @throws UserError for a bound of no input, and for what the weights refuse */
export async function authorRanges(opened: OpenPair, args: Args, io: Io): Promise<AuthorRanges> {
  const { pair, given, free, at } = await askedOf(opened, args, io);
  const { bounds, factor } = await withForms(async (gramOf) => {
    const lemmas = emptyLemmas(gramOf);
    const first = at(lemmas, 1);
    const holds = authorHolds({ bounds: first });
    return { bounds: first, factor: holds ? undefined : largestFactor((by) => at(lemmas, by), io) };
  });
  const reached = await sampled(pair, given, args);
  checkReached(bounds, reached);
  return { name: pair.name, bounds, given, free, reached, ...(factor === undefined ? {} : { factor }) };
}

/** What is bounded, what is given of its inputs, and its bounds where those of rows are times a factor. */
interface Asked extends GivenInputs {
  readonly pair: OpenPair;
  readonly at: (lemmas: Lemmas, factor: number) => GraphBounds;
}

async function askedOf(opened: OpenPair, args: Args, io: Io): Promise<Asked> {
  const pair = withHost(opened);
  const { block } = pair;
  const { roles } = meet(pair.block, pair.step, pair.given);
  const inputs = givenOf(block, roles, args);
  const store = await pair.openWeights();
  const weights = await readWeights([block], store, io).finally(() => store.close());
  const at = (lemmas: Lemmas, factor: number): GraphBounds =>
    boundGraph(block, knownOf({ block, roles, weights, given: inputs.given, factor, lemmas }));
  return { pair, ...inputs, at };
}

/** What was given of inputs, and those of which nobody said anything. */
export interface GivenInputs {
  readonly given: ReadonlyMap<string, InputBound>;
  readonly free: readonly string[];
}

/** What the options say of the inputs of a graph, and what their roles do. @throws UserError for a bound of no input, or of one that its role bounds */
export function givenOf(block: Graph, roles: ReadonlyMap<string, KnownRole>, args: Args): GivenInputs {
  const said = boundsSaid(block, args);
  const rows = block.inputs.filter((x) => isFloat(x.type.dtype) && isFree(roles.get(x.name ?? "")));
  const misplaced = [...said.keys()].find((name) => !rows.some((x) => x.name === name));
  if (misplaced !== undefined)
    throw new UserError(
      `--bound ${misplaced}: what its role says of it bounds it already`,
      "it is for inputs whose role is rows or shared",
    );
  const given = new Map(rows.map((x) => [x.name ?? "", said.get(x.name ?? "") ?? defaultOf(roles.get(x.name ?? ""))]));
  const free = rows.filter((x) => !said.has(x.name ?? "") && !isRope(roles.get(x.name ?? ""))).map((x) => x.name ?? "");
  return { given, free };
}

const isFree = (role: KnownRole | undefined): boolean =>
  role === undefined || role.kind === "rows" || role.kind === "shared";
const defaultOf = (role: KnownRole | undefined): InputBound => ({ most: isRope(role) ? 1 : LIMITS.fp16, norms: [] });

function boundsSaid(block: Graph, args: Args): ReadonlyMap<string, InputBound> {
  const found = new Map<string, InputBound>();
  for (const text of args.texts("bound")) {
    const [, name, number, axis] = BOUND.exec(text) as unknown as [string, string, string, string | undefined];
    const x = block.inputs.find((one) => one.name === name);
    if (!x)
      throw new UserError(
        `--bound ${text}: there is no input "${name}"`,
        `the inputs are ${block.inputs.map((one) => one.name).join(", ")}`,
      );
    if (axis !== undefined && Number(axis) >= x.type.shape.length)
      throw new UserError(`--bound ${text}: "${name}" has the axes 0 to ${x.type.shape.length - 1}`);
    const own = found.get(name) ?? { most: LIMITS.fp16, norms: [] };
    const most = Number(number);
    found.set(
      name,
      axis === undefined
        ? { ...own, most: Math.min(own.most, most) }
        : { most: Math.min(own.most, most), norms: [...own.norms, { axis: Number(axis), most }] },
    );
  }
  return found;
}

/** Powers of two, then halves between the last two, so that the number is within a tenth. */
const [SMALLEST, HALVINGS] = [2 ** -30, 4];

/** The largest factor found with which all holds; none where none does. Which hold is not taken to be an interval: the last one was tried. */
function largestFactor(at: (factor: number) => GraphBounds, io: Io): number | undefined {
  const progress = io.progress("looking for bounds that hold");
  const holds = (factor: number): boolean => {
    io.signal.throwIfAborted();
    return authorHolds({ bounds: at(factor) });
  };
  try {
    if (!holds(SMALLEST)) return undefined;
    let [low, high] = [SMALLEST, 1];
    for (let k = 0; high / low > 2; k++) {
      progress.update(k, 6);
      const middle = 2 ** Math.round(Math.log2(low * high) / 2);
      if (holds(middle)) low = middle;
      else high = middle;
    }
    for (let k = 0; k < HALVINGS; k++) {
      const middle = (low + high) / 2;
      if (holds(middle)) low = middle;
      else high = middle;
    }
    return low;
  } finally {
    progress.end();
  }
}

/** @throws Error where a sample passes a bound: a bound that is none is a fault of graphc */
function checkReached({ values }: GraphBounds, reached: ReadonlyMap<Tensor, number>): void {
  for (const { value, most, kind } of values) {
    // Samples are of results: what a sum inside an op reached is not known.
    const own = kind === "sum" ? undefined : reached.get(value);
    if (own !== undefined && own > most)
      throw new Error(`ranges: ${value.name ?? "a value"} reaches ${own} on a sample, above its bound ${most}`);
  }
}
