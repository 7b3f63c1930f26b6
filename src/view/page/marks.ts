/** Which mark a box shows that stands for several values. */
import type { Mark, PageData, Tone } from "../data.ts";

/** What must not be hidden behind a name, the worst first. */
const RAISED: readonly Tone[] = ["bad", "warn"];

const rankOf = ({ tone }: Mark): number => (RAISED.includes(tone) ? RAISED.indexOf(tone) : RAISED.length);

/** Its own; where a value that it stands for has a worse one its own sentences and picture with that one's tone. */
export function shownMark(
  { nodes }: Pick<PageData, "nodes">,
  marks: ReadonlyMap<number, Mark>,
  own: number,
  inside: readonly number[],
): Mark | undefined {
  const mark = marks.get(own);
  const worse = inside
    .flatMap((n) => (n === own ? [] : (marks.get(n) ?? [])))
    .filter((one) => rankOf(one) < (mark ? rankOf(mark) : RAISED.length))
    .toSorted((a, b) => rankOf(a) - rankOf(b));
  const [worst] = worse;
  if (!worst) return mark;
  const says = worse.flatMap((one) => one.says.map((line) => `${nodes[one.node]!.label}: ${line}`));
  const short = worst.short === undefined ? {} : { short: worst.short };
  return { ...mark, ...short, node: own, tone: worst.tone, says: [...(mark?.says ?? []), ...says] };
}
