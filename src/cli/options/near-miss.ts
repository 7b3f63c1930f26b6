/** The word that was probably meant, where one is clearly nearest. */

/** Longer words forgive two slips, shorter ones a single one: every short word is near to some other. */
const LONG = 6;

/** The one candidate that is nearest to a mistyped word; undefined when none is near, or two are equally so. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = word.length < LONG ? 1 : 2;
  const ranked = candidates
    .map((candidate) => ({ candidate, slips: editDistance(word, candidate) }))
    .sort((a, b) => a.slips - b.slips);
  const [first, second] = ranked;
  if (!first || first.slips > limit || first.slips === second?.slips) return undefined;
  return first.candidate;
}

/**
 * Letters to insert, remove or replace, and neighbours to swap, until one word is the other; no letter is moved twice
 * (optimal string alignment, Boytsov 2011, section 2.1).
 */
export function editDistance(a: string, b: string): number {
  let [older, old] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        old[j]! + 1,
        row[j - 1]! + 1,
        old[j - 1]! + Number(a[i - 1] !== b[j - 1]),
        swapped ? older[j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [older, old] = [old, row];
  }
  return old[b.length]!;
}
