/**
 * What a run puts beside masked-out entries, which P8 bounds: the graph is evaluated on numbers that know whether they
 * come from a mask entry of −10000, and whatever is added to, subtracted from or compared with such a number is noted.
 */
import type { Algebra } from "../../../../src/dsl/algebra.ts";
import { type Graph, schedule } from "../../../../src/dsl/graph.ts";
import { meaningOf } from "../../../../src/dsl/meaning.ts";
import { operandsOf, type Tensor } from "../../../../src/dsl/tensor.ts";
import { isFloat, type Shape, sizeOf } from "../../../../src/dsl/type.ts";
import { type NDArray, stridesOf } from "../../../../src/passes/interpret/array.ts";
import { numericReading } from "../../../../src/passes/interpret/reading.ts";

/** At and below this a constant masks out. */
const FAR = -1000;

interface Marked {
  readonly v: number;
  /** A masked-out entry, whatever was done to it since. */
  readonly out?: true;
  /** A constant of the graph, which the bound does not speak of. */
  readonly fixed?: true;
}

interface Marks {
  readonly shape: Shape;
  readonly data: readonly Marked[];
}

/** The largest magnitude that meets a masked-out entry in one call. `isMask` tells the inputs whose −10000 mask out. */
export function gapOf(graph: Graph, leaf: (value: Tensor) => NDArray, isMask: (value: Tensor) => boolean): number {
  const noted = { most: 0 };
  const done = new Map<Tensor, Marks>();
  for (const value of schedule(graph)) done.set(value, evaluated(value, done, leaf, isMask, noted));
  return noted.most;
}

function evaluated(
  value: Tensor,
  done: ReadonlyMap<Tensor, Marks>,
  leaf: (value: Tensor) => NDArray,
  isMask: (value: Tensor) => boolean,
  noted: { most: number },
): Marks {
  const { def, type } = value;
  const { shape } = type;
  if (def.kind === "const") return { shape, data: Array.from(def.data, fixedOf) };
  if (def.kind !== "op") {
    const mask = isMask(value);
    return { shape, data: Array.from(leaf(value).data, (v) => (mask && v <= -10_000 ? { v, out: true } : { v })) };
  }
  const integers = operandsOf(def).every((x) => !isFloat(x.type.dtype));
  const element = meaningOf(markedReading(integers, noted), def, type, (operand) => {
    const { data, shape: own } = done.get(operand)!;
    const strides = stridesOf(own);
    return {
      shape: own,
      dtype: operand.type.dtype,
      at: (...ix) => data[ix.reduce((n, i, a) => n + i * strides[a]!, 0)]!,
    };
  });
  return { shape, data: indicesOf(shape).map((ix) => element(ix)) };
}

/** A constant; one that lies far down masks out where it is chosen or compared. */
const fixedOf = (v: number): Marked => (v <= FAR ? { v, fixed: true, out: true } : { v, fixed: true });

/** A factor masks nothing out. */
const factor = (x: Marked): Marked => (x.fixed ? { v: x.v, fixed: true } : x);

function indicesOf(shape: Shape): readonly (readonly number[])[] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, flat) => shape.map((n, a) => Math.floor(flat / strides[a]!) % n));
}

function markedReading(integers: boolean, noted: { most: number }): Algebra<Marked, number> {
  // A memo of plain numbers would lose the marks.
  const { memo: _, ...m } = numericReading("fp16", integers);
  const note = (x: Marked) => {
    if (!x.fixed) noted.most = Math.max(noted.most, Number.isNaN(x.v) ? Number.POSITIVE_INFINITY : Math.abs(x.v));
  };
  /** Notes what meets a masked-out entry; where both are, only what cancels is noted. */
  const meet = (a: Marked, b: Marked, cancel = false) => {
    if (a.out && (cancel || !b.out)) note(b);
    if (b.out && (cancel || !a.out)) note(a);
  };
  const cancels = (a: Marked, b: Marked, sign: number) => a.out === true && b.out === true && a.v * b.v * sign < 0;
  const made = (v: number, ...of: readonly Marked[]): Marked =>
    of.some((x) => x.out) ? { v, out: true } : of.every((x) => x.fixed) ? { v, fixed: true } : { v };
  // A constant that far down masks out what it is added to, as in select(shut, score − 10000, score).
  const shutBy = (x: Marked, down: number): Marked => (x.fixed && down <= FAR ? { ...x, out: true } : x);
  const larger = (a: Marked, b: Marked): Marked => {
    meet(a, b);
    return a.v >= b.v || Number.isNaN(a.v) ? a : b;
  };
  const smaller = (a: Marked, b: Marked): Marked => {
    meet(a, b);
    return a.v <= b.v || Number.isNaN(a.v) ? a : b;
  };
  const fold = (n: number, term: (k: number) => Marked, choose: typeof larger): Marked => {
    let best = term(0);
    for (let k = 1; k < n; k++) best = choose(best, term(k));
    return best;
  };
  return {
    ...m,
    indexOf: (s, size) => m.indexOf(s.v, size),
    scalar: (i) => ({ v: i }),
    num: (v) => ({ v: m.num(v), fixed: true }),
    piece: (i, sizes, choose) => pieceOf(i, sizes, choose),
    within: (i, begin, size, stride, inside, outside) => {
      const rest = (i - begin) / stride;
      return Number.isInteger(rest) && rest >= 0 && rest < size ? inside(rest) : outside();
    },
    add: (...given) => {
      const [a, b] = given.map((x) => shutBy(x, x.v)) as [Marked, Marked];
      meet(a, b, cancels(a, b, 1));
      return cancels(a, b, 1) ? { v: m.add(a.v, b.v) } : made(m.add(a.v, b.v), a, b);
    },
    sub: (x, y) => {
      const [a, b] = [shutBy(x, x.v), shutBy(y, -y.v)];
      meet(a, b, cancels(a, b, -1));
      return cancels(a, b, -1) ? { v: m.sub(a.v, b.v) } : made(m.sub(a.v, b.v), a, b);
    },
    mul: (a, b) => made(m.mul(a.v, b.v), factor(a), factor(b)),
    div: (a, b) => made(m.div(a.v, b.v), factor(a), factor(b)),
    maximum: larger,
    minimum: smaller,
    pow: (a, b) => ({ v: m.pow(a.v, b.v) }),
    unary: (f, a) => ({ v: m.unary(f, a.v), ...(a.fixed ? { fixed: true } : {}) }),
    compare: (how, a, b) => {
      meet(a, b);
      return { v: m.compare(how, a.v, b.v) };
    },
    select: (cond, yes, no) => (cond.v !== 0 ? yes() : no()),
    round: (dtype, a) => ({ ...a, v: m.round(dtype, a.v) }),
    sorted: (how, n, at, element) => {
      const row = Array.from({ length: n }, (_, k) => element(k));
      for (const x of row) for (const y of row) if (x !== y) meet(x, y);
      const place = m.sorted({ ...how, gives: "place" }, n, at, (k) => row[k]!.v);
      return how.gives === "place" ? { v: place } : row[place]!;
    },
    ownOrder: (_op, _at, value) => value,
    sum: (n, term) => {
      const terms = Array.from({ length: n }, (_, k) => term(k));
      const out = terms.some((x) => x.out);
      if (out) for (const x of terms) if (!x.out) note(x);
      return made(
        m.sum(n, (k) => terms[k]!.v),
        ...terms,
      );
    },
    max: (n, term) => fold(n, term, larger),
    min: (n, term) => fold(n, term, smaller),
  };
}

function pieceOf<S>(i: number, sizes: readonly number[], choose: (n: number, rest: number) => S): S {
  let rest = i;
  for (const [n, size] of sizes.entries()) {
    if (rest < size) return choose(n, rest);
    rest -= size;
  }
  throw new Error(`index ${i} is outside pieces ${sizes.join("+")}`);
}
