/**
 * A second opinion: both graphs evaluated over a prime field, where exponentials and other functions are keyed random
 * functions (as in Mirage, arXiv 2405.05751, but uninterpreted, so that any nesting works). Equal graphs give equal
 * numbers; different ones differ but for chance. It shares the meaning of the ops with the prover, and no rule.
 */
import type { Graph } from "../../../dsl/graph.ts";
import { schedule } from "../../../dsl/graph.ts";
import { outputRows } from "../../../dsl/host/output-rows.ts";
import { meaningOf } from "../../../dsl/meaning.ts";
import { MASK_NUMBERS, maskValues } from "../../../dsl/role.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { isFloat, sizeOf, type TensorType } from "../../../dsl/type.ts";
import { type NDArray, tabulate } from "../../interpret/array.ts";
import { readOf } from "../../interpret/evaluate.ts";
import { numericReading } from "../../interpret/reading.ts";
import { FAR } from "../logic/visible.ts";
import type { ProvenPair } from "../program/pair.ts";
import { feeds, keyOfInput, keyOfState, keyOfWeight } from "./feeds.ts";
import { CLOSED, type FieldOptions, type FieldReading, fieldReading, hashText, randomElement } from "./field.ts";
import { type Style, sampleOf } from "./sample.ts";

/** Two primes below 2²⁶: products are exact in doubles. */
export const PRIMES = [67108859, 67108837] as const;

/** What a prime field says of a pair. */
export interface Fingerprint {
  readonly equal: boolean;
  /** Whether the field follows all that the graphs do, so that equal ones are equal there. */
  readonly sure: boolean;
  /** The first place that differs. */
  readonly at?: string;
}

/** Over which field, and how the rows of the tokens lie. */
export interface FingerprintOptions extends FieldOptions {
  /** Whether they follow each other, as a claim may need. */
  readonly contiguous?: boolean;
  /** The cache rows that it allows, the last one excluded; all when absent. */
  readonly within?: Style["within"];
}

/** Compares block and steps over the field of `prime`, with random inputs, weights and functions from `seed`. */
export function fingerprint(pair: ProvenPair, options: FingerprintOptions): Fingerprint {
  const { roles, placeOf } = pair;
  const { prime, seed, contiguous = false, within } = options;
  const field = fieldReading(options);
  const sample = sampleOf(pair, seed, {
    ...(contiguous ? { rows: "contiguous" } : {}),
    ...(within ? { within } : {}),
  });
  const random = (name: string): ((k: number) => number) => {
    const hash = hashText(name);
    return (k) => randomElement(prime, seed, hash, k);
  };
  const weight = (value: Tensor): NDArray => {
    const { def, type } = value;
    if (def.kind !== "weight") throw new Error("a weight was expected");
    const table = pair.tableOf(def.source, type);
    if (table) return from(type, (k) => (isFloat(type.dtype) ? field.num(table[k]!) : table[k]!));
    if (!isFloat(type.dtype)) field.doubt();
    const { base, offset } = placeOf(def.source, type);
    const element = random(keyOfWeight(base));
    return from(type, (k) => element(offset + k));
  };
  // The host's numbers as field elements: masks and positions keep their meaning, all else is random.
  const element = (value: Tensor, data: NDArray): NDArray => {
    const role = roles.get(value.name ?? "")!;
    if (role.kind === "mask" && isFloat(value.type.dtype)) {
      const { open, closed } = maskValues(role, value.type.dtype);
      // The field knows one number that masks out.
      if (closed !== MASK_NUMBERS.closed) field.doubt();
      const shut = closed <= FAR ? CLOSED : field.num(closed);
      return from(value.type, (k) => (data.data[k] === closed ? shut : field.num(open)));
    }
    if (role.kind === "mask" || role.kind === "write_mask" || role.kind === "position") return data;
    if (!isFloat(value.type.dtype)) field.doubt();
    const fed = random(keyOfInput(value.name ?? ""));
    return from(value.type, (k) => fed(Math.round(data.data[k]! * 2 ** 24)));
  };
  // What is known is known from the start: an element must not change its place in an order on the way.
  for (const { def, type } of [...schedule(pair.block), ...schedule(pair.step)])
    if (def.kind === "const" && isFloat(type.dtype)) for (const x of Array.from(def.data)) field.num(x);
  const call = (graph: Graph, first: number, states: Record<string, NDArray>) => {
    const fed = feeds(graph, pair, sample, first);
    return evaluateField(graph, field, (value) => {
      const { def, type } = value;
      // Stored numbers that are unpacked are the numbers that they stand for, as in the proof: a field rounds none.
      const unpacked = pair.unpackedOf(value, options.rounds ? "exact" : "reals");
      if (unpacked) return from(type, (k) => field.num(unpacked[k]!));
      if (def.kind === "op") return undefined;
      if (def.kind === "weight") return weight(value);
      if (def.kind === "state") return states[def.name]!;
      return element(value, fed[value.name ?? ""]!);
    });
  };
  let states = Object.fromEntries(
    pair.block.states.map(({ name, entry }) => [name, from(entry.type, random(keyOfState(name)))]),
  );
  const block = call(pair.block, 0, states);
  const steps = Array.from({ length: pair.tokens }, (_, t) => {
    const result = call(pair.step, t, states);
    states = result.states;
    return result;
  });
  return { ...compareFields(pair, block, steps), sure: field.isSure() };
}

interface FieldResults {
  readonly outputs: Record<string, NDArray>;
  readonly states: Record<string, NDArray>;
}

function compareFields(
  pair: ProvenPair,
  block: FieldResults,
  steps: readonly FieldResults[],
): Omit<Fingerprint, "sure"> {
  const last = steps.at(-1)!;
  for (const { name } of pair.block.states) {
    const k = block.states[name]!.data.findIndex((x, i) => x !== last.states[name]!.data[i]);
    if (k >= 0) return { equal: false, at: `${name}, element ${k}` };
  }
  for (const [name, value] of Object.entries(pair.block.outputs)) {
    const { axis, tokens: read } = outputRows(pair, name);
    const { shape } = value.type;
    const inner = axis === undefined ? 1 : sizeOf(shape.slice(axis + 1));
    const rows = axis === undefined ? 1 : pair.tokens;
    const k = block.outputs[name]!.data.findIndex((x, i) => {
      const t = axis === undefined ? read[0]! : Math.floor(i / inner) % rows;
      const own = axis === undefined ? i : Math.floor(i / inner / rows) * inner + (i % inner);
      if (!read.includes(t)) return false;
      return x !== steps[t]!.outputs[name]!.data[own];
    });
    if (k >= 0) return { equal: false, at: `${name}, element ${k}` };
  }
  return { equal: true };
}

function evaluateField(graph: Graph, m: FieldReading, known: (value: Tensor) => NDArray | undefined): FieldResults {
  const values = new Map<Tensor, NDArray>();
  for (const value of schedule(graph)) {
    const { def, type } = value;
    const own = def.kind === "const" ? undefined : known(value);
    if (own) values.set(value, own);
    else if (def.kind === "const") {
      const { data } = def;
      values.set(
        value,
        from(type, (k) => (isFloat(type.dtype) ? m.num(data[k]!) : data[k]!)),
      );
    } else if (def.kind === "op") {
      const whole = operandsOf(def).filter((x) => !isFloat(x.type.dtype));
      const integers = whole.length === operandsOf(def).length && !isFloat(type.dtype);
      // A float op takes a whole number for an element, which a negative one is not.
      if (!integers && whole.some((x) => values.get(x)!.data.some((n) => n < 0))) m.doubt();
      const reading = integers ? numericReading("fp64", true) : m;
      values.set(
        value,
        tabulate(
          type,
          meaningOf(reading, def, type, (operand) => readOf(values.get(operand)!)),
        ),
      );
    }
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
