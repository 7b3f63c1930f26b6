/**
 * Writes JavaScript for loops over expressions: each expression once, in the outermost scope that knows its operands,
 * so that what does not change within a loop leaves it.
 */

/** A scalar or an index in the text that is being written. */
export interface CodeTerm {
  /** A name, a literal, or a short expression over a name. */
  readonly text: string;
  /** The scope that it belongs to: 0 is the function's own. */
  readonly depth: number;
  /** Its number, when it is an index known now. */
  readonly value?: number;
  /** The stored form, when the term is one element of an operand, unchanged. */
  readonly stored?: StoredForm;
  /** What it was before it was rounded to a dtype. */
  readonly rounded?: { readonly dtype: string; readonly from: string; readonly toBits: "halfBits" | "halfAwayBits" };
}

/** How an operand holds an element: `half` where it is a bit pattern of fp16 and not the number. */
export interface StoredForm {
  readonly text: string;
  readonly half: boolean;
}

/** An element that nothing was computed with, as a term. */
export const storedTerm = (stored: StoredForm, depth: number): CodeTerm => ({
  text: stored.half ? `HALF[${stored.text}]` : stored.text,
  depth,
  stored,
});

interface Scope {
  readonly lines: string[];
  readonly known: Map<string, CodeTerm>;
  /** Depths of the terms from outside that it uses. */
  readonly free: Set<number>;
  /** For a branch: terms from this depth on stay inside, since elsewhere they may read what is not there. */
  readonly guard?: number;
}

/** The text of one function while it is being written. */
export interface Writer {
  /** The value of an expression over terms. */
  bind(expression: string, uses: readonly CodeTerm[]): CodeTerm;
  /** A fresh name. */
  fresh(): string;
  /** Writes `body` as the contents of a loop or branch, to be placed by `emit`. `variable` is a loop's own index. */
  nest<R>(body: (variable: CodeTerm) => R, guard?: readonly CodeTerm[]): Nested<R>;
  /** Puts statements where all of `uses`, and everything the nested texts use, is known. Gives that depth. */
  emit(
    lines: (depth: number) => readonly string[],
    uses: readonly CodeTerm[],
    nested: readonly Nested<unknown>[],
  ): number;
  /** Opens a loop that stays open: everything that needs its variable is inside. */
  open(): CodeTerm;
  /** Closes the loops still open, with the given heads, and gives the whole text. */
  close(heads: readonly string[]): string;
}

/** Contents of a loop or branch, not placed yet. */
export interface Nested<R> {
  readonly lines: readonly string[];
  readonly free: ReadonlySet<number>;
  readonly variable: CodeTerm;
  readonly result: R;
}

const newScope = (guard?: number): Scope => ({
  lines: [],
  known: new Map(),
  free: new Set(),
  ...(guard === undefined ? {} : { guard }),
});

/** An empty text. */
export function writer(): Writer {
  const scopes: Scope[] = [newScope()];
  let names = 0;
  const fresh = () => `t${names++}`;

  /** Where something that needs `depths` goes, and the note that it does. */
  function place(depths: Iterable<number>): number {
    const needed = [...depths];
    let depth = Math.max(0, ...needed);
    for (const [inner, { guard }] of scopes.entries()) {
      if (guard !== undefined && depth >= guard && depth < inner) depth = inner;
    }
    for (const outer of needed) if (outer < depth) scopes[depth]!.free.add(outer);
    return depth;
  }

  function bind(expression: string, uses: readonly CodeTerm[]): CodeTerm {
    const depth = place(uses.map((x) => x.depth));
    const scope = scopes[depth]!;
    const known = scope.known.get(expression);
    if (known) return known;
    const term = { text: fresh(), depth };
    scope.lines.push(`const ${term.text} = ${expression};`);
    scope.known.set(expression, term);
    return term;
  }

  function nest<R>(body: (variable: CodeTerm) => R, guard?: readonly CodeTerm[]): Nested<R> {
    const variable = { text: fresh(), depth: scopes.length };
    scopes.push(newScope(guard && Math.max(0, ...guard.map((x) => x.depth))));
    const result = body(variable);
    const { lines, free } = scopes.pop()!;
    return { lines, free, variable, result };
  }

  function emit(
    lines: (depth: number) => readonly string[],
    uses: readonly CodeTerm[],
    nested: readonly Nested<unknown>[],
  ): number {
    const inside = nested.flatMap(({ free }) => [...free]).filter((depth) => depth < scopes.length);
    const depth = place([...uses.map((x) => x.depth).filter((d) => d < scopes.length), ...inside]);
    scopes[depth]!.lines.push(...lines(depth));
    return depth;
  }

  function open(): CodeTerm {
    const variable = { text: fresh(), depth: scopes.length };
    scopes.push(newScope());
    return variable;
  }

  function close(heads: readonly string[]): string {
    const wrap = (n: number): string => {
      const { lines } = scopes[n]!;
      const inner = n + 1 < scopes.length ? [`${heads[n]} {`, wrap(n + 1), "}"] : [];
      return [...lines, ...inner].join("\n");
    };
    return wrap(0);
  }
  return { bind, fresh, nest, emit, open, close };
}
