/**
 * A pair of graphs that is unequal for one reason, as data: what both compute, and the edit that parts them. Without
 * the edit the same declaration gives its equal twin.
 */
import { graph } from "../../../../src/dsl/graph.ts";
import type { Graphs } from "../../../../src/dsl/host/twins.ts";
import * as table from "../../../../src/dsl/ops/index.ts";
import { input, constant as makeConstant, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";

/** Any value: the declarations of this folder are data, checked as graphs when they are built and not by the editor. */
export type Value = Tensor<Shape, "fp16">;

/** Attributes and numbers are operands like any other here. */
type Loose = (...operands: readonly unknown[]) => Value;
type OpName = Exclude<keyof typeof table, "opTable" | "split">;

/** The ops without their types, so that a declaration is one line. */
export const op = table as unknown as Readonly<Record<OpName, Loose>>;
/** The parts of a value along an axis. */
export const split = table.split as unknown as (x: Value, attrs: object) => readonly Value[];
/** A constant. */
export const table_ = (data: readonly number[], shape: Shape, dtype: DType = "fp16"): Value =>
  makeConstant(data, shape, dtype) as Tensor as Value;
/** A weight of the checkpoint. */
export const W = (name: string, shape: Shape, options: object = {}): Value => weight(name, shape, options) as Value;

/** Cache rows that a token may have. */
export const S = 5;

/** What a graph may read; what is touched becomes part of its interface. */
export interface Feeds {
  readonly tokens: number;
  /** Rows [T, …inner] by name; `x` and `z` are rows of 4. */
  rows(name: string, ...inner: readonly number[]): Value;
  readonly x: Value;
  readonly z: Value;
  /** The same at every call. */
  shared(name: string, shape: Shape): Value;
  /** Attention mask [1, 1, T, S], additive or bool. */
  mask(dtype?: "fp16" | "bool"): Value;
  /** Write mask [1, 1, S, T]. */
  readonly write: Value;
  /** Cache row of each token, int32 [T]; `first` is that of the first alone, int32 [1], and rows follow it. */
  readonly at: Value;
  readonly first: Value;
  /** A state, [S, 4] unless said otherwise. */
  state(name: string, shape?: Shape): Value;
}

/** The output y, or values by name: those of states are what these hold at exit. */
export type Results = Value | Readonly<Record<string, Value>>;

export interface Fault {
  /** Both graphs; `bad` makes the edit. */
  make(f: Feeds, bad: boolean): Results;
  /** The step, where it is spelled in another way than the block. */
  step?(f: Feeds): Results;
  /** Which graph the edit is made in; the block when absent. */
  readonly where?: "block" | "step" | "both";
  /** `bits`: equal over the reals all the same, so that only a proof in bits would be false. */
  readonly differs?: "bits";
  /** What shows it and the search does not draw: scores beyond any bound of P8, or a value that overflows (P7). */
  readonly needs?: "large scores" | "a value beyond fp16";
  /** What the equal twin is proven to be, where it is not PROVEN (exact). */
  readonly twin?: "PROVEN (reals)";
  /** Why the prover does not get through to the twin's proof. */
  readonly gap?: string;
}

/** Faults by name. */
export type Faults = Readonly<Record<string, Fault>>;

type Interface = Map<string, (tokens: number) => Tensor>;

interface Made {
  readonly results: Readonly<Record<string, Value>>;
  readonly feeds: Recorded;
  readonly tokens: number;
}

interface Recorded extends Feeds {
  get(name: string): Tensor;
}

function recording(all: Interface, tokens: number): Recorded {
  const own = new Map<string, Tensor>();
  const get = (name: string): Tensor => {
    const known = own.get(name);
    if (known) return known;
    const made = all.get(name)!(tokens);
    own.set(name, made);
    return made;
  };
  const touch = (name: string, make: (T: number) => Tensor): Value => {
    if (!all.has(name)) all.set(name, make);
    return get(name) as Value;
  };
  const rows = (name: string, ...inner: readonly number[]) => touch(name, (T) => input(name, [T, ...inner]));
  return {
    tokens,
    get,
    rows,
    get x() {
      return rows("x", 4);
    },
    get z() {
      return rows("z", 4);
    },
    shared: (name, shape) => touch(name, () => input(name, shape)),
    mask: (dtype = "fp16") => touch("attn_mask", (T) => input("attn_mask", [1, 1, T, S], dtype)),
    get write() {
      return touch("kv_write_mask", (T) => input("kv_write_mask", [1, 1, S, T]));
    },
    get at() {
      return touch("position", (T) => input("position", [T], "int32"));
    },
    get first() {
      return touch("position", () => input("position", [1], "int32"));
    },
    state: (name, shape = [S, 4]) => touch(name, () => state(name, shape)),
  };
}

/** Block and step of a fault at T tokens, with the edit or without. */
export function pairOf(fault: Fault, tokens: number, bad: boolean): Graphs {
  const { make, where = "block" } = fault;
  const all: Interface = new Map();
  const build = (T: number, how: Fault["make"], edited: boolean): Made => {
    const feeds = recording(all, T);
    const made = how(feeds, edited);
    return { feeds, tokens: T, results: "type" in made && "def" in made ? { y: made as Value } : made };
  };
  const block = build(tokens, make, bad && where !== "step");
  const step = build(1, fault.step ?? make, bad && where !== "block");
  const finish = ({ feeds, results, tokens: T }: Made) => {
    const leaves = [...all.keys()].map(feeds.get);
    const isState = (x: Tensor) => x.def.kind === "state";
    const exitOf = (x: Tensor) => (Object.hasOwn(results, x.name!) ? results[x.name!]! : x);
    const states = leaves.filter(isState).map((x) => [x, exitOf(x)] as const);
    const outputs = Object.entries(results).filter(([name]) => !states.some(([entry]) => entry.name === name));
    const inputs = leaves.filter((x) => !isState(x));
    // A graph that only keeps a state shows a row of the host's as it is.
    const shown = outputs.length > 0 ? Object.fromEntries(outputs) : { y: feeds.x };
    return graph({ name: `t${T}`, inputs, states, outputs: shown });
  };
  return { block: finish(block), step: finish(step) };
}

/** `count` elements of x from `begin` on along an axis. */
export const part = (x: Value, axis: number, begin: number, count = 1): Value =>
  op.slice_by_size(
    x,
    x.type.shape.map((_, a) => (a === axis ? begin : 0)),
    { size: x.type.shape.with(axis, count) },
  );

/** The values one after another. */
export const join = (values: readonly Value[], axis: number): Value => op.concat(values, { axis });
/** −x, as authors write it. */
export const minus = (x: Value): Value => op.mul(x, -1);
/** Rows of another token: every token's successor, the last one's the first. */
export const rolled = (x: Value, axis = 0): Value => {
  const n = x.type.shape[axis]!;
  return n === 1 ? x : join([part(x, axis, 1, n - 1), part(x, axis, 0)], axis);
};
