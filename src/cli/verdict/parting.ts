/** Two terms that differ, shortened to where they part. */

/** What stays of what is the same on either side of the difference. */
const BESIDE = 24;

/** Both texts with what they share at their ends cut down to a few words: `… · exp(x)` and `… · exp(y)`. */
export function partingTerms(one: string, other: string): readonly [one: string, other: string] {
  const least = Math.min(one.length, other.length);
  let begin = 0;
  while (begin < least && one[begin] === other[begin]) begin += 1;
  let end = 0;
  while (end < least - begin && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  const cut = (text: string) => tailCut(headCut(text, begin), end);
  return [cut(one), cut(other)];
}

/** Without what lies further than a few words before the first difference; cut behind a space, so that no name is torn. */
function headCut(text: string, same: number): string {
  if (same <= 2 * BESIDE) return text;
  const from = text.lastIndexOf(" ", same - BESIDE);
  return from <= 1 ? text : `… ${text.slice(from + 1)}`;
}

function tailCut(text: string, same: number): string {
  if (same <= 2 * BESIDE) return text;
  const to = text.indexOf(" ", text.length - same + BESIDE);
  return to < 0 || to >= text.length - 2 ? text : `${text.slice(0, to)} …`;
}
