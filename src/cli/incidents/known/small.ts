/** A small layer of attention, with the places at which others went wrong left open; and helpers of the incidents. */
import { type Graph, graph } from "../../../dsl/graph.ts";
import type { Size } from "../../../dsl/model.ts";
import { add, conv, matmul, mul, reduce_sum, reshape, softmax, split, sub, transpose } from "../../../dsl/ops/index.ts";
import { constant, input, named, state, type Tensor, weight } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";
import type { Incident, NotReplayed, Source, Variant, Word } from "../incident.ts";

/** A value of fp16. */
export type Value = Tensor<Shape, "fp16">;

/** Sizes at which a counterexample is found at once. */
export const SMALL = { heads: 2, dim: 2, tokens: 2, maxSeq: 4 } as const;
const WIDTH = SMALL.heads * SMALL.dim;

/** What the layer leaves open; each is as it should be when absent. */
export interface Habits {
  /** Heads [1, heads, T, dim] as rows [1, heads · dim, T, 1]. */
  readonly join?: (O: Value) => Value;
  /** The cache with new rows in it. */
  readonly write?: (cache: Value, rows: Value, slot: Value) => Value;
  /** What is done to queries [1, heads, T, dim]. */
  readonly query?: (Q: Value) => Value;
}

/** The cache with row t at the place that column t of the slot names, and everything else as it was. */
export function blended(cache: Value, rows: Value, slot: Value): Value {
  const kept = sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }));
  return add(mul(cache, kept), matmul(slot, rows));
}

/** Heads behind one another, for each token. */
export const joinedHeads = (O: Value): Value => {
  const [, heads, tokens, dim] = O.type.shape as readonly [number, number, number, number];
  return reshape(transpose(O, { perm: [0, 1, 3, 2] }), { shape: [1, heads * dim, tokens, 1] });
};

/** A causal attention block on a KV cache: `hidden`, `k_state` and `v_state`. */
export function attention({ tokens: T, maxSeq: S }: Size, habits: Habits = {}): Graph {
  const { heads, dim } = SMALL;
  const { join = joinedHeads, write = blended, query = (Q) => Q } = habits;
  const x = input("x", [1, WIDTH, T, 1]);
  const [mask, slot] = [input("attn_mask", [1, 1, T, S]), input("kv_write_mask", [1, 1, S, T])];
  const [oldK, oldV] = [state("k_state", [1, heads, S, dim]), state("v_state", [1, heads, S, dim])];
  const qkv = named("qkv", conv(x, weight("qkv.weight", [3 * WIDTH, WIDTH, 1, 1])));
  const perHead = transpose(reshape(qkv, { shape: [1, 3 * heads, dim, T] }), { perm: [0, 1, 3, 2] });
  const [Q, newK, newV] = split(perHead, { num_splits: 3, axis: 1 }) as unknown as readonly [Value, Value, Value];
  const [K, V] = [named("k.cache", write(oldK, newK, slot)), named("v.cache", write(oldV, newV, slot))];
  const scores = named("scores", matmul(mul(query(Q), dim ** -0.5), K, { transpose_y: true }));
  const probs = named("probs", softmax(add(scores, mask), { axis: 3 }));
  const hidden = named("hidden", add(x, join(matmul(probs, V))));
  const states = [
    [oldK, K],
    [oldV, V],
  ] as const;
  return graph({ name: `attention_t${T}`, inputs: [x, mask, slot], states, outputs: { hidden } });
}

/** A block of two tokens as a package, and the step that it must equal, which has no fault. */
export const blockAndStep = (build: (size: Size) => Graph, right: (size: Size) => Graph): readonly Word[] => [
  pkg("block", build({ tokens: SMALL.tokens, maxSeq: SMALL.maxSeq })),
  pkg("step", right({ tokens: 1, maxSeq: SMALL.maxSeq })),
];

/** A graph as a package of that name. */
export const pkg = (name: string, of: Graph): Word => ({ kind: "package", name: `${name}.mlpackage`, graph: of });

/** A graph of one output `y`. */
export const givingY = (y: Tensor, ...inputs: readonly Tensor[]): Graph =>
  graph({ name: "model", inputs, states: [], outputs: { y } });

/** One of two, by the variant. */
export const either = <X>(variant: Variant, faulty: X, mended: X): X => (variant === "faulty" ? faulty : mended);

/** A constant whose elements are all one number. */
export const filled = <const S extends Shape>(shape: S, x: number): Tensor<S, "fp16"> =>
  constant(new Float64Array(shape.reduce((product, n) => product * n, 1)).fill(x), shape);

const hub = (text: string, path: string): Source => ({ text, url: `https://github.com/${path}` });

/** An issue or pull request: GitHub forwards one to the other. */
export const issue = (repository: string, number: number): Source =>
  hub(`${repository} issue ${number}`, `${repository}/issues/${number}`);
/** A commit by the beginning of its hash. */
export const commit = (repository: string, hash: string): Source =>
  hub(`${repository} commit ${hash}`, `${repository}/commit/${hash}`);
/** A repository, and where in it. */
export const within = (repository: string, where: string): Source => hub(`${repository}, ${where}`, repository);

/** The book of the project that most of these are told of, and a place in it. */
export const book = (where: string): Source => within("videlalvaro/ane-book", where);
/** Notes of a project that ships such models. */
export const coremlLlm = (where: string): Source => within("john-rocky/CoreML-LLM", where);
/** Public measurements of the engine. */
export const study = (where: string): Source => within("751K/Apple-Neural-Engine-Microarchitecture-Study-M6", where);

/** What could have seen an incident that is not replayed, and why graphc does not. */
export const because = (needs: NotReplayed["needs"], why: string): NotReplayed => ({ needs, why });

/** An incident without a replay. */
export const not = (id: string, happened: string, sources: readonly Source[], replay: NotReplayed): Incident => ({
  id,
  happened,
  sources,
  replay,
});
