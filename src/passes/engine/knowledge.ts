/**
 * What is known of a graph's values without bounds being computed: by the kind of each op, what is known of its operands, and what was
 * seen when it ran. `exact` is earned by every op on the way; `bounded` says that each of them has bounds on record.
 */
import type { Algebra } from "../../dsl/algebra.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import { meaningOf } from "../../dsl/meaning.ts";
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import type { TensorType } from "../../dsl/type.ts";
import { indexArithmetic } from "../interpret/reading.ts";
import { takesCodes } from "./codes.ts";
import type { Knowledge } from "./estimate.ts";
import { formOf } from "./form.ts";
import { hasOtherArithmetic, recordedOf } from "./record.ts";

/** What a run showed of a value. */
export interface Seen {
  /** Elements of which a table gives no bits, and those of which it gives no bounds either. */
  readonly bounded: number;
  readonly open: number;
  /** Elements whose sum may pass the accumulator's limit in some order. */
  readonly mayOverflow: number;
  readonly notFinite: boolean;
}

/** Of sums that a device may take in an order of its own. */
export const UNKNOWN_ORDER = "a sum whose order is not on record";

/** What is known of a value; `why`: what its own op does that is not on record, whatever its operands are. */
export interface Known {
  readonly level: Knowledge;
  readonly why?: string;
}

const RANK: readonly Knowledge[] = ["exact", "bounded", "open"];
const worst = (...levels: readonly Knowledge[]): Knowledge =>
  RANK[Math.max(...levels.map((level) => RANK.indexOf(level)))]!;

/** The functions of `functions.ts`, by the name of the op. */
export type IsFunction = (op: string) => boolean;

/** Every value of a graph; inputs, states, weights and constants are exact. */
export function knownValues(
  graph: Graph,
  seen: (value: Tensor) => Seen | undefined,
  isFunction: IsFunction,
): ReadonlyMap<Tensor, Known> {
  const known = new Map<Tensor, Known>();
  for (const value of schedule(graph)) {
    const { def, type } = value;
    if (def.kind !== "op") known.set(value, { level: "exact" });
    else {
      const operands = worst("exact", ...operandsOf(def).map((x) => known.get(x)!.level));
      known.set(value, ofOp(def, type, operands, seen(value), isFunction));
    }
  }
  return known;
}

function ofOp(
  def: OpDef,
  type: TensorType,
  operands: Knowledge,
  seen: Seen | undefined,
  isFunction: IsFunction,
): Known {
  const form = formOf(def, type, isFunction);
  if (form === "moves") return { level: operands };
  const recorded = recordedOf(def, type);
  if (form === "reference" && recorded.level !== "exact") return recorded;
  if (form === "reference") {
    if (operands === "exact") return { level: "exact" };
    return { level: "open", ...(operands === "open" ? {} : { why: `${def.op} of numbers that are not known` }) };
  }
  const own =
    form === "product"
      ? ofProduct(def, seen)
      : form === "codes"
        ? ofCodes(def, seen)
        : form === "function"
          ? ofFunction(def, seen)
          : ofMeaning(def, type);
  const isLost = seen?.notFinite && worst(own.level, operands) !== "exact";
  const level = isLost ? "open" : worst(own.level, operands);
  const why = isLost ? "an infinity or NaN of numbers that are not exact" : own.why;
  return { level, ...(why === undefined ? {} : { why }) };
}

function ofProduct(def: OpDef, seen: Seen | undefined): Known {
  if (hasOtherArithmetic(def))
    return {
      level: "open",
      why: `${def.op} of unpacked weights or with a kernel wider than 1: how it sums is not on record`,
    };
  if (seen && seen.open > 0)
    return { level: "open", why: `${def.op} of codes with a scale that is no power of two is not on record` };
  if (seen && seen.mayOverflow === 0) return { level: "exact" };
  return { level: "open", why: `${def.op} may pass the accumulator's limit, in the order that is used or in another` };
}

/** A code that is not on record is one of its type all the same. */
function ofCodes(def: OpDef, seen: Seen | undefined): Known {
  if (seen && seen.bounded === 0 && !takesCodes(def)) return { level: "exact" };
  return {
    level: "bounded",
    why: `${def.op} of ties or with such a scale or zero point: how it rounds is not on record`,
  };
}

/** Functions that give whole numbers, without a table. */
const WHOLE = ["floor", "round"];

function ofFunction(def: OpDef, seen: Seen | undefined): Known {
  const { op } = def;
  if (!seen || seen.open > 0 || takesCodes(def))
    return { level: "open", why: `${op} of numbers for which nothing is on record` };
  return seen.bounded > 0
    ? {
        level: "bounded",
        why: `${op}: ${WHOLE.includes(op) ? "how it rounds is" : "the knots of its table are"} not on record`,
      }
    : { level: "exact" };
}

/** What the record has of the op; where that is bounds of its steps, one element is asked what these leave known of exact operands. */
function ofMeaning(def: OpDef, type: TensorType): Known {
  const { level: most, why } = recordedOf(def, type);
  if (most !== "bounded" || why !== undefined) return { level: most, ...(why === undefined ? {} : { why }) };
  const reasons = new Set<string>();
  const element = meaningOf(knowing(reasons), def, type, (x) => ({ ...x.type, at: (): Knowledge => "exact" }));
  const level = element(type.shape.map(() => 0));
  return { level, ...(reasons.size > 0 ? { why: `${def.op}: ${[...reasons].join(", ")}` } : {}) };
}

/** Functions that are exact inside an op whatever their operand is, and those that have bounds at least. */
const EXACT = ["exp", "tanh", "abs"];
const BOUNDED = ["log", "sqrt", "rsqrt", "erf", "sin", "cos"];

function knowing(reasons: Set<string>): Algebra<Knowledge, number> {
  const less = (level: Knowledge, why: string, ...of: readonly Knowledge[]): Knowledge => {
    reasons.add(why);
    return worst(level, ...of);
  };
  const both = (a: Knowledge, b: Knowledge) => worst(a, b);
  return {
    ...indexArithmetic,
    piece: (_, sizes, pick) => worst(...sizes.map((_, n) => pick(n, 0))),
    within: (_i, _begin, _size, _stride, inside, outside) => worst(inside(0), outside()),
    indexOf: () => 0,
    scalar: () => "exact",
    num: () => "exact",
    add: both,
    sub: both,
    mul: both,
    maximum: both,
    minimum: both,
    compare: (_, a, b) => worst(a, b),
    div: (a, b) => less("bounded", "a quotient", a, b),
    pow: (a, b) => less("open", "a power", a, b),
    unary: (f, a) => (EXACT.includes(f) ? a : less(BOUNDED.includes(f) ? "bounded" : "open", f, a)),
    select: (cond, yes, no) => worst(cond, yes(), no()),
    round: (_, a) => a,
    sum: (n, term) => (n === 1 ? term(0) : less("bounded", UNKNOWN_ORDER, term(0))),
    max: (_, term) => term(0),
    min: (_, term) => term(0),
    sorted: (_how, _n, _at, element) => element(0),
    ownOrder: (_op, _at, value) => less("open", UNKNOWN_ORDER, value),
  };
}
