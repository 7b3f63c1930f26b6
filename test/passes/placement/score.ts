/** How well the rules answer the placement record: over all rows, over those of a half that was kept aside, and rule by rule. */
import { isConstant } from "../../../src/dsl/operands.ts";
import { uniform } from "../../../src/dsl/random.ts";
import { PLACEMENT_RECORD } from "../../../src/passes/lint/placement-record.ts";
import { CHIPS } from "../../../src/passes/placement/chips.ts";
import { SUPPORT_RULES, type SupportRule, supportOf } from "../../../src/passes/placement/support.ts";
import { FORMS, UNSPELLED } from "./recorded.ts";
import type { Form } from "./recorded-form.ts";

/** Ops in the record, over all of its cases. */
export const ROWS = 308;

const asked = { chip: CHIPS.get("m4")!, isConstant, record: PLACEMENT_RECORD };

/** How rows were answered. */
export interface Score {
  readonly rows: number;
  readonly right: number;
  /** By name. */
  readonly wrong: readonly string[];
  readonly unanswered: readonly string[];
}

/** The answers to some rows, from what a record has of each op. */
export function scoreOf(forms: readonly Form[], ops = PLACEMENT_RECORD.ops): Score {
  const answers = forms.map((form) => ({ ...form, can: supportOf(form.value, { ...asked, record: { ops } }).can }));
  const named = (of: typeof answers) => of.map(({ name }) => name);
  const answered = answers.filter(({ can }) => can !== "not in the record");
  const wrong = answered.filter(({ can, takes }) => (can === "yes") !== takes);
  return {
    rows: forms.length,
    right: answered.length - wrong.length,
    wrong: named(wrong),
    unanswered: named(answers.filter(({ can }) => can === "not in the record")),
  };
}

/** What one half says of each op, tried on the rows of the other; all ops of a case are in one half. */
export function otherHalf(seed = 2026): Score {
  const cases = [...new Set(FORMS.map(caseOf))];
  const half = new Set(cases.filter((_, k) => uniform(seed, 0, k) > 0));
  const counts = new Map<string, readonly [supported: number, tried: number]>();
  for (const { value, takes } of FORMS.filter((form) => half.has(caseOf(form)))) {
    // What another rule explains says nothing of the op.
    if (!takes && OTHERS.some(({ find }) => find(value, asked) !== undefined)) continue;
    const [supported, tried] = counts.get(value.def.op) ?? [0, 0];
    counts.set(value.def.op, [supported + Number(takes), tried + 1]);
  }
  return scoreOf(
    FORMS.filter((form) => !half.has(caseOf(form))),
    counts,
  );
}

const OTHERS = SUPPORT_RULES.filter(({ refusal }) => refusal !== "op");
const caseOf = ({ name }: Form): string => name.split("#")[0]!;

/** Rows of which a rule says that the engine refuses them, how many of these it does refuse, and how many it refuses in all. */
export interface RuleScore {
  readonly fires: number;
  readonly refused: number;
  readonly all: number;
}

/** One rule by itself. */
export function ruleScore({ find }: SupportRule): RuleScore {
  const fires = FORMS.filter(({ value }) => find(value, asked) !== undefined);
  return {
    fires: fires.length,
    refused: fires.filter(({ takes }) => !takes).length,
    all: FORMS.filter(({ takes }) => !takes).length,
  };
}

/** The rows without words, those of one reason together. */
export function unspelledText(): string {
  const reasons = new Map<string, string[]>();
  for (const [name, why] of UNSPELLED) reasons.set(why, [...(reasons.get(why) ?? []), name]);
  return [...reasons].map(([why, names]) => `${names.join(", ")} (${why})`).join("; ");
}
