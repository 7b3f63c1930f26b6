/** Values of a configuration as a message shows them. */

const BRIEF = 60;

/** A value as JSON, shortened to a readable length; of a list, its length too. 1e400 is read as Infinity, for which JSON has no word. */
export function brief(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) return "a number beyond the doubles";
  const text = JSON.stringify(value) ?? String(value);
  if (Array.isArray(value)) return `a list of ${value.length}${text.length <= BRIEF ? ` (${text})` : ""}`;
  return text.length <= BRIEF ? text : `${text.slice(0, BRIEF)}…`;
}
