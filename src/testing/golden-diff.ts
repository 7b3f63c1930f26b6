/** The lines in which two texts differ, as a person reads them in a failed test. */

/** Of each side, beyond which lines are counted. */
const MOST = 12;

/** From the first line that differs to the last: `- ` as it was, `+ ` as it is, with the number of the line before them. */
export function changedLines(before: string, after: string): readonly string[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const short = Math.min(a.length, b.length);
  let head = 0;
  while (head < short && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < short - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return [
    `  line ${head + 1}`,
    ...sideOf("-", a.slice(head, a.length - tail)),
    ...sideOf("+", b.slice(head, b.length - tail)),
  ];
}

function sideOf(mark: string, lines: readonly string[]): readonly string[] {
  const shown = lines.slice(0, MOST).map((line) => `  ${mark} ${line}`);
  return lines.length > MOST ? [...shown, `  ${mark} … ${lines.length - MOST} lines more`] : shown;
}
