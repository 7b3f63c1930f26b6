/**
 * A second opinion: both graphs evaluated over a prime field, where exponentials and other functions are keyed random
 * functions (as in Mirage, arXiv 2405.05751, but uninterpreted, so that any nesting works). Equal graphs give equal
 * numbers; different ones differ but for chance. It shares the meaning of the ops with the prover, and no rule.
 */
import type { Algebra } from "../../../dsl/algebra.ts";
import type { Graph } from "../../../dsl/graph.ts";
import { schedule } from "../../../dsl/graph.ts";
import { meaningOf } from "../../../dsl/meaning.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { tokenAxisOf } from "../../../dsl/twins.ts";
import { isFloat, sizeOf, type TensorType } from "../../../dsl/type.ts";
import { type NDArray, tabulate } from "../../interpret/array.ts";
import { readOf } from "../../interpret/evaluate.ts";
import { numericReading } from "../../interpret/reading.ts";
import { MASKED_OUT } from "../logic/ceiling.ts";
import type { ProvenPair } from "../program/pair.ts";
import { feeds, keyOfInput, keyOfState, keyOfWeight } from "./feeds.ts";
import { sampleOf } from "./sample.ts";

/** Two primes below 2²⁶: products are exact in doubles. */
export const PRIMES = [67108859, 67108837] as const;
/** A masked-out value: below the field, so that no sum or product reaches it. */
const CLOSED = -1;

/** What a prime field says of a pair. */
export interface Fingerprint {
  readonly equal: boolean;
  /** The first place that differs. */
  readonly at?: string;
}

/** Compares block and steps over the field of `prime`, with random inputs, weights and functions from `seed`. */
export function fingerprint(
  pair: ProvenPair,
  { prime, seed }: { readonly prime: number; readonly seed: number },
): Fingerprint {
  const { roles, placeOf } = pair;
  const field = fieldReading(prime, seed);
  const sample = sampleOf(pair, seed);
  const random = (name: string, k: number): number => mix(prime, seed, hashText(name), k);
  const weight = (value: Tensor): NDArray => {
    const { def, type } = value;
    if (def.kind !== "weight") throw new Error("a weight was expected");
    const table = pair.tableOf(def.source, type);
    if (table) return from(type, (k) => field.num(table[k]!));
    const { base, offset } = placeOf(def.source, type);
    return from(type, (k) => random(keyOfWeight(base), offset + k));
  };
  // The host's numbers as field elements: masks and positions keep their meaning, all else is random.
  const element = (value: Tensor, data: NDArray): NDArray => {
    const role = roles.get(value.name ?? "")!;
    if (role.kind === "mask" && isFloat(value.type.dtype))
      return from(value.type, (k) => (data.data[k] === MASKED_OUT ? CLOSED : 0));
    if (role.kind === "mask" || role.kind === "write_mask" || role.kind === "position") return data;
    return from(value.type, (k) =>
      mix(prime, seed, hashText(keyOfInput(value.name ?? "")), Math.round(data.data[k]! * 2 ** 24)),
    );
  };
  const call = (graph: Graph, first: number, states: Record<string, NDArray>) => {
    const fed = feeds(graph, pair, sample, first);
    return evaluateField(graph, field, (value) => {
      const { def } = value;
      if (def.kind === "weight") return weight(value);
      if (def.kind === "state") return states[def.name]!;
      return element(value, fed[value.name ?? ""]!);
    });
  };
  let states = Object.fromEntries(
    pair.block.states.map(({ name, entry }) => [name, from(entry.type, (k) => random(keyOfState(name), k))]),
  );
  const block = call(pair.block, 0, states);
  const steps = Array.from({ length: pair.tokens }, (_, t) => {
    const result = call(pair.step, t, states);
    states = result.states;
    return result;
  });
  return compareFields(pair, block, steps);
}

interface FieldResults {
  readonly outputs: Record<string, NDArray>;
  readonly states: Record<string, NDArray>;
}

function compareFields(pair: ProvenPair, block: FieldResults, steps: readonly FieldResults[]): Fingerprint {
  const last = steps.at(-1)!;
  for (const { name } of pair.block.states) {
    const k = block.states[name]!.data.findIndex((x, i) => x !== last.states[name]!.data[i]);
    if (k >= 0) return { equal: false, at: `${name}, element ${k}` };
  }
  for (const [name, value] of Object.entries(pair.block.outputs)) {
    const axis = tokenAxisOf(value, pair.step.outputs[name]!, pair.tokens);
    const { shape } = value.type;
    const inner = typeof axis === "number" ? sizeOf(shape.slice(axis + 1)) : 1;
    const rows = typeof axis === "number" ? pair.tokens : 1;
    const k = block.outputs[name]!.data.findIndex((x, i) => {
      const t = rows === 1 ? 0 : Math.floor(i / inner) % rows;
      const own = rows === 1 ? i : Math.floor(i / inner / rows) * inner + (i % inner);
      return x !== steps[t]!.outputs[name]!.data[own];
    });
    if (k >= 0) return { equal: false, at: `${name}, element ${k}` };
  }
  return { equal: true };
}

function evaluateField(graph: Graph, m: Field, leaf: (value: Tensor) => NDArray): FieldResults {
  const values = new Map<Tensor, NDArray>();
  for (const value of schedule(graph)) {
    const { def, type } = value;
    if (def.kind === "const") {
      const { data } = def;
      values.set(
        value,
        from(type, (k) => (isFloat(type.dtype) ? m.num(data[k]!) : data[k]!)),
      );
    } else if (def.kind === "op") {
      const integers = Object.values(def.operands)
        .flat()
        .every((x) => !isFloat((x as Tensor).type.dtype));
      const reading = integers && !isFloat(type.dtype) ? numericReading("fp64", true) : m;
      values.set(
        value,
        tabulate(
          type,
          meaningOf(reading, def, type, (operand) => readOf(values.get(operand)!)),
        ),
      );
    } else values.set(value, leaf(value));
  }
  const get = (value: Tensor): NDArray => values.get(value)!;
  return {
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, get(value)])),
    states: Object.fromEntries(graph.states.map(({ name, exit }) => [name, get(exit)])),
  };
}

function from(type: TensorType, element: (k: number) => number): NDArray {
  return { ...type, data: Float64Array.from({ length: sizeOf(type.shape) }, (_, k) => element(k)) };
}

type Field = Algebra<number, number>;

function fieldReading(p: number, seed: number): Field {
  const index = numericReading("fp64", true);
  const inverse = (x: number): number => powMod(x, p - 2, p);
  const open = (f: (a: number, b: number) => number) => (a: number, b: number) =>
    a === CLOSED || b === CLOSED ? CLOSED : f(a, b);
  const keyed = (name: string, x: number): number => mix(p, seed, hashText(name), x);
  // The largest of several: the first open one in a random order of places, so that it moves with a shift or a scale.
  const pick = (n: number, term: (k: number) => number): number => {
    const order = Array.from({ length: n }, (_, k) => k).sort((a, b) => keyed("place", a) - keyed("place", b));
    for (const k of order) {
      const x = term(k);
      if (x !== CLOSED) return x;
    }
    return CLOSED;
  };
  const choose = (name: string) => (a: number, b: number) =>
    a === CLOSED ? b : b === CLOSED ? a : keyed(name, a) < keyed(name, b) ? a : b;
  const add = open((a, b) => (a + b) % p);
  return {
    ...index,
    // A number is itself over the field where it is whole or a small fraction, and random otherwise.
    num: (x) => numberMod(x, p, (y) => keyed("number", y)),
    add,
    sub: open((a, b) => (a - b + p) % p),
    mul: (a, b) => (a === CLOSED || b === CLOSED ? (a === 0 || b === 0 ? 0 : CLOSED) : (a * b) % p),
    div: (a, b) => (a === CLOSED ? CLOSED : (a * inverse(b)) % p),
    maximum: choose("max"),
    minimum: choose("min"),
    pow: (a, b) => keyed("pow", (a * 31 + b) % p),
    unary: (f, a) =>
      a === CLOSED ? (f === "exp" ? 0 : keyed(f, p)) : f === "exp" ? powMod(keyed("e", 0), a, p) : keyed(f, a),
    compare: (how, a, b) => {
      const [x, y] = [smallFraction(a, p), smallFraction(b, p)];
      if (how === "equal" || a === b) return Number(a === b && how !== "less");
      if (x === undefined || y === undefined) return keyed("order", (a - b + p) % p) & 1;
      return Number(x < y);
    },
    round: (_, a) => a,
    sum: (n, term) => {
      let total = 0;
      for (let k = 0; k < n; k++) total = add(total, term(k));
      return total;
    },
    max: pick,
    min: pick,
  };
}

/** x as a fraction n/2^k in the field. */
function numberMod(x: number, p: number, other: (x: number) => number): number {
  let [n, k] = [x, 0];
  while (!Number.isInteger(n) && k < 40) [n, k] = [n * 2, k + 1];
  if (!Number.isSafeInteger(n)) return other(Math.round(x * 2 ** 20));
  const mod = ((n % p) + p) % p;
  return (mod * powMod(powMod(2, k, p), p - 2, p)) % p;
}

/** The small fraction n/2^k that an element of the field is, if it is one: masks and thresholds are. */
function smallFraction(x: number, p: number): number | undefined {
  for (let k = 0; k < 4; k++) {
    const n = (x * 2 ** k) % p;
    if (n <= 64) return n / 2 ** k;
    if (p - n <= 64) return (n - p) / 2 ** k;
  }
  return x === CLOSED ? MASKED_OUT : undefined;
}

function powMod(base: number, exponent: number, p: number): number {
  let [result, b, e] = [1, base % p, exponent];
  while (e > 0) {
    if (e % 2 === 1) result = (result * b) % p;
    b = (b * b) % p;
    e = Math.floor(e / 2);
  }
  return result;
}

function hashText(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

/** A random element of the field, a function of the four numbers (murmur3's finaliser). */
function mix(p: number, seed: number, name: number, x: number): number {
  let h = (seed * 0x9e3779b1) ^ name;
  for (const part of [x | 0, Math.floor(x / 2 ** 32)]) {
    h = Math.imul(h ^ part, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return 1 + ((h >>> 0) % (p - 1));
}
