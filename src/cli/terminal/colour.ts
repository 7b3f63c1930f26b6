/** Colours of verdicts and errors, for a terminal alone: what is piped, kept or read by a program has none. */

/** The part of a stream and of the environment that colours depend on. */
export interface Painted {
  readonly isTTY?: boolean;
}

const [RED, YELLOW, GREEN, DIM] = [31, 33, 32, 2] as const;
type Colour = typeof RED | typeof YELLOW | typeof GREEN | typeof DIM;

/** What a line begins with, and its colour; the first that fits. */
const BEGINNINGS: readonly (readonly [begin: RegExp, colour: Colour])[] = [
  [/^(NOT (PROVEN|PASSED|FINITE)|REFUTED|DIFFERS|BEYOND|NOTHING TOLD)\b/, RED],
  [/^(PROVEN|EQUAL|WITHIN|SAME|PASSED)\b/, GREEN],
  [/^ *error\b(:| \[)/, RED],
  [/^ *warning\b(:| \[)/, YELLOW],
  [/^(note|checking|done):?/, DIM],
];

/**
 * Whether a stream is to have colours: a terminal that is not dumb. `NO_COLOR`, of whatever content but none, says no
 * (https://no-color.org); `FORCE_COLOR` says yes, 0 no (as Node reads it).
 */
export function isPainted(stream: Painted, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0";
  return stream.isTTY === true && env.TERM !== "dumb";
}

/** The text with the first word of its verdicts, errors and remarks coloured. */
export const painted = (text: string): string => text.split("\n").map(paintedLine).join("\n");

function paintedLine(line: string): string {
  for (const [begin, colour] of BEGINNINGS) {
    const [word] = begin.exec(line) ?? [];
    if (word !== undefined) return `\x1b[${colour}m${word}\x1b[0m${line.slice(word.length)}`;
  }
  return line;
}
