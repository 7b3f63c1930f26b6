/**
 * What an option takes, and for which operands it does something: declared once, and its place in the help, its check
 * and its refusal come from that.
 */

import { kindsText, type OperandKind } from "./operand-kind.ts";

interface Documented {
  readonly help: string;
  /** The kinds of operands for which it does something; every kind when absent. It is refused where none is given. */
  readonly for?: readonly OperandKind[];
  /** Other options, one of which must be given: without any this one does nothing. */
  readonly with?: readonly string[];
  /** Other options beside which this one does nothing. */
  readonly without?: readonly string[];
  /** Where it is given, operands are words of this form or none at all, and no other option does anything. */
  readonly instead?: { readonly form: RegExp; readonly like: string };
}

interface Valued extends Documented {
  /** Shown in the help; what `Args` gives when the option is absent. */
  readonly default?: string;
}

/** One option of a command, by what may stand behind it. */
export type Option =
  | ({ readonly kind: "flag" } & Documented)
  /** A whole number from `min` to `max`, or without an upper end; `value` is its letter in the help. */
  | ({ readonly kind: "whole"; readonly value: string; readonly min: number; readonly max?: number } & Valued)
  | ({ readonly kind: "choice"; readonly values: readonly string[] } & Valued)
  /** A text of a form of its own; `like` shows it in the refusal. */
  | ({ readonly kind: "form"; readonly value: string; readonly form: RegExp; readonly like: string } & Valued)
  /** The same, and may be given several times. */
  | ({ readonly kind: "forms"; readonly value: string; readonly form: RegExp; readonly like: string } & Documented)
  /** A name that is looked up in a file, or a text for a model. */
  | ({ readonly kind: "name"; readonly value: string } & Valued)
  /** A path; whoever opens it says what is wrong with it. */
  | ({ readonly kind: "file" | "folder"; readonly value?: string } & Valued)
  /** Folders: it may be given several times. */
  | ({ readonly kind: "folders" } & Documented);

/** Options by name, without the dashes. */
export type Options = Readonly<Record<string, Option>>;

/** `--tokens T`: the option with a stand-in for its value. */
export function spelling(name: string, option: Option): string {
  switch (option.kind) {
    case "flag":
      return `--${name}`;
    case "choice":
      return `--${name} ${option.values.join("|")}`;
    case "file":
    case "folder":
    case "folders":
      return `--${name} ${("value" in option ? option.value : undefined) ?? (option.kind === "file" ? "FILE" : "DIR")}`;
    default:
      return `--${name} ${option.value}`;
  }
}

/** Whether it may be given several times. */
export const isRepeatable = ({ kind }: Option): boolean => kind === "forms" || kind === "folders";

/** The value when the option is absent. */
export const defaultOf = (option: Option): string | undefined => ("default" in option ? option.default : undefined);

/** What the help says: the purpose, the range where it has two ends, the default, and the operands that it is for. */
export function describeOption(option: Option): string {
  const fallback = defaultOf(option);
  const facts = [
    ...(option.kind === "whole" && option.max !== undefined ? [fromTo(option.min, option.max)] : []),
    ...(isRepeatable(option) ? ["may be repeated"] : []),
    ...(fallback === undefined ? [] : [`default ${fallback}`]),
    ...(option.for ? [`for ${kindsText(option.for)}`] : []),
  ];
  return facts.length === 0 ? option.help : `${option.help} (${facts.join("; ")})`;
}

/**
 * Whether the system can have given this path: no name holds a zero byte, and what was no UTF-8 arrives with another
 * character in its place, so that it names something else.
 */
export const isExpressible = (path: string): boolean => !/[\0\ufffd\p{Surrogate}]/u.test(path);

/** What the value must be, when it is not; undefined for a good one. */
export function expectation(option: Option, text: string): string | undefined {
  switch (option.kind) {
    case "whole":
      return isWhole(text, option.min, option.max) ? undefined : `be ${wholes(option.min, option.max)}`;
    case "choice":
      return option.values.includes(text) ? undefined : `be ${option.values.join(" or ")}`;
    case "form":
    case "forms":
      return option.form.test(text) ? undefined : `look like ${option.like}`;
    case "file":
    case "folder":
    case "folders":
      return isExpressible(text) ? undefined : "be a path in UTF-8, without a zero byte";
    default:
      return undefined;
  }
}

function isWhole(text: string, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  const n = Number(text);
  return /^\d+$/.test(text) && n >= min && n <= max;
}

const wholes = (min: number, max?: number): string =>
  max === undefined ? `a whole number of at least ${min}` : fromTo(min, max);

const fromTo = (min: number, max: number): string => (max === min + 1 ? `${min} or ${max}` : `${min} to ${max}`);
