/** The two programs side by side: the block, and T copies of the step with the states passed on, element by element. */
import type { Algebra } from "../../../dsl/algebra.ts";
import type { Graph } from "../../../dsl/graph.ts";
import { meaningOf } from "../../../dsl/meaning.ts";
import type { Roles } from "../../../dsl/role.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { idsOf } from "../logic/buckets.ts";
import { type Cases, casesOfToken, isCases } from "../logic/cases.ts";
import { constant, type Ix } from "../logic/indices.ts";
import { raw } from "../logic/make.ts";
import { isOpaque, type Opaque, opaque } from "../logic/opaque.ts";
import type { Head, Term } from "../logic/terms.ts";
import { type PlaceOf, readConst, readInput, readState, readWeight } from "../reading/leaves.ts";
import { symbolicReading } from "../reading/symbolic.ts";
import type { Context } from "../rules/context.ts";
import type { ProvenPair } from "./pair.ts";
import { palettePlace } from "./palettes.ts";
import { inStretches, oneDeeper, type Stretch } from "./stretch.ts";
import type { TableOf, UnpackedOf } from "./unpacked.ts";

/** A value that has been proven, row by row: from here on it is a fresh input of both programs, told by its number. */
export interface Cut {
  readonly number: number;
  /** Absent where there is one token. */
  readonly tokenAxis?: number;
  /** Whether an entry may be masked out: it is no score then. */
  readonly far?: boolean;
}

/** One run of a graph. */
export interface Copy {
  readonly graph: Graph;
  readonly roles: Roles;
  /** Its first token. */
  readonly first: number;
  /** The run before it, whose states it continues. */
  readonly before?: Copy;
  readonly cuts: CutPairs["block"];
  readonly memo: Map<Tensor, Cell>;
}

interface Cell {
  /** What was found at an index: the term, or the case distinction or reason that stood in the way. */
  readonly terms: Map<string, Term | Cases | Opaque>;
  readonly element: (ix: readonly Ix[]) => Term;
}

/** Block and steps as functions from indices to terms. */
export interface Programs {
  readonly c: Context;
  readonly placeOf: PlaceOf;
  readonly tableOf: TableOf;
  readonly unpackedOf: UnpackedOf;
  readonly m: Algebra<Term, Ix>;
  readonly block: Copy;
  readonly stretch: Stretch;
  /** By token. */
  readonly steps: readonly Copy[];
}

/** The values that stand for fresh inputs, on both sides. */
export interface CutPairs {
  readonly block: Pick<ReadonlyMap<Tensor, Cut>, "get">;
  readonly step: Pick<ReadonlyMap<Tensor, Cut>, "get">;
}

/** Both programs, with nothing evaluated yet. */
export function newPrograms(c: Context, pair: ProvenPair, cuts: CutPairs): Programs {
  const { block, step, roles } = pair;
  const copy = (graph: Graph, cut: CutPairs["block"], first: number, before?: Copy): Copy => ({
    graph,
    roles,
    first,
    ...(before ? { before } : {}),
    cuts: cut,
    memo: new Map(),
  });
  const steps: Copy[] = [];
  for (let t = 0; t < c.tokens; t++) steps.push(copy(step, cuts.step, t, steps[t - 1]));
  const m = symbolicReading(c);
  return {
    c,
    m,
    block: copy(block, cuts.block, 0),
    steps,
    placeOf: pair.placeOf,
    tableOf: pair.tableOf,
    unpackedOf: pair.unpackedOf,
    stretch: { nested: 0 },
  };
}

interface Wanted {
  readonly value: Tensor;
  readonly cell: Cell;
  readonly ix: readonly Ix[];
  /** Depth of open reductions, which gives their variables their names. */
  readonly depth: number;
}

/** The element of a value of a copy. Throws Cases or an Opaque. A graph may be longer than the stack is deep. */
export function element(p: Programs, copy: Copy, value: Tensor, ix: readonly Ix[]): Term {
  const cell = cellOf(p, copy, value);
  const known = knownAt(cell, ix);
  if (known) return known;
  return inStretches(p.stretch, { value, cell, ix, depth: p.c.nesting.depth }, (wanted) => elementHere(p, wanted));
}

/** What was found at an index before; throws what stood in the way. */
function knownAt({ terms }: Cell, ix: readonly Ix[]): Term | undefined {
  const known = terms.get(idsOf(ix));
  if (known && (isCases(known) || isOpaque(known))) throw known;
  return known;
}

function elementHere(p: Programs, wanted: Wanted): Term {
  const { value, cell, ix, depth } = wanted;
  const before = p.c.nesting.depth;
  const again = p.c.counting.again;
  p.c.nesting.depth = depth;
  // It is kept for good: whoever asks again does not make it again.
  p.c.counting.again = undefined;
  try {
    const term = oneDeeper(p.stretch, wanted, () => cell.element(ix));
    cell.terms.set(idsOf(ix), term);
    return term;
  } catch (reason) {
    const told = isOpaque(reason) && !reason.at ? ({ ...reason, at: value } satisfies Opaque) : reason;
    // Met again and again: every reduction over this index begins with it as a whole.
    if (isCases(told) || isOpaque(told)) cell.terms.set(idsOf(ix), told);
    throw told;
  } finally {
    p.c.nesting.depth = before;
    p.c.counting.again = again;
  }
}

function cellOf(p: Programs, copy: Copy, value: Tensor): Cell {
  const known = copy.memo.get(value);
  if (known) return known;
  const cell: Cell = { terms: new Map(), element: elementOf(p, copy, value) };
  copy.memo.set(value, cell);
  return cell;
}

function elementOf(p: Programs, copy: Copy, value: Tensor): (ix: readonly Ix[]) => Term {
  const { c } = p;
  const { def, type } = value;
  const cut = copy.cuts.get(value);
  if (cut) return (ix) => readCut(c, copy, cut, value, ix);
  switch (def.kind) {
    case "input":
      return (ix) => readInput(c, value, copy.roles.get(def.name)!, copy.first, ix);
    case "state":
      return (ix) => readEntry(p, copy, def.name, value, ix);
    case "weight": {
      const table = p.tableOf(def.source, type);
      if (table) return (ix) => readConst(c, table, type, ix);
      return (ix) => readWeight(c, p.placeOf(def.source, type), type, ix);
    }
    case "const":
      return (ix) => readConst(c, def.data, type, ix);
    case "op": {
      const unpacked = p.unpackedOf(value, c.mode);
      if (unpacked) return (ix) => readConst(c, unpacked, type, ix);
      if (has(def, "palettised")) return (ix) => readWeight(c, palettePlace(value, p.placeOf), type, ix);
      const read = (operand: Tensor) => ({
        shape: operand.type.shape,
        dtype: operand.type.dtype,
        at: (...ix: Ix[]) => element(p, copy, operand, ix),
      });
      // Built at the first element: an op may look at run-time positions as soon as it is built.
      let meaning: ((ix: readonly Ix[]) => Term) | undefined;
      return (ix) => {
        meaning ??= meaningOf(p.m, def, type, read);
        return meaning(ix);
      };
    }
  }
}

/** A state at entry is the exit of the run before, or the old cache. */
function readEntry(p: Programs, copy: Copy, name: string, value: Tensor, ix: readonly Ix[]): Term {
  if (!copy.before) return readState(p.c, name, ix, value.type);
  const exit = copy.before.graph.states.find((s) => s.name === name)?.exit;
  if (!exit) throw opaque({ code: "missing state", name });
  return element(p, copy.before, exit, ix);
}

function readCut(c: Context, copy: Copy, cut: Cut, value: Tensor, ix: readonly Ix[]): Term {
  const { number, tokenAxis, far = false } = cut;
  const head: Head = { kind: "leaf", leaf: { of: "cut", number, dtype: value.type.dtype, far } };
  const leaf = (at: readonly Ix[]) => raw(c, head, [], at);
  if (tokenAxis === undefined) return leaf(ix);
  const token = ix[tokenAxis]!;
  if (token.atoms.length > 0) return casesOfToken(token, value.name ?? "a value");
  return leaf(ix.with(tokenAxis, constant(c.store.indices, token.c + copy.first)));
}
