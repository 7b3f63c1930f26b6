/** Text that may come from a file, on its way to a terminal: it may not move the cursor, turn the writing round, or flood. */

/** Controls and line breaks, bidirectional marks and what else has no glyph, and halves of surrogate pairs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** The same without the two that text of several lines is laid out with. */
const UNSEEN_IN_TEXT = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A word longer than this is cut: names that people give are shorter, and so are hashes. */
const WORD = 200;
/** Of a word that is cut, the characters that stay at its head and at its tail. */
const [HEAD, TAIL] = [120, 40] as const;

/** `\u001b` for each code unit, which is what JSON calls it too. */
const escaped = (text: string): string =>
  text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");

/** One line as one line: what has no glyph is escaped, and a word that nobody would read is cut in its middle. */
export const printable = (line: string): string =>
  line.replace(new RegExp(`\\S{${WORD + 1},}`, "g"), shortened).replace(UNSEEN, escaped);

/** A sentence as `printable`, and cut in its middle where it is longer than `most`: its end often says what to do. */
export function printableSentence(sentence: string, most: number): string {
  const line = printable(sentence);
  if (line.length <= most) return line;
  return `${line.slice(0, Math.floor((2 * most) / 3))} … ${line.slice(-Math.floor(most / 3))}`;
}

/** Text of several lines, or JSON, which keeps its meaning: nothing in it reaches a terminal as a command. */
export const harmless = (text: string): string => text.replace(UNSEEN_IN_TEXT, escaped);

const shortened = (word: string): string =>
  `${word.slice(0, HEAD)}…(${word.length - HEAD - TAIL} more)…${word.slice(-TAIL)}`;
