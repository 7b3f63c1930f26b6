/** What a caller of the library gives, looked at before anything is done with it: the sentence names what is wrong. */
import { printable } from "../printable.ts";
import { UserError } from "../user-error.ts";

/** Throws the mistake that the sentence tells, as the function that was called documents it. */
export type Refuse = (says: string, mend?: string) => never;

/** A mistake outside any graph. */
export const refuse: Refuse = (says, mend) => {
  throw new UserError(says, mend);
};

/** A value as a sentence has it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return printable(JSON.stringify(value)).slice(0, 80);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** A record by any name. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is a record. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A record. */
export function fieldsGiven(value: unknown, what: string, no = refuse): Fields {
  return isFields(value) ? value : no(`${what} must be an object, not ${shown(value)}`);
}

/** An array. */
export function arrayGiven(value: unknown, what: string, like: string, no = refuse): readonly unknown[] {
  return Array.isArray(value) ? value : no(`${what} must be an array of ${like}, not ${shown(value)}`);
}

/** Options, all of known names. @throws UserError */
export function optionsGiven(value: unknown, of: string, names: readonly string[], no = refuse): Fields {
  const options = fieldsGiven(value, `the options of ${of}`, no);
  const stray = Object.keys(options).find((name) => !names.includes(name));
  if (stray !== undefined) no(`${of} has no option ${shown(stray)}`, `its options are ${names.join(", ")}`);
  return options;
}

/** Of an option that is not given, undefined. @throws UserError where it is of another type */
export function typed<T>(value: unknown, what: string, is: (value: unknown) => boolean, like: string): T | undefined {
  if (value === undefined || is(value)) return value as T | undefined;
  throw new UserError(`${what} must be ${like}, not ${shown(value)}`);
}

/** @throws UserError */
export function wholeGiven(
  value: unknown,
  what: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
  no = refuse,
): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return no(`${what} must be a whole number ${range}, not ${shown(value)}`);
}

/** A number that is finite, and not below `least`. */
export function numberGiven(value: unknown, what: string, least = Number.NEGATIVE_INFINITY, no = refuse): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return value;
  const range = least === Number.NEGATIVE_INFINITY ? "" : ` from ${least}`;
  return no(`${what} must be a finite number${range}, not ${shown(value)}`);
}

/** A number that is finite and above 0. */
export function positiveGiven(value: unknown, what: string, no = refuse): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  return no(`${what} must be a finite number above 0, not ${shown(value)}`);
}

/** A text that is not empty. */
export function nameGiven(value: unknown, what: string, no = refuse): string {
  return typeof value === "string" && value !== "" ? value : no(`${what} must be a text, not ${shown(value)}`);
}

/** One of a few words. */
export function choiceGiven<const T extends string>(value: unknown, what: string, of: readonly T[], no = refuse): T {
  return of.includes(value as T) ? (value as T) : no(`${what} must be ${of.join(" or ")}, not ${shown(value)}`);
}

/** A function, of which no more can be told. */
export function functionGiven(value: unknown, what: string, no = refuse): void {
  if (typeof value !== "function") no(`${what} must be a function, not ${shown(value)}`);
}

/** True or false. */
export function truthGiven(value: unknown, what: string, no = refuse): boolean {
  return typeof value === "boolean" ? value : no(`${what} must be true or false, not ${shown(value)}`);
}

/** @throws UserError */
export function pathGiven(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw new UserError(`${what} must be a path, not ${shown(value)}`);
}
