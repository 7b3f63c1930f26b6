/**
 * A reading of an op's meaning as JavaScript text. Each step is that of `numericReading` (../../reading.ts) on the same
 * doubles in the same order, so what the text computes has the same bits.
 */
import type { Algebra, Unary } from "../../../dsl/algebra.ts";
import { isFloat, type Shape } from "../../../dsl/type.ts";
import { stridesOf } from "../../array.ts";
import type { Precision } from "../../reading.ts";
import type { Accumulate } from "../accumulate.ts";
import type { Nested, Term, Writer } from "./writer.ts";

export type CodeReading = Algebra<Term, Term> & Indices;

const UNARY: Readonly<Record<Unary, (x: string) => string>> = {
  exp: (x) => `Math.exp(${x})`,
  log: (x) => `Math.log(${x})`,
  sqrt: (x) => `Math.sqrt(${x})`,
  rsqrt: (x) => `1 / Math.sqrt(${x})`,
  tanh: (x) => `Math.tanh(${x})`,
  erf: (x) => `erf(${x})`,
  sin: (x) => `Math.sin(${x})`,
  cos: (x) => `Math.cos(${x})`,
  abs: (x) => `Math.abs(${x})`,
};

const COMPARE = { less: "<", less_equal: "<=", equal: "===" } as const;

/** What a number looks like in JavaScript. */
const literal = (value: number): Term => ({ text: Object.is(value, -0) ? "-0" : String(value), depth: 0 });
const index = (n: number): Term => ({ text: n < 0 ? `(${n})` : String(n), depth: 0, value: n });

export interface CodeOptions {
  readonly precision: Precision;
  /** Whether all operands are integers. */
  readonly integers: boolean;
  /** How the sums of a product are kept; exact order when absent. */
  readonly accumulate?: Accumulate | undefined;
}

export function codeReading(w: Writer, { precision, integers, accumulate }: CodeOptions): CodeReading {
  const rounds = precision === "fp16" && !integers;
  const step = (expression: string) => (rounds ? `fround(${expression})` : `(${expression})`);
  const compute = (expression: string, ...uses: readonly Term[]) => w.bind(step(expression), uses);
  const indices = indexReading(w);
  const laned = laneSum(w, step, indices);
  return {
    ...indices,
    ...branches(w),
    num: (value) => literal(rounds ? Math.fround(value) : value),
    add: (a, b) => compute(`${a.text} + ${b.text}`, a, b),
    sub: (a, b) => compute(`${a.text} - ${b.text}`, a, b),
    mul: (a, b) => compute(integers ? `multiplyExactly(${a.text}, ${b.text})` : `${a.text} * ${b.text}`, a, b),
    div: (a, b) => compute(`${a.text} / ${b.text}`, a, b),
    pow: (a, b) => compute(`Math.pow(${a.text}, ${b.text})`, a, b),
    maximum: (a, b) => w.bind(`Math.max(${a.text}, ${b.text})`, [a, b]),
    minimum: (a, b) => w.bind(`Math.min(${a.text}, ${b.text})`, [a, b]),
    unary: (f, a) => compute(UNARY[f](a.text), a),
    compare: (how, a, b) => w.bind(`${a.text} ${COMPARE[how]} ${b.text} ? 1 : 0`, [a, b]),
    round(dtype, a) {
      if (precision === "fp64" && isFloat(dtype)) return a;
      const text = dtype === "int32" ? `(${a.text} | 0)` : `roundTo("${dtype}", ${a.text})`;
      return { text, depth: a.depth, rounded: { dtype, from: a.text } };
    },
    sum: (n, term) => (accumulate ? chunkSum(w, n, accumulate.chunk, term, laned, indices) : laned(n, term)),
    max: (n, term) => fold(w, n, term, "Math.max"),
    min: (n, term) => fold(w, n, term, "Math.min"),
  };
}

type Indices = ReturnType<typeof indexReading>;

function indexReading(w: Writer) {
  const plus = (i: Term, j: Term): Term => {
    if (i.value !== undefined && j.value !== undefined) return index(i.value + j.value);
    if (i.value === 0) return j;
    return j.value === 0 ? i : w.bind(`${i.text} + ${j.text} | 0`, [i, j]);
  };
  const times = (i: Term, n: number): Term => {
    if (i.value !== undefined) return index(i.value * n);
    return n === 1 ? i : n === 0 ? index(0) : w.bind(`Math.imul(${i.text}, ${n})`, [i]);
  };
  const flat = (ix: readonly Term[], shape: Shape): Term =>
    stridesOf(shape).reduce((sum, stride, axis) => plus(sum, times(ix[axis]!, stride)), index(0));
  const digit = (i: Term, stride: number, size: number, first: boolean): Term => {
    if (size === 1) return index(0);
    if (i.value !== undefined) return index(Math.floor(i.value / stride) % size);
    const quotient = stride === 1 ? i : w.bind(`${i.text} / ${stride} | 0`, [i]);
    return first ? quotient : w.bind(`${quotient.text} % ${size}`, [quotient]);
  };
  return {
    index,
    plus,
    times,
    flat,
    reindex(ix: readonly Term[], from: Shape, to: Shape): readonly Term[] {
      const i = flat(ix, from);
      const first = to.findIndex((n) => n > 1);
      return stridesOf(to).map((stride, axis) => digit(i, stride, to[axis]!, axis === first));
    },
    indexOf: (s: Term, size: number): Term => w.bind(`checkIndex(${s.text}, ${size})`, [s]),
    scalar: (i: Term): Term => i,
  } as const;
}

/** Case distinctions: what depends on the case stays in its branch. */
function branches(w: Writer) {
  const choose = (conditions: readonly string[], guard: readonly Term[], cases: readonly (() => Term)[]): Term => {
    const nested = cases.map((make) => w.nest(make, guard));
    const results = nested.map((n) => n.result);
    // Elements that are only moved stay as they are stored, and become numbers only where someone computes with them.
    const moved = results.every((r) => r.stored !== undefined);
    const kept = moved ? results.map((r) => r.stored) : results.map((r) => r.text);
    const name = w.fresh();
    const uses = [...guard, ...results];
    const depth = w.emit(
      () => [
        `let ${name};`,
        nested
          .map(({ lines }, n) => {
            const head = n < conditions.length ? `if (${conditions[n]})` : "";
            return `${head} { ${lines.join("\n")} ${name} = ${kept[n]}; }`;
          })
          .join(" else "),
      ],
      uses,
      nested,
    );
    const [first] = results as [Term];
    return moved ? { text: first.text.replace(first.stored!, name), depth, stored: name } : { text: name, depth };
  };
  return {
    select: (cond: Term, yes: () => Term, no: () => Term): Term => choose([`${cond.text} !== 0`], [cond], [yes, no]),
    piece(i: Term, sizes: readonly number[], pick: (n: number, rest: Term) => Term): Term {
      const begins = sizes.map((_, n) => sizes.slice(0, n).reduce((sum, size) => sum + size, 0));
      const known = i.value;
      if (known !== undefined) {
        const n = begins.findLastIndex((begin) => begin <= known);
        return pick(n, index(known - begins[n]!));
      }
      if (sizes.length === 1) return pick(0, i);
      const conditions = begins.slice(1).map((end) => `${i.text} < ${end}`);
      const rest = (n: number) => (sizes[n] === 1 ? index(0) : indexReading(w).plus(i, index(-begins[n]!)));
      return choose(
        conditions,
        [i],
        sizes.map((_, n) => () => pick(n, rest(n))),
      );
    },
    within(
      i: Term,
      begin: Term,
      size: number,
      stride: number,
      inside: (rest: Term) => Term,
      outside: () => Term,
    ): Term {
      const distance = indexReading(w).plus(i, indexReading(w).times(begin, -1));
      if (distance.value !== undefined) {
        const rest = distance.value / stride;
        return Number.isInteger(rest) && rest >= 0 && rest < size ? inside(index(rest)) : outside();
      }
      const d = distance.text;
      const fits = `${d} >= 0 && ${d} < ${size * stride}${stride === 1 ? "" : ` && ${d} % ${stride} === 0`}`;
      const rest = () => (stride === 1 ? distance : w.bind(`${d} / ${stride} | 0`, [distance]));
      return choose([fits], [distance], [() => inside(rest()), outside]);
    },
  } as const;
}

type Sum = (n: number, term: (k: Term) => Term) => Term;

/** Lane k mod 8 in rising k from 0, then lanes j and j + 4, then (l₀ + l₁) + (l₂ + l₃). */
function laneSum(w: Writer, step: (expression: string) => string, { plus }: Indices): Sum {
  return (n, term) => {
    const lanes = Array.from({ length: 8 }, () => w.fresh());
    const whole = n - (n % 8);
    const update = (terms: readonly Term[]) =>
      terms.map((t, j) => `${lanes[j]} = ${step(`${lanes[j]} + ${t.text}`)};`).join(" ");
    const body = whole > 0 ? w.nest((k) => lanes.map((_, j) => term(plus(k, index(j))))) : undefined;
    const rest = Array.from({ length: n - whole }, (_, j) => term(index(whole + j)));
    const total = w.fresh();
    const pair = (j: number) => step(`${lanes[j]} + ${lanes[j + 4]}`);
    const depth = w.emit(
      () => [
        `let ${lanes.map((l) => `${l} = 0`).join(", ")};`,
        ...(body ? [loop(body, whole, 8, update(body.result))] : []),
        update(rest),
        `const ${total} = ${step(`${step(`${pair(0)} + ${pair(1)}`)} + ${step(`${pair(2)} + ${pair(3)}`)}`)};`,
      ],
      [...rest, ...(body?.result ?? [])],
      body ? [body] : [],
    );
    return { text: total, depth };
  };
}

function loop(body: Nested<unknown>, end: number, by: number, last: string, from = 0): string {
  const k = body.variable.text;
  return `for (let ${k} = ${from}; ${k} < ${end}; ${k} += ${by}) { ${body.lines.join("\n")} ${last} }`;
}

/** The sums of chunks in fp32, each rounded to fp16 and added in fp16: see ../accumulate.ts. */
function chunkSum(
  w: Writer,
  n: number,
  chunk: number,
  term: (k: Term) => Term,
  sum: Sum,
  { plus, times }: Indices,
): Term {
  const part = (c: Term, size: number) => sum(size, (k) => term(plus(times(c, chunk), k)));
  const whole = Math.floor(n / chunk);
  const body = w.nest((c) => part(c, chunk));
  const rest = n % chunk === 0 ? undefined : part(index(whole), n % chunk);
  const total = w.fresh();
  const update = (t: Term) => `${total} = roundHalf(${total} + roundHalf(${t.text}));`;
  const depth = w.emit(
    () => [`let ${total} = 0;`, loop(body, whole, 1, update(body.result)), rest ? update(rest) : ""],
    [body.result, ...(rest ? [rest] : [])],
    [body],
  );
  return { text: total, depth };
}

function fold(w: Writer, n: number, term: (k: Term) => Term, pick: string): Term {
  const first = term(index(0));
  if (n === 1) return first;
  const body = w.nest((k) => term(k));
  const best = w.fresh();
  const depth = w.emit(
    () => [`let ${best} = ${first.text};`, loop(body, n, 1, `${best} = ${pick}(${best}, ${body.result.text});`, 1)],
    [first, body.result],
    [body],
  );
  return { text: best, depth };
}
