/** Attention over the KV cache, with fewer KV heads than query heads (GQA, arXiv 2305.13245). */
import { refuseAt, tensorGiven } from "../../dsl/given/tensors.ts";
import {
  fieldsGiven,
  functionGiven,
  numberGiven,
  positiveGiven,
  type Refuse,
  wholeGiven,
} from "../../dsl/given/values.ts";
import {
  add,
  concat,
  exp,
  matmul,
  mul,
  real_div,
  reduce_max,
  reduce_sum,
  reshape,
  softmax,
  split,
  sub,
  tanh,
  tile,
} from "../../dsl/ops/index.ts";
import { named, type Tensor } from "../../dsl/tensor.ts";
import { type Shape, sameShape } from "../../dsl/type.ts";
import { clippedAt, heldAt, MOST_HELD } from "./held.ts";
import { DEFAULT_SPELLING, type Spelling, spellingGiven } from "./spelling.ts";

type Value = Tensor<Shape, "fp16">;

/** Gives a value a readable name. */
export type Namer = <V extends Tensor>(name: string, value: V) => V;

/** What attention is computed from; fp16, T tokens against maxSeq cache rows. */
export interface AttentionParts {
  /** Query rows [1, heads, T, dim]. */
  readonly Q: Value;
  /** The cache after this block's rows are written [1, kvHeads, maxSeq, dim]. */
  readonly K: Value;
  readonly V: Value;
  /** Additive, [1, 1, T, maxSeq]. */
  readonly mask: Value;
  /** Factor of every score; dim^-½ when absent. */
  readonly scale?: number;
  /** Bounds a scaled score s to cap · tanh(s / cap), before the mask; none when absent. */
  readonly cap?: number;
  /** Factor of the weights, and so of what comes out; 1 when absent. */
  readonly gain?: number;
  /** Scaled queries and their products with keys are held at 2^−held, and scores are at full size again before the mask; 0 when absent. */
  readonly held?: number;
  /** Scaled scores are clipped at ±clamp, before the cap; not at all when absent. */
  readonly clamp?: number;
}

/** Where the scale stands, how heads meet and how softmax is written: answers of `SPELLINGS`. */
export type AttentionForm = Pick<Spelling, "scale" | "gqa" | "softmax">;

/**
 * softmax(cap(Q Kᵀ · scale) + mask) V, as [1, heads, T, dim]. Query head h reads KV head ⌊h · kvHeads / heads⌋. What
 * `form` leaves out is the default; `name` names what is computed on the way. Scores that are held or clipped have their scale at the
 * query, whatever the form says.
 * @throws GraphError where a part is no value of its shape, or the form is none
 */
export function attention(parts: AttentionParts, form: Partial<AttentionForm> = {}, name: Namer = named): Value {
  checkAttention(parts, form, name, refuseAt("attention", attention));
  const { held = 0, clamp } = parts;
  const isHeld = held !== 0 || clamp !== undefined;
  const how = { ...DEFAULT_SPELLING, ...form, ...(isHeld ? { scale: "query" as const } : {}) };
  const call: Namer = (stem, value) =>
    tensorGiven(name(stem, value), "what name gives", refuseAt("attention", attention)) as typeof value;
  const { K, V, mask, cap, gain = 1, scale = parts.Q.type.shape[3]! ** -0.5 } = parts;
  const Q = how.scale === "query" ? call("q.scaled", mul(parts.Q, scale * 2 ** -held)) : parts.Q;
  const weigh = (scores: Value, stem: string): Value => {
    const own = clamp === undefined ? scores : call(`${stem}.clamp`, clippedAt(scores, held, clamp));
    if (how.scale === "query") return normalise(add(capped(own, cap, held), mask), how);
    // A cap is of scaled scores and would bound the mask too, so that with one the mask cannot come before the scale.
    if (how.scale === "scores" || cap !== undefined) return normalise(add(capped(mul(scores, scale), cap), mask), how);
    return normalise(mul(add(scores, mask), scale), how);
  };
  const weights: Weigh = gain === 1 ? weigh : (scores, stem) => mul(weigh(scores, stem), gain);
  return GROUPED[how.gqa](Q, K, V, weights, call);
}

const VALUES = ["Q", "K", "V", "mask"] as const;

function checkAttention(parts: unknown, form: unknown, name: unknown, no: Refuse): void {
  const given = fieldsGiven(parts, "its parts", no);
  const [Q, K, V] = VALUES.map((part) => tensorGiven(given[part], part, no, { dtype: "fp16", rank: 4 }).type.shape);
  if (Q![1]! % K![1]! !== 0) no(`${Q![1]} query heads must be a multiple of ${K![1]} KV heads`);
  if (!sameShape(K!, V!)) no(`K and V must have one shape, not [${K}] and [${V}]`);
  if (given.scale !== undefined) numberGiven(given.scale, "scale", undefined, no);
  if (given.gain !== undefined) positiveGiven(given.gain, "gain", no);
  if (given.cap !== undefined) positiveGiven(given.cap, "cap", no);
  if (given.held !== undefined) wholeGiven(given.held, "held", -MOST_HELD, MOST_HELD, no);
  if (given.clamp !== undefined) positiveGiven(given.clamp, "clamp", no);
  spellingGiven(form, "the form", no);
  functionGiven(name, "name", no);
}

/** Scores that are held at 2^−held at full size, capped where there is a cap: fp16 does not have to hold them before that. */
const capped = (scores: Value, cap: number | undefined, held = 0): Value =>
  cap === undefined ? heldAt(scores, -held) : mul(tanh(real_div(scores, cap * 2 ** -held)), cap);

/** What becomes of scores with the mask, and with others under the name of these. */
type Weigh = (scores: Value, stem: string) => Value;
type Grouped = (Q: Value, K: Value, V: Value, weigh: Weigh, name: Namer) => Value;

const GROUPED: Readonly<Record<Spelling["gqa"], Grouped>> = {
  /** The heads of a group become further rows of one matrix product: no copy of K or V, and no loop. */
  fold(Q, K, V, weigh, name) {
    const [, heads, tokens, dim] = Q.type.shape as readonly [number, number, number, number];
    const [, kvHeads, maxSeq] = K.type.shape as readonly [number, number, number, number];
    const rows = (heads / kvHeads) * tokens;
    const folded = reshape(Q, { shape: [1, kvHeads, rows, dim] });
    const scores = name("scores", matmul(folded, K, { transpose_y: true }));
    const weights = name("probs", weigh(reshape(scores, { shape: [1, heads, tokens, maxSeq] }), "scores"));
    const mixed = matmul(reshape(weights, { shape: [1, kvHeads, rows, maxSeq] }), V);
    return reshape(mixed, { shape: [1, heads, tokens, dim] });
  },
  /** One KV head after another with its group of query heads. */
  loop(Q, K, V, weigh, name) {
    const [Qs, Ks, Vs] = [Q, K, V].map((x) => split(x, { num_splits: K.type.shape[1]!, axis: 1 })) as [
      readonly Value[],
      readonly Value[],
      readonly Value[],
    ];
    const heads = Ks.map((k, g) => {
      const scores = name(`scores.${g}`, matmul(Qs[g]!, k, { transpose_y: true }));
      return matmul(name(`probs.${g}`, weigh(scores, `scores.${g}`)), Vs[g]!);
    });
    return concat(heads, { axis: 1 });
  },
  /** Each KV head repeated for every query head of its group. */
  tile(Q, K, V, weigh, name) {
    const scores = name("scores", matmul(Q, repeated(K, Q), { transpose_y: true }));
    return matmul(name("probs", weigh(scores, "scores")), repeated(V, Q));
  },
};

function repeated(x: Value, Q: Value): Value {
  const [, kvHeads, maxSeq, dim] = x.type.shape as readonly [number, number, number, number];
  const heads = Q.type.shape[1]!;
  const copies = tile(reshape(x, { shape: [1, kvHeads, 1, maxSeq, dim] }), { reps: [1, 1, heads / kvHeads, 1, 1] });
  return reshape(copies, { shape: [1, heads, maxSeq, dim] });
}

/** softmax over the cache rows. */
function normalise(scores: Value, how: AttentionForm): Value {
  if (how.softmax === "fused") return softmax(scores, { axis: 3 });
  const weights = exp(sub(scores, reduce_max(scores, { axes: [3], keep_dims: true })));
  return real_div(weights, reduce_sum(weights, { axes: [3], keep_dims: true }));
}
