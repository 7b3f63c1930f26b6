/**
 * What is made once and asked for again. A rule counts as often as it is applied, so what is asked for again counts again; what was made
 * for good on the way to it, an element or a closed reduction, would not have been made a second time and does not.
 */
import type { Setting } from "./setting.ts";

/** Something made, and how often each rule counts where it is asked for again. */
export interface Made<X> {
  readonly made: X;
  readonly counts: ReadonlyMap<string, number>;
}

/** Counts that a rule was applied. */
export function count(c: Setting, rule: string, times = 1): void {
  add(c.record.counts, rule, times);
  if (c.counting.again) add(c.counting.again, rule, times);
}

const add = (counts: Map<string, number>, rule: string, times: number): void =>
  void counts.set(rule, (counts.get(rule) ?? 0) + times);

/** A function of the key: made at most once, counted each time. What it throws it throws again. */
export function again<X>(c: Setting, memo: Map<string, Made<X>>, key: string, make: () => X): X {
  const known = memo.get(key);
  if (known) {
    for (const [rule, times] of known.counts) count(c, rule, times);
    return known.made;
  }
  const outer = c.counting.again;
  const counts = new Map<string, number>();
  c.counting.again = counts;
  try {
    const made = make();
    memo.set(key, { made, counts });
    return made;
  } finally {
    c.counting.again = outer;
    if (outer) for (const [rule, times] of counts) add(outer, rule, times);
  }
}

/** What is kept for good where it is made: whoever asks again does not make it again. */
export function forGood<X>(c: Setting, make: () => X): X {
  const outer = c.counting.again;
  c.counting.again = undefined;
  try {
    return make();
  } finally {
    c.counting.again = outer;
  }
}
