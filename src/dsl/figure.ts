/** Two numbers that differ, as a person reads them; `--json` has all their digits. */

/** What a figure has where nothing asks for more. */
const FEWEST = 3;
/** Enough to tell any two numbers of fp64 apart. */
const MOST = 17;

/** Whole numbers below it are told whole: they count, or they are an end of fp16. */
const COUNTS = 1e6;

/** A number of at least three digits, or of as many as tell it from another one: `0.25`, `3e-8`, `65504`. */
export function figure(value: number, other = Number.NaN): string {
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < COUNTS)) return String(value);
  for (let digits = FEWEST; digits < MOST; digits += 1) {
    const [shown, beside] = [short(value, digits), short(other, digits)];
    // Rounding may leave the doubles at their upper end.
    if ((shown !== beside || value === other) && Number.isFinite(Number(shown))) return shown;
  }
  return String(value);
}

/** Of two spellings with the same digits the shorter one, so that whole numbers stay what they are. */
function short(value: number, digits: number): string {
  const shown = value.toPrecision(digits);
  const plain = String(Number(shown));
  return plain.length <= shown.length ? plain : shown;
}
