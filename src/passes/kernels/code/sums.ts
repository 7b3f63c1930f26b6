/** Sums and extremes over an index as JavaScript loops, in the order that the reading documents. */
import type { IndexCode } from "./indices.ts";
import { index } from "./indices.ts";
import type { CodeTerm, Nested, Writer } from "./writer.ts";

/** Σ over k in [0, n) as a term. */
export type SumCode = (n: number, term: (k: CodeTerm) => CodeTerm) => CodeTerm;

/** Lane k mod 8 in rising k from 0, then lanes j and j + 4, then (l₀ + l₁) + (l₂ + l₃). */
export function laneSum(w: Writer, step: (expression: string) => string, { plus }: IndexCode): SumCode {
  return (n, term) => {
    const lanes = Array.from({ length: 8 }, () => w.fresh());
    const whole = n - (n % 8);
    const update = (terms: readonly CodeTerm[]) =>
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
export function chunkSum(
  w: Writer,
  n: number,
  chunk: number,
  term: (k: CodeTerm) => CodeTerm,
  sum: SumCode,
  { plus, times }: IndexCode,
): CodeTerm {
  const part = (c: CodeTerm, size: number) => sum(size, (k) => term(plus(times(c, chunk), k)));
  const whole = Math.floor(n / chunk);
  const body = w.nest((c) => part(c, chunk));
  const rest = n % chunk === 0 ? undefined : part(index(whole), n % chunk);
  const total = w.fresh();
  const update = (t: CodeTerm) => `${total} = roundHalf(${total} + roundHalf(${t.text}));`;
  const depth = w.emit(
    () => [`let ${total} = 0;`, loop(body, whole, 1, update(body.result)), rest ? update(rest) : ""],
    [body.result, ...(rest ? [rest] : [])],
    [body],
  );
  return { text: total, depth };
}

/** The best of n ≥ 1 terms, in rising k; `pick` is a JavaScript function of two numbers. */
export function fold(w: Writer, n: number, term: (k: CodeTerm) => CodeTerm, pick: string): CodeTerm {
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

/** One term after the other from 0 on; `add` is a JavaScript function of two numbers. */
export function runningSum(w: Writer, n: number, term: (k: CodeTerm) => CodeTerm, add: string): CodeTerm {
  const body = w.nest((k) => term(k));
  const total = w.fresh();
  const depth = w.emit(
    () => [`let ${total} = 0;`, loop(body, n, 1, `${total} = ${add}(${total}, ${body.result.text});`)],
    [body.result],
    [body],
  );
  return { text: total, depth };
}
