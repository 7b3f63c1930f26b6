/** Incidents of what a device is tried with. */
import type { Incident, Variant } from "../incident.ts";
import { book, either } from "./small.ts";

const PLAIN_SQUARES = "rsqrt(add(reduce_mean(square(x), { axes: [1], keep_dims: true }), 2 ** -16))";
const AFTER_MAXIMUM =
  "real_div(1, mul(most, sqrt(reduce_mean(square(real_div(x, most)), { axes: [1], keep_dims: true }))))";

/** A normed row that is added up in a cache, as an author writes it. The norm squares its row as it is, or divided by its largest number. */
const normedGraph = (variant: Variant): string => `import {
  abs, add, graph, input, matmul, maximum, mul, real_div, reduce_max, reduce_mean, reduce_sum, relu, rsqrt, sqrt, square, state, sub,
} from "graphc";
export default ({ tokens, maxSeq }) => {
  const x = input("x", [1, 64, tokens, 1]);
  const slot = input("kv_write_mask", [1, 1, maxSeq, tokens]);
  const mask = input("attn_mask", [1, 1, tokens, maxSeq]);
  const cache = state("k_state", [1, 64, maxSeq, 1]);
  const most = maximum(reduce_max(abs(x), { axes: [1], keep_dims: true }), 2 ** -14);
  const normed = mul(x, ${either(variant, PLAIN_SQUARES, AFTER_MAXIMUM)});
  const kept = sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }));
  const K = add(mul(cache, kept), matmul(slot, normed));
  const hidden = add(x, matmul(relu(add(mask, 1)), mul(K, 1 / maxSeq)));
  return graph({ name: "normed", inputs: [x, mask, slot], states: [[cache, K]], outputs: { hidden } });
};
`;

/** Incidents of fixtures. */
export const fixtures: readonly Incident[] = [
  {
    id: "I-19",
    happened: "tokens such as BOS, and rows that hardly vary, made fixtures by which 38 of 40 parities failed",
    sources: [book("experiments 30, 31")],
    replay: {
      line: (variant) => [
        "emit",
        { kind: "text", name: "normed.ts", text: normedGraph(variant) },
        "--tokens",
        "2",
        "--max-seq",
        "8",
        "--fixtures",
      ],
      caught: { by: "rows", kind: "large" },
      standsFor: "rows that say little of a package: plain ones do not show that its norm squares them in fp16",
    },
  },
];
