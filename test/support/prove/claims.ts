/** What a verdict claims, by parts. */
import type { Verdict } from "../../../src/passes/prove/report/verdict.ts";

/** What each corollary says, by its name; nothing of what is not proven. */
export const corollariesOf = (v: Verdict): Readonly<Record<string, string>> =>
  v.verdict === "PROVEN" ? Object.fromEntries(v.corollaries.map(({ name, says }) => [name, says])) : {};
