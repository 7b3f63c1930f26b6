/** Bounds of every value of a graph that an author wrote, for every input within what is given of them: from the weights alone. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { isFloat } from "../../../dsl/type.ts";
import { contracted, contracts } from "./contract.ts";
import { type GraphBounds, judged, type Regions } from "./judged.ts";
import type { Lemmas } from "./lemmas.ts";
import { type LengthReading, lengthsOfValue } from "./lengths.ts";
import { moved, movingOf, type Place, sourcesOf } from "./moves.ts";
import type { Numbers } from "./numbers.ts";
import { opRegion } from "./ops.ts";
import { recognised } from "./patterns.ts";
import { evenly, exactly, hull, type Region, rounded, tightened, within } from "./region.ts";
import { type Trace, traceOf } from "./trace.ts";
import { written } from "./written.ts";

/** What is known beside the graph. */
export interface Known {
  /** Of every input of floats. */
  input(x: Tensor): Region;
  /** The contents of a weight, in row-major order. */
  weight(x: Tensor): Numbers;
  /** Inputs that are masks: what they are added to are scores. */
  readonly masks: ReadonlySet<Tensor>;
  /** Inputs that are RoPE's tables, of each one of cosines that of sines: cos² + sin² is no more than the square of the larger bound of both. */
  readonly tables?: ReadonlyMap<Tensor, Tensor>;
  /** What rows of matrices make together is bounded by it; without it every row by itself. */
  readonly lemmas?: Lemmas;
}

/** How often states are widened before they are said to grow. */
const ROUNDS = 3;

/** A graph, and what is known beside it. */
export interface KnownGraph {
  readonly graph: Graph;
  readonly known: Known;
}

/** The caches begin as zeros, and hold whatever earlier calls wrote: a bound that holds at exit where it held at entry holds for ever. */
export const boundGraph = (graph: Graph, known: Known): GraphBounds => boundGraphs([{ graph, known }])[0]!;

/**
 * The same of graphs that are called one after another, in any order and any number of times, on caches that are one by their name:
 * a block and its step. A bound of a cache holds at the exit of each of them where it held at the entry of all.
 */
export function boundGraphs(all: readonly KnownGraph[]): readonly GraphBounds[] {
  const entries = new Map(
    all.flatMap(({ graph }) => graph.states.map(({ name, entry: { type } }) => [name, evenly(type.shape, 0, 0)])),
  );
  /** States that grow: nothing is known of them, and what is made of them is looked at again. */
  const endless = new Set<string>();
  for (let round = 0; ; round++) {
    const found = all.map((one) => regionsBehind(one, entries));
    const growing = all.flatMap(({ graph }, k) =>
      grownIn(graph, found[k]!, entries).filter(([name]) => !endless.has(name)),
    );
    if (growing.length === 0)
      return all.map(({ graph, known }, k) => judged(graph, known.masks, found[k]!, [...endless]));
    for (const [name, exit] of growing) {
      if (round >= ROUNDS) endless.add(name);
      const entry = entries.get(name)!;
      entries.set(name, round >= ROUNDS ? anything(entry) : { ...hull(entry, exit), shape: entry.shape });
    }
  }
}

const regionsBehind = ({ graph, known }: KnownGraph, entries: ReadonlyMap<string, Region>): Regions =>
  regionsOf(graph, known, new Map(graph.states.map(({ name, entry }) => [entry, entries.get(name)!])));

/** States that are not within what they were at entry. */
const grownIn = ({ states }: Graph, regions: Regions, entries: ReadonlyMap<string, Region>) =>
  states
    .map(({ name, exit }) => [name, regions.get(exit)!] as const)
    .filter(([name, exit]) => !within(exit, entries.get(name)!));

/** What is known of every value, where states at entry are as `entries` says. */
export function regionsOf(graph: Graph, known: Known, entries: Regions): Regions {
  const regions = new Map<Tensor, Region>();
  const regionOf = (x: Tensor): Region => regions.get(x)!;
  const lengths = lengthReading(known, regionOf);
  for (const value of schedule(graph))
    regions.set(value, tightened(regionFor(value, { known, entries, regionOf, lengths })));
  return regions;
}

/** Nothing where no lemmas are used. */
function lengthReading(
  { lemmas, tables = new Map() }: Known,
  regionOf: Reading["regionOf"],
): LengthReading | undefined {
  if (!lemmas) return undefined;
  const movingIn = (def: OpDef, x: Tensor): readonly Tensor[] => movingOf(def, x.type);
  const trace = (x: Tensor): Trace => {
    const own = lemmas.traces.get(x) ?? traceOf(x, (one) => placesIn(one, lemmas), movingIn);
    lemmas.traces.set(x, own);
    return own;
  };
  return { lemmas, regionOf, trace, tables };
}

/** Where the elements of a value that an op moves come from; looked for once. */
function placesIn(x: Tensor, lemmas: Lemmas | undefined): readonly Place[] | undefined {
  if (x.def.kind !== "op") return undefined;
  if (!lemmas) return sourcesOf(x.def, x.type);
  if (!lemmas.places.has(x)) lemmas.places.set(x, sourcesOf(x.def, x.type));
  return lemmas.places.get(x);
}

interface Reading {
  readonly known: Known;
  readonly entries: Regions;
  regionOf(x: Tensor): Region;
  readonly lengths: LengthReading | undefined;
}

const anything = ({ shape }: Pick<Region, "shape">): Region =>
  evenly(shape, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

function regionFor(value: Tensor, { known, entries, regionOf, lengths }: Reading): Region {
  const { lemmas } = known;
  const { def, type } = value;
  switch (def.kind) {
    case "const":
      return exactly(type.shape, Float64Array.from(def.data));
    case "weight":
      return exactly(type.shape, known.weight(value));
    case "state":
      return entries.get(value)!;
    case "input":
      return isFloat(type.dtype) ? known.input(value) : anything(value.type);
    case "op":
  }
  if (!isFloat(type.dtype)) return anything(value.type);
  if (has(def, "moves")) return moved(def, type, placesIn(value, lemmas), regionOf);
  // A row that is kept as it was is not rounded again.
  const kept = written(value, regionOf, (x, axis) => lengths && lengthsOfValue(x, axis, lengths));
  if (kept) return kept;
  const special = recognised(value, regionOf);
  if (special) return rounded(special);
  if (contracts(def.op)) return rounded(contracted(def, type, { regionOf, reading: lengths }));
  const own = opRegion(def, type, regionOf, lemmas);
  if (!own) return anything(value.type);
  return CHOOSING.has(def.op) && type.dtype === "fp16" && operandsOf(def)[0]!.type.dtype === "fp16"
    ? own
    : rounded(own);
}

/** Ops whose results are elements of their operands, up to a sign, or numbers that they were told: nothing is rounded. */
const CHOOSING: ReadonlySet<string> = new Set([
  "abs",
  "relu",
  "maximum",
  "minimum",
  "reduce_max",
  "reduce_min",
  "identity",
]);
