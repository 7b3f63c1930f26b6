/**
 * What is to be proven, value by value: row t of the block's value equals the value of step t; a state at the end of
 * the block equals the state after the last step, for every row that a token wrote and for any other.
 */
import type { Tensor } from "../../../dsl/tensor.ts";
import { type Cases, isCases } from "../logic/cases.ts";
import { constant, type Ix, rest, shift, variable } from "../logic/indices.ts";
import { isOpaque, type Opaque } from "../logic/opaque.ts";
import type { Term } from "../logic/terms.ts";
import { isVisible } from "../logic/visible.ts";
import { rowsOfTokens } from "../reading/rings.ts";
import { type Copy, element, type Programs } from "./program.ts";

/** A pair of values that should be equal. */
export interface Pair {
  readonly what: "state" | "output" | "value";
  readonly name: string;
  readonly block: Tensor;
  readonly step: Tensor;
  /** Axis of the tokens; absent for a state, and where there is one token. */
  readonly tokenAxis?: number;
  /** Of an output: the one token whose row is read; absent where all are. */
  readonly token?: number;
}

/** One place at which the two differ, or could not be compared. */
export interface Difference {
  readonly pair: Pair;
  /** Token of the row compared; absent for a state. */
  readonly token?: number;
  /** The index compared; a cache row is w_j, or any other. */
  readonly ix: readonly Ix[];
  readonly block?: Term;
  readonly step?: Term;
  readonly opaque?: Opaque;
}

/** Places at which a difference does not count. Only for the search of where two graphs part, never in a proof. */
export type Ignored = (token: number | undefined, ix: readonly Ix[]) => boolean;
const none: Ignored = () => false;

/** All places compared of one pair, and the first difference. */
export function compare(p: Programs, pair: Pair, ignored = none): Compared {
  const { tokens } = p.c;
  let [compared, far] = [0, false];
  const all = pair.token === undefined ? Array.from({ length: tokens }, (_, t) => t) : [pair.token];
  const rows = pair.what === "state" ? [undefined] : all;
  for (const token of rows) {
    const s = p.c.store.indices;
    const box = pair.block.type.shape.map((n, axis) =>
      axis === pair.tokenAxis ? constant(s, token!) : variable(s, `i${axis}`, n),
    );
    const result = compareBox(p, pair, token, box, ignored);
    compared += result.compared;
    far ||= result.far;
    if (result.difference) return { compared, far, difference: result.difference };
  }
  return { compared, far };
}

/** How many places were compared, whether an element of a value on the way is no score, and where the two first differ. */
interface Compared {
  readonly compared: number;
  readonly far: boolean;
  readonly difference?: Difference;
}

function compareBox(
  p: Programs,
  pair: Pair,
  token: number | undefined,
  box: readonly Ix[],
  ignored: Ignored,
): Compared {
  if (ignored(token, box)) return { compared: 0, far: false };
  const place = { pair, ix: box, ...(token === undefined ? {} : { token }) };
  try {
    const block = element(p, p.block, pair.block, box);
    const step = element(p, stepOf(p, token), pair.step, stepIndex(p, pair, box));
    const far = pair.what === "value" && !isVisible(block);
    return { compared: 1, far, ...(block === step ? {} : { difference: { ...place, block, step } }) };
  } catch (reason) {
    if (isOpaque(reason)) return { compared: 1, far: false, difference: { ...place, opaque: reason } };
    if (!isCases(reason)) throw reason;
    let [compared, far] = [0, false];
    for (const part of partsOf(p, box, reason)) {
      const result = compareBox(p, pair, token, part, ignored);
      compared += result.compared;
      far ||= result.far;
      if (result.difference) return { compared, far, difference: result.difference };
    }
    return { compared, far };
  }
}

/** The step of a token; the last one where it is about a state. */
const stepOf = (p: Programs, token: number | undefined): Copy => p.steps[token ?? p.steps.length - 1]!;

const stepIndex = (p: Programs, { tokenAxis }: Pair, box: readonly Ix[]): readonly Ix[] =>
  tokenAxis === undefined ? box : box.with(tokenAxis, constant(p.c.store.indices, 0));

/** The boxes of indices at which the probe needs no case distinction: of a value of a step, its token aside. */
export function boxesOf(p: Programs, pair: Pair, probe: (box: readonly Ix[]) => void): readonly (readonly Ix[])[] {
  const s = p.c.store.indices;
  const boxes: (readonly Ix[])[] = [];
  const stack = [
    stepIndex(
      p,
      pair,
      pair.step.type.shape.map((n, axis) => variable(s, `i${axis}`, n)),
    ),
  ];
  for (let box = stack.pop(); box; box = stack.pop()) {
    try {
      probe(box);
      boxes.push(box);
    } catch (reason) {
      if (isCases(reason)) stack.push(...partsOf(p, box, reason));
      else if (isOpaque(reason)) boxes.push(box);
      else throw reason;
    }
  }
  return boxes;
}

/** The parts of a box after a case distinction on one of its variables. */
function partsOf(p: Programs, box: readonly Ix[], found: Cases): readonly (readonly Ix[])[] {
  const s = p.c.store.indices;
  const atom = found.cases;
  const axis = box.findIndex((i) => i.free.includes(atom));
  if (axis < 0) throw new Error(`a case distinction on ${atom.label}, which nothing owns`);
  const offset = box[axis]!.c;
  if (found.by === "rows") {
    return [...rowsOfTokens(p.c, atom.size), rest(s, `u${axis}`, atom.size)].map((i) =>
      box.with(axis, shift(s, i, offset)),
    );
  }
  return [0, ...found.starts].map((begin, k) => {
    const n = (found.starts[k] ?? atom.size) - begin;
    return box.with(axis, shift(s, variable(s, `i${axis}`, n), offset + begin));
  });
}
