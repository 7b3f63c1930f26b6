/** What would have to be accepted for two terms to count as equal, where they tell. It is said, never done. */
import { numberOf } from "../logic/facts.ts";
import type { Term } from "../logic/terms.ts";

/** For the two smallest parts that differ; a proof that stopped has its hint by its reason (../logic/opaque.ts). */
export function hintOf(a: Term, b: Term): string | undefined {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return `a rule that takes ${x} and ${y} for one number`;
  const constants = a.kind === "linear" && b.kind === "linear" && a.args.every((t, k) => t === b.args[k]);
  return constants && a.args.length === b.args.length
    ? "a rule that takes the two combinations for one: they differ in their constants only"
    : undefined;
}
