/** Every rule of the prover, for the table in docs/equivalence.md and for the tests that break them one by one. */
import { ROW_DISTINCT, ROW_NEXT } from "./reading/distinct.ts";
import { MASK_CLOSED, MASK_OPEN, ONE_HOT } from "./reading/leaves.ts";
import { COLLECT, CONTENT, POWER, SUM_LINEAR } from "./reading/reals.ts";
import { REROLL } from "./reading/reroll.ts";
import { ADDITION, DIVISION, MULTIPLICATION, ROUNDING } from "./rules/arithmetic.ts";
import { CLOSED, GATE_ADD, GATES, MAXIMUM } from "./rules/closed.ts";
import type { Rule } from "./rules/rule.ts";
import { COMMUTE, SUM_ONE, SUM_SIGN, SUM_ZERO } from "./rules/structure.ts";

export const RULES: readonly Rule[] = [
  ...[ONE_HOT, MASK_CLOSED, MASK_OPEN, ROW_DISTINCT, ROW_NEXT, REROLL],
  ...[COMMUTE, ...ADDITION, ...MULTIPLICATION, ...DIVISION, ...ROUNDING, SUM_ZERO, SUM_ONE, SUM_SIGN],
  ...[...CLOSED, ...GATES, GATE_ADD, ...MAXIMUM],
  ...[COLLECT, CONTENT, POWER, SUM_LINEAR],
];

/** The table as Markdown. */
export function ruleTable(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const rows = RULES.map(
    (rule) =>
      `| \`${rule.name}\` | ${rule.tag} | ${cell(rule.says)} | ${cell(rule.needs)} | ${(rule.uses ?? []).join(" ")} |`,
  );
  return ["| Rule | Tag | Rewriting | Condition | Uses |", "|---|---|---|---|---|", ...rows].join("\n");
}
