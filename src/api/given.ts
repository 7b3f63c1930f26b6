/** What a caller of the library gives, looked at before anything is done with it: the sentence names what is wrong. */

import type { Graph } from "../dsl/graph.ts";
import { opTable } from "../dsl/ops/index.ts";
import { operandsOf, type Tensor } from "../dsl/tensor.ts";
import { UserError } from "../dsl/user-error.ts";
import { printable } from "../files/printable.ts";

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

/** Options, all of known names. @throws UserError */
export function optionsGiven(value: unknown, of: string, names: readonly string[]): Fields {
  if (!isFields(value)) throw new UserError(`the options of ${of} must be an object, not ${shown(value)}`);
  const stray = Object.keys(value).find((name) => !names.includes(name));
  if (stray !== undefined)
    throw new UserError(`${of} has no option ${shown(stray)}`, `its options are ${names.join(", ")}`);
  return value;
}

/** Of an option that is not given, undefined. @throws UserError where it is of another type */
export function typed<T>(value: unknown, what: string, is: (value: unknown) => boolean, like: string): T | undefined {
  if (value === undefined || is(value)) return value as T | undefined;
  throw new UserError(`${what} must be ${like}, not ${shown(value)}`);
}

/** @throws UserError */
export function wholeGiven(value: unknown, what: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new UserError(`${what} must be a whole number ${range}, not ${shown(value)}`);
}

/** @throws UserError */
export function pathGiven(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw new UserError(`${what} must be a path, not ${shown(value)}`);
}

/** @throws UserError where it was not made by `graph` or read from a package */
export function graphGiven(value: unknown, what: string): Graph {
  if (isGraph(value)) return value;
  throw new UserError(
    `${what} must be a graph, not ${shown(value)}`,
    "graph() makes one of its parts, graphOf() of a package",
  );
}

const KINDS: ReadonlySet<unknown> = new Set(["input", "state", "weight", "const", "op"]);

/** Graphs that were looked at: a proof asks for that of one again and again. */
const seen = new WeakSet<object>();

function isGraph(value: unknown): value is Graph {
  if (!isFields(value)) return false;
  if (seen.has(value)) return true;
  const { name, inputs, states, outputs } = value;
  if (typeof name !== "string" || !Array.isArray(inputs) || !Array.isArray(states) || !isFields(outputs)) return false;
  if (!states.every((one) => isFields(one) && typeof one.name === "string")) return false;
  const ends = [...inputs, ...states.flatMap(({ entry, exit }) => [entry, exit]), ...Object.values(outputs)];
  if (!areTensors(ends)) return false;
  seen.add(value);
  return true;
}

/** All of them, and all that they are made from. */
function areTensors(ends: readonly unknown[]): boolean {
  const met = new Set<unknown>();
  const open = [...ends];
  for (let value = open.pop(); open.length > 0 || value !== undefined; value = open.pop()) {
    if (met.has(value)) continue;
    if (!isTensor(value)) return false;
    met.add(value);
    if (value.def.kind === "op") open.push(...operandsOf(value.def));
  }
  return true;
}

function isTensor(value: unknown): value is Tensor {
  if (!isFields(value) || !isFields(value.type) || !isFields(value.def) || !isFields(value.site)) return false;
  const { type, def, site } = value;
  if (typeof type.dtype !== "string" || !Array.isArray(type.shape) || typeof site.frames !== "function") return false;
  if (!type.shape.every((n) => Number.isSafeInteger(n) && n > 0)) return false;
  if (!KINDS.has(def.kind)) return false;
  if (def.kind === "input" || def.kind === "state") return typeof def.name === "string";
  if (def.kind === "weight") return isFields(def.source);
  if (def.kind === "const") return ArrayBuffer.isView(def.data) || Array.isArray(def.data);
  const operands =
    isFields(def.operands) && Object.values(def.operands).every((one) => isFields(one) || Array.isArray(one));
  return operands && typeof def.op === "string" && opTable.has(def.op) && isFields(def.attrs);
}
