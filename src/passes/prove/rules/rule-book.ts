/** All rules of the prover by the place that asks for them. A proof is given its rules: a test gives it broken ones. */

import { ADDITION, COMMUTE, DIVISION, MULTIPLICATION, NEGATION, ROUNDING } from "./arithmetic.ts";
import { BANDS } from "./bands.ts";
import * as choice from "./choice.ts";
import * as masked from "./masked.ts";
import * as positions from "./positions.ts";
import { FLOOR_QUOTIENT } from "./quotient.ts";
import * as reals from "./reals.ts";
import type { Rule, TermRule } from "./rule.ts";
import * as sums from "./sums.ts";

/** A place for every rule: code asks for a rule by its place, never for a rule of its own. */
export interface RuleBook {
  // On one kind of term; the first that fires is taken.
  readonly add: readonly TermRule[];
  readonly neg: readonly TermRule[];
  readonly mul: readonly TermRule[];
  readonly div: readonly TermRule[];
  readonly round: readonly TermRule[];
  readonly unary: readonly TermRule[];
  readonly compare: readonly TermRule[];
  readonly select: readonly TermRule[];
  readonly extreme: readonly TermRule[];
  // Where the interface is read.
  readonly oneHot: typeof positions.ONE_HOT;
  readonly padding: typeof positions.PADDING;
  readonly maskShut: typeof positions.MASK_SHUT;
  readonly maskOpen: typeof positions.MASK_OPEN;
  readonly maskTwoValued: typeof positions.MASK_TWO_VALUED;
  readonly rowsDistinct: typeof positions.ROWS_DISTINCT;
  readonly rowsFollow: typeof positions.ROWS_FOLLOW;
  readonly rowFromFirst: typeof positions.ROW_FROM_FIRST;
  readonly counter: typeof positions.COUNTER;
  readonly bands: typeof BANDS;
  // On terms, where a list per kind will not do.
  readonly commute: typeof COMMUTE;
  readonly indexArithmetic: typeof positions.INDEX_ARITHMETIC;
  readonly reroll: typeof positions.RE_ROLL;
  readonly liftMask: typeof masked.LIFT_MASK;
  readonly selectNumber: typeof choice.SELECT_NUMBER;
  readonly sumZero: typeof sums.SUM_ZERO;
  readonly sumOne: typeof sums.SUM_ONE;
  readonly sumSign: typeof sums.SUM_SIGN;
  readonly minSign: typeof sums.MIN_SIGN;
  readonly reduceSame: typeof sums.REDUCE_SAME;
  readonly realRound: typeof reals.REAL_ROUND;
  readonly collect: typeof reals.COLLECT;
  readonly content: typeof reals.CONTENT;
  readonly cancel: typeof reals.CANCEL;
  readonly power: typeof reals.POWER;
  readonly maxFactor: typeof reals.MAX_FACTOR;
  readonly sumLinear: typeof reals.SUM_LINEAR;
}

/** The rules that hold. */
export const RULES: RuleBook = {
  oneHot: positions.ONE_HOT,
  padding: positions.PADDING,
  maskShut: positions.MASK_SHUT,
  maskOpen: positions.MASK_OPEN,
  maskTwoValued: positions.MASK_TWO_VALUED,
  rowsDistinct: positions.ROWS_DISTINCT,
  rowsFollow: positions.ROWS_FOLLOW,
  rowFromFirst: positions.ROW_FROM_FIRST,
  counter: positions.COUNTER,
  bands: BANDS,
  indexArithmetic: positions.INDEX_ARITHMETIC,
  reroll: positions.RE_ROLL,
  commute: COMMUTE,
  add: ADDITION,
  neg: NEGATION,
  mul: MULTIPLICATION,
  div: DIVISION,
  round: [choice.ROUND_NUMBER, ...ROUNDING],
  unary: [masked.EXP_UNDERFLOW, choice.EXP_ZERO, choice.ABS_NUMBER, choice.ABS_SIGN],
  compare: [choice.COMPARE_NUMBERS, choice.EQUAL_ORDER],
  select: [choice.SELECT_SAME, FLOOR_QUOTIENT],
  extreme: [masked.MAX_DROP, choice.TRUTH_SET, choice.MAX_SET, choice.MIN_AS_MAX],
  selectNumber: choice.SELECT_NUMBER,
  sumZero: sums.SUM_ZERO,
  sumOne: sums.SUM_ONE,
  sumSign: sums.SUM_SIGN,
  minSign: sums.MIN_SIGN,
  reduceSame: sums.REDUCE_SAME,
  liftMask: masked.LIFT_MASK,
  realRound: reals.REAL_ROUND,
  collect: reals.COLLECT,
  content: reals.CONTENT,
  cancel: reals.CANCEL,
  power: reals.POWER,
  maxFactor: reals.MAX_FACTOR,
  sumLinear: reals.SUM_LINEAR,
};

/** Every rule, in the order of the book. */
export const rulesOf = (book: RuleBook): readonly Rule[] =>
  (Object.values(book) as readonly (Rule | readonly Rule[])[]).flat();

/** The table as Markdown. */
export function ruleTable(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const rows = rulesOf(RULES).map(
    (rule) =>
      `| \`${rule.name}\` | ${rule.tag} | ${cell(rule.says)} | ${cell(rule.needs)} | ${(rule.uses ?? []).join(" ")} |`,
  );
  return ["| Rule | Tag | Rewriting | Condition | Uses |", "|---|---|---|---|---|", ...rows].join("\n");
}
