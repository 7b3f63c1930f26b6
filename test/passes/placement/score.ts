/** How well the rules answer the placement record: over all rows, over those of a half that was kept aside, and rule by rule. */
import { isConstant } from "../../../src/dsl/operands.ts";
import { PLACEMENT_RECORD } from "../../../src/passes/lint/placement-record.ts";
import { CHIPS } from "../../../src/passes/placement/chips.ts";
import { type Support, type SupportRule, supportOf } from "../../../src/passes/placement/support.ts";
import { answerOf, classAnswerOf, fitOf, halvesOf } from "./halves.ts";
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

/** The answers of the whole record to rows. */
export const scoreOf = (forms: readonly Form[]): Score => scored(forms, ({ value }) => supportOf(value, asked).can);

function scored(forms: readonly Form[], answer: (form: Form) => Support["can"]): Score {
  const answers = forms.map((form) => ({ ...form, can: answer(form) }));
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

/** The rows that were kept aside: by what the other half has of each op, and where it has nothing by what it has of ops of that class. */
export interface KeptScore {
  readonly byOp: Score;
  readonly byClass: Score;
}

/** Which half is drawn in the docs. */
const SEED = 2026;

/** What one half of the record says, tried on the rows of the other. */
export function keptScore(seed = SEED, forms = FORMS): KeptScore {
  const { fit, kept } = halvesOf(forms, seed);
  const fitted = fitOf(fit);
  return {
    byOp: scored(kept, (form) => answerOf(fitted, form)),
    byClass: scored(kept, (form) => classAnswerOf(fitted, form)),
  };
}

/** Halves by so many other seeds. */
export const SEEDS = 100;

/** Over many divisions: rows, and of them right and wrong ones. */
export function keptScores(): Readonly<Record<keyof KeptScore, readonly [rows: number, right: number, wrong: number]>> {
  const scores = Array.from({ length: SEEDS }, (_, n) => keptScore(n + 1));
  const sum = (how: keyof KeptScore) =>
    scores.reduce<readonly [number, number, number]>(
      ([rows, right, wrong], { [how]: one }) => [rows + one.rows, right + one.right, wrong + one.wrong.length],
      [0, 0, 0],
    );
  return { byOp: sum("byOp"), byClass: sum("byClass") };
}

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
