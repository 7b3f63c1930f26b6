/** Axes that were taken for one another: true of one token, or of one head, and of no more. */
import { graph } from "../../../dsl/graph.ts";
import {
  concat,
  matmul,
  mul,
  real_div,
  reduce_sum,
  reshape,
  slice_by_index,
  split,
  sqrt,
  tile,
  transpose,
} from "../../../dsl/ops/index.ts";
import { input, named, weight } from "../../../dsl/tensor.ts";
import type { Incident } from "../incident.ts";
import {
  attention,
  blockAndStep,
  book,
  commit,
  coremlLlm,
  either,
  givingY,
  pkg,
  SMALL,
  type Value,
  within,
} from "./small.ts";

/** Heads [1, heads, T, dim] as [1, heads · dim, T, 1] without the permutation. */
const flat = (O: Value): Value => reshape(O, { shape: [1, SMALL.heads * SMALL.dim, O.type.shape[2]!, 1] });

/** Each row of a head over its length, taken along an axis of x. */
const overLength = (x: Value, axis: number): Value =>
  real_div(x, sqrt(reduce_sum(mul(x, x), { axes: [axis], keep_dims: true })));

/** Two heads of four dims [1, 8, 1, 1], normed over an axis of a view of them. */
function normedHeads(view: readonly number[], axis: number) {
  const q = input("q", [1, 8, 1, 1]);
  return givingY(reshape(overLength(reshape(q, { shape: view }), axis), { shape: [1, 8, 1, 1] }), q);
}

/** The same heads, each taken out and normed by itself. */
function normedOneByOne() {
  const q = input("q", [1, 8, 1, 1]);
  const heads = split(q, { num_splits: 2, axis: 1 }).map((head) => overLength(head as Value, 1));
  return givingY(concat(heads, { axis: 1 }), q);
}

/** Patches [T, C, 1, 1] merged into [1, C, T, 1]. */
function merged(tokens: number, permuted: boolean) {
  const x = input("x", [tokens, 6, 1, 1]);
  const shape = [1, 6, tokens, 1];
  const y = permuted
    ? reshape(transpose(reshape(x, { shape: [tokens, 6] }), { perm: [1, 0] }), { shape })
    : reshape(x, { shape });
  return graph({
    name: "merger",
    inputs: [x],
    states: [],
    outputs: { y: named("merged", mul(y, weight("gain", [1, 6, 1, 1]))) },
  });
}

/** Two KV heads repeated for four query heads. */
function repeated(grouped: boolean) {
  const [Q, K] = [input("q", [1, 4, 1, 4]), input("k", [1, 2, 8, 4])];
  const all = grouped
    ? reshape(tile(reshape(K, { shape: [1, 2, 1, 8, 4] }), { reps: [1, 1, 2, 1, 1] }), { shape: [1, 4, 8, 4] })
    : concat([K, K], { axis: 1 });
  return givingY(named("scores", matmul(Q, all as Value, { transpose_y: true })), Q, K);
}

/** A key of two heads, of which the first alone is read. */
const keysOf = (heads: number) => `import { conv, graph, input, reshape, weight } from "graphc";
/** As an author writes it. */
export default function keys({ tokens: T }) {
  const x = input("x", [1, 16, T, 1]);
  const k = conv(x, weight("k_proj.weight", [64, 16, 1, 1]));
  return graph({ name: "keys", inputs: [x], outputs: { rows: reshape(k, { shape: [1, ${heads}, 32, T] }) } });
}
`;

/** Incidents of axes. */
export const layouts: readonly Incident[] = [
  {
    id: "I-01",
    happened: "attention's heads were flattened without the permutation: right for one token, mixed tokens for four",
    sources: [book("experiment 26, journal 095")],
    replay: {
      line: (variant) => [
        "prove",
        ...blockAndStep((size) => attention(size, either(variant, { join: flat }, {})), attention),
      ],
      caught: { by: "verdict", at: "hidden" },
    },
  },
  {
    id: "I-14",
    happened: "queries and keys were normed on a view in which heads and dims had changed places",
    sources: [commit("videlalvaro/ane-book", "2c14b14")],
    replay: {
      line: (variant) => [
        "equal",
        pkg("converted", normedHeads(either(variant, [1, 4, 2, 1], [1, 2, 4, 1]), either(variant, 1, 2))),
        pkg("right", normedOneByOne()),
      ],
      caught: { by: "verdict", at: "y" },
    },
  },
  {
    id: "I-37",
    happened: "one KV head was written into the code, and met a model that has two",
    sources: [coremlLlm("SESSION_2026_04_24_FOLLOWUP2")],
    replay: {
      line: (variant) => ["check", { kind: "text", name: "keys.ts", text: keysOf(either(variant, 1, 2)) }],
      caught: { by: "refusal", says: ["reshape", "[1,64,4,1] has 256 elements, [1,1,32,4] has 128"] },
    },
  },
  {
    id: "I-46",
    happened: "KV heads were repeated in the order of copies and not of groups, which PyTorch's own run did not show",
    sources: [commit("Anemll/Anemll", "63c0f6d"), commit("Anemll/Anemll", "cc6eb00")],
    replay: {
      line: (variant) => [
        "equal",
        pkg("converted", repeated(variant === "mended")),
        pkg("right", respelledRepeat()),
        ...["--role", "q=shared", "--role", "k=shared"],
      ],
      caught: { by: "verdict", at: "concat_0" },
    },
  },
  {
    id: "I-48",
    happened: "patches were merged by a view that is a reinterpretation: channels and tokens changed places",
    sources: [within("0seba/coremlmodels", "glm_ocr_vision_conversion_insights.md")],
    replay: {
      line: (variant) => ["prove", pkg("block", merged(4, variant === "mended")), pkg("step", merged(1, true))],
      caught: { by: "verdict", at: "reshape_0" },
    },
  },
];

/** The groups' heads one by one. */
function respelledRepeat() {
  const [Q, K] = [input("q", [1, 4, 1, 4]), input("k", [1, 2, 8, 4])];
  const [first, second] = [0, 1].map((h) => slice_by_index(K, [0, h, 0, 0], [1, h + 1, 8, 4]) as Value);
  const all = concat([first!, first!, second!, second!], { axis: 1 });
  return givingY(named("scores", matmul(Q, all, { transpose_y: true })), Q, K);
}
