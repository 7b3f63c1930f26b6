/** Whole graphs as a caller of the library gives them, looked at down to what each value is made from. */

import type { Graph } from "../graph.ts";
import { opTable } from "../ops/index.ts";
import { operandsOf, type Tensor } from "../tensor.ts";
import { UserError } from "../user-error.ts";
import { isFields, shown } from "./values.ts";

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
