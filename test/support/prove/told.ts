/** What comes of asking the prover: an answer, a case distinction or a reason, and what it leans on; as text. */

import { isCases } from "../../../src/passes/prove/logic/cases.ts";
import { isOpaque } from "../../../src/passes/prove/logic/opaque.ts";
import type { Assumptions, Interface } from "../../../src/passes/prove/logic/setting.ts";
import { type Context, newContext } from "../../../src/passes/prove/rules/context.ts";
import { RULES } from "../../../src/passes/prove/rules/rule-book.ts";

/** An attempt at a proof, exact and of two tokens on a cache of five rows, but for what is said. */
export const attemptOf = (more: Partial<Assumptions & Interface> = {}): Context => {
  const { tokens = 2, lastRow = 4, cacheSizes, bottomless, ...assumptions } = more;
  return newContext(
    { mode: "exact", twoValued: false, contiguous: false, column: "one", ...assumptions },
    { tokens, lastRow, ...(cacheSizes ? { cacheSizes } : {}), ...(bottomless ? { bottomless } : {}) },
    RULES,
  );
};

/** `v: 2 5`, `v by rows`, the code of a reason; else what `show` makes of the answer. */
export function told<X>(ask: () => X, show: (x: X) => string): string {
  try {
    return show(ask());
  } catch (found) {
    if (isOpaque(found)) return found.opaque.code;
    if (!isCases(found)) throw found;
    return found.by === "rows" ? `${found.cases.label} by rows` : `${found.cases.label}: ${found.starts.join(" ")}`;
  }
}

/** The preconditions that were needed, with the inputs they are about: `P2 P6(x)`; `sized` where the number of rows counts. */
export function leaned(c: Context): string {
  const one = (names: ReadonlySet<string>): string => (names.size > 0 ? `(${[...names].sort().join(",")})` : "");
  const used = [...c.record.used].map(([id, names]) => `${id}${one(names)}`).sort();
  return [...used, ...(c.record.sized ? ["sized"] : [])].join(" ");
}

/** Rows of the two tokens, and any other row, in a cache of five: all that keep what the attempt leans on. */
export function worldsOf(c: Context): readonly Readonly<Record<string, number>>[] {
  const { used } = c.record;
  const rows = [-2, 0, 1, 2, 3, 4, 6];
  const kept = (w0: number, w1: number): boolean => {
    const inside = w0 >= 0 && w1 >= 0 && w0 < 5 && w1 < 5;
    if (used.has("P2'")) return inside && w1 === w0 + 1;
    return !used.has("P2") || (inside && w0 !== w1);
  };
  return rows.flatMap((w0) =>
    rows
      .filter((w1) => kept(w0, w1))
      .flatMap((w1) => [0, 1, 2, 3, 4].filter((u) => u !== w0 && u !== w1).map((u) => ({ w0, w1, u }))),
  );
}

/** An answer beside what the attempt leans on. */
export const answered = (c: Context, answer: string): string =>
  [answer, leaned(c)].filter((x) => x !== "").join(" by ");
