/** What would have to be accepted for a place to count as equal, where the reason tells. It is said, never done. */
import type { Term } from "../logic/terms.ts";

/** By the reasons that stop a proof. */
const BY_REASON: readonly (readonly [reason: RegExp, hint: string])[] = [
  [/computed at run time/, "a position that is an input of the graph, not a value computed from others"],
  [/may be outside/, "a bound on the index that holds for all inputs"],
  [/not a cache row of the block/, "a rule for cache rows at an offset from those that the tokens write"],
  [/reaches beyond the rows/, "a rule for slices that reach rows which no token writes"],
  [/run-time position/, "a rule that tells a numbered cache row from the rows of the tokens"],
  [/maximum may be over masked-out/, "a row of the mask that is known to be open (P4) in this maximum"],
  [
    /masked-out value is/,
    "a rule for masked-out values there; P8 covers sums, positive factors, roundings and exp only",
  ],
  [/^the token row of/, "a rule for rows of several tokens in one; each row is expected to be that of one token"],
  [/constant is read/, "a rule for constants read at a cache row"],
  [/too deep/, "a named value on the way that both graphs have, to cut the proof at"],
];

/** For a reason in words, or for the two smallest parts that differ. */
export function hintOf(reason: string | undefined, a?: Term, b?: Term): string | undefined {
  if (reason !== undefined) return BY_REASON.find(([pattern]) => pattern.test(reason))?.[1];
  if (!a || !b) return undefined;
  if (a.value !== undefined && b.value !== undefined)
    return `a rule that takes ${a.value} and ${b.value} for one number`;
  const constants = a.kind === "linear" && b.kind === "linear" && a.args.every((x, k) => x === b.args[k]);
  return constants && a.args.length === b.args.length
    ? "a rule that takes the two combinations for one: they differ in their constants only"
    : undefined;
}
