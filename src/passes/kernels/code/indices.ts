/** IndexCode and case distinctions on them as JavaScript text; what is known now is worked out now. */
import type { Shape } from "../../../dsl/type.ts";
import { stridesOf } from "../../interpret/array.ts";
import { type CodeTerm, storedTerm, type Writer } from "./writer.ts";

/** A known index; arithmetic on it is done while the text is written. */
export const index = (n: number): CodeTerm => ({ text: n < 0 ? `(${n})` : String(n), depth: 0, value: n });

/** The index half of the algebra, over terms. */
export type IndexCode = ReturnType<typeof indexReading>;

/** Index arithmetic as JavaScript text, simplified where the operands are known. */
export function indexReading(w: Writer) {
  const plus = (i: CodeTerm, j: CodeTerm): CodeTerm => {
    if (i.value !== undefined && j.value !== undefined) return index(i.value + j.value);
    if (i.value === 0) return j;
    return j.value === 0 ? i : w.bind(`${i.text} + ${j.text} | 0`, [i, j]);
  };
  const times = (i: CodeTerm, n: number): CodeTerm => {
    if (i.value !== undefined) return index(i.value * n);
    return n === 1 ? i : n === 0 ? index(0) : w.bind(`Math.imul(${i.text}, ${n})`, [i]);
  };
  const flat = (ix: readonly CodeTerm[], shape: Shape): CodeTerm =>
    stridesOf(shape).reduce((sum, stride, axis) => plus(sum, times(ix[axis]!, stride)), index(0));
  const digit = (i: CodeTerm, stride: number, size: number, first: boolean): CodeTerm => {
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
    reindex(ix: readonly CodeTerm[], from: Shape, to: Shape): readonly CodeTerm[] {
      const i = flat(ix, from);
      const first = to.findIndex((n) => n > 1);
      return stridesOf(to).map((stride, axis) => digit(i, stride, to[axis]!, axis === first));
    },
    indexOf: (s: CodeTerm, size: number): CodeTerm => w.bind(`checkIndex(${s.text}, ${size})`, [s]),
    scalar: (i: CodeTerm): CodeTerm => i,
  } as const;
}

/** Case distinctions: what depends on the case stays in its branch. */
export function branches(w: Writer) {
  // The first case whose condition holds, or the last: where one holds, so do those behind it.
  const choose = (
    conditions: readonly string[],
    guard: readonly CodeTerm[],
    cases: readonly (() => CodeTerm)[],
  ): CodeTerm => {
    const nested = cases.map((make) => w.nest(make, guard));
    const results = nested.map((n) => n.result);
    // Elements that are only moved stay as they are stored, and become numbers only where someone computes with them,
    // or where the cases hold them in different forms.
    const form = results[0]!.stored;
    const moved = form !== undefined && results.every((r) => r.stored?.half === form.half);
    const kept = results.map((r) => (moved ? r.stored!.text : r.text));
    const name = w.fresh();
    const uses = [...guard, ...results];
    // Halved again and again: a parser goes as deep as such a text is nested, and a list may have thousands of parts.
    const among = (from: number, to: number): string => {
      if (to - from === 1) return `${nested[from]!.lines.join("\n")} ${name} = ${kept[from]};`;
      const middle = (from + to) >> 1;
      return `if (${conditions[middle - 1]}) { ${among(from, middle)} } else { ${among(middle, to)} }`;
    };
    const depth = w.emit(() => [`let ${name};`, among(0, cases.length)], uses, nested);
    return moved ? storedTerm({ text: name, half: form.half }, depth) : { text: name, depth };
  };
  return {
    select: (cond: CodeTerm, yes: () => CodeTerm, no: () => CodeTerm): CodeTerm =>
      choose([`${cond.text} !== 0`], [cond], [yes, no]),
    piece(i: CodeTerm, sizes: readonly number[], pick: (n: number, rest: CodeTerm) => CodeTerm): CodeTerm {
      const begins = [0];
      for (const size of sizes.slice(0, -1)) begins.push(begins.at(-1)! + size);
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
      i: CodeTerm,
      begin: CodeTerm,
      size: number,
      stride: number,
      inside: (rest: CodeTerm) => CodeTerm,
      outside: () => CodeTerm,
    ): CodeTerm {
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
