/**
 * The placement record in two halves: what is fitted on one of them, and how that answers the other. Of every op with two cases or more both halves have
 * some, and a seed says which; the fit is a function of its half alone.
 */
import { isConstant } from "../../../src/dsl/operands.ts";
import { uniform } from "../../../src/dsl/random.ts";
import { operandsOf } from "../../../src/dsl/tensor.ts";
import { has } from "../../../src/dsl/traits.ts";
import { isFloat, sameShape } from "../../../src/dsl/type.ts";
import type { OpValue } from "../../../src/passes/lint/lint-rule.ts";
import { CHIPS } from "../../../src/passes/placement/chips.ts";
import { SUPPORT_RULES, type Support, type SupportRule, supportOf } from "../../../src/passes/placement/support.ts";
import type { Form } from "./recorded-form.ts";

/** Rows to fit on, and rows to answer. */
export interface Halves {
  readonly fit: readonly Form[];
  readonly kept: readonly Form[];
}

/** What one half of the record says. */
export interface Fit {
  /** Of each op how many of its rows were taken, those aside that a rule explains. */
  readonly ops: ReadonlyMap<string, readonly [supported: number, tried: number]>;
  /** The rules that this half shows: some of its rows are refused by them, and none that they refuse was taken. */
  readonly rules: readonly SupportRule[];
  /** The same as `ops` for whole classes of ops. */
  readonly classes: ReadonlyMap<string, readonly [supported: number, tried: number]>;
}

/** Divides by names and ops alone: what a row says has no part in which half it is in. */
export function halvesOf(forms: readonly Form[], seed: number): Halves {
  const groups = new Map<string, string[]>();
  for (const { name, value } of forms) {
    const cases = groups.get(value.def.op) ?? [];
    if (!cases.includes(caseOf(name))) groups.set(value.def.op, [...cases, caseOf(name)]);
  }
  const chosen = new Set([...groups].flatMap(([op, cases], n) => half(cases, seed, n).map((one) => `${op} of ${one}`)));
  const isFit = ({ name, value }: Form): boolean => chosen.has(`${value.def.op} of ${caseOf(name)}`);
  return { fit: forms.filter(isFit), kept: forms.filter((one) => !isFit(one)) };
}

const caseOf = (name: string): string => name.split("#")[0]!;

/** Half of the cases of an op in an order by the seed; of an odd one the seed says whether it is among them. */
function half(cases: readonly string[], seed: number, stream: number): readonly string[] {
  const order = cases.map((one, k) => [uniform(seed, stream, k), one] as const).toSorted(([a], [b]) => a - b);
  const count = Math.floor((cases.length + Number(uniform(seed, stream, cases.length) > 0)) / 2);
  return order.slice(0, count).map(([, one]) => one);
}

const chip = CHIPS.get("m4")!;
const BY_OP = SUPPORT_RULES.find(({ refusal }) => refusal === "op")!;
const about = (ops: Fit["ops"]) => ({ chip, isConstant, record: { ops } });

/** What is fitted. Numbers in the rules (how long an axis, how wide a kernel) come with the rules: a half says which rules hold. */
export function fitOf(fit: readonly Form[]): Fit {
  const finds = (rule: SupportRule, { value }: Form): boolean => rule.find(value, about(new Map())) !== undefined;
  const rules = SUPPORT_RULES.filter((rule) => {
    const refused = rule === BY_OP ? [] : fit.filter((one) => finds(rule, one));
    return refused.length > 0 && refused.every(({ takes }) => !takes);
  });
  const unexplained = fit.filter((one) => one.takes || !rules.some((rule) => finds(rule, one)));
  return {
    rules,
    ops: counted(unexplained, ({ def }) => def.op),
    classes: counted(unexplained, classOf),
  };
}

function counted(forms: readonly Form[], of: (value: OpValue) => string): Fit["ops"] {
  const counts = new Map<string, readonly [number, number]>();
  for (const { value, takes } of forms) {
    const [supported, tried] = counts.get(of(value)) ?? [0, 0];
    counts.set(of(value), [supported + Number(takes), tried + 1]);
  }
  return counts;
}

/** The class of an op by its declaration: what it does with places, and what it makes of how many operands. */
export function classOf({ def, type }: OpValue): string {
  if (has(def, "moves")) return "moves elements";
  if (has(def, "contracts")) return "sums products";
  if (!isFloat(type.dtype)) return "gives no floats";
  const operands = operandsOf(def).filter((x) => !isConstant(x));
  const isElementwise = operands.every((x) => sameShape(x.type.shape, type.shape));
  return `${isElementwise ? "keeps the shape" : "changes the shape"}, ${operands.length > 1 ? "several operands" : "one operand"}`;
}

/** The answer of a fit to a row that it has not seen. A rule that the half did not show answers nothing. */
export function answerOf({ ops, rules }: Fit, { value }: Form): Support["can"] {
  if (rules.some((rule) => rule.find(value, about(ops)) !== undefined)) return "no";
  const support = supportOf(value, about(ops));
  return support.can === "no" && support.refusal !== "op" ? "not in the record" : support.can;
}

/** Rows of a class that must have been tried, and the share of them that must agree, before the class answers for an op that was not. */
const [FEWEST, SHARE] = [5, 0.8];

/** The answer of the class of an op to a row that the op's own rows do not answer. */
export function classAnswerOf(fit: Fit, row: Form): Support["can"] {
  const own = answerOf(fit, row);
  if (own !== "not in the record" || fit.ops.has(row.value.def.op)) return own;
  const [supported, tried] = fit.classes.get(classOf(row.value)) ?? [0, 0];
  if (tried < FEWEST) return own;
  if (supported / tried >= SHARE) return typesAnswer(fit, row) === "yes" ? "yes" : own;
  return supported / tried <= 1 - SHARE ? "no" : own;
}

/** Whether the op would be answered if it had been taken once: types that are on record in no form stay open. */
const typesAnswer = (fit: Fit, row: Form): Support["can"] =>
  answerOf({ ...fit, ops: new Map([...fit.ops, [row.value.def.op, [1, 1] as const]]) }, row);
