/** KV caches: rows that are written elsewhere, not at all, or too soon. */
import { type Graph, graph } from "../../../dsl/graph.ts";
import type { Size } from "../../../dsl/model.ts";
import { add, concat, matmul, mul, slice_by_index, softmax, sub } from "../../../dsl/ops/index.ts";
import { constant, input, named, state } from "../../../dsl/tensor.ts";
import type { Incident } from "../incident.ts";
import { attention, blended, blockAndStep, book, commit, coremlLlm, either, issue, pkg, type Value } from "./small.ts";

/** Only the first column of the write mask says which rows are kept. */
const keepsFirst = (cache: Value, rows: Value, slot: Value): Value => {
  const [, , slots] = slot.type.shape as readonly [number, number, number, number];
  const first = slice_by_index(slot, [0, 0, 0, 0], [1, 1, slots, 1]) as Value;
  return add(mul(cache, sub(1, first)), matmul(slot, rows));
};

/** Keys that are read with the new rows in them, of which the cache that stays knows nothing. */
function prefill({ tokens: T, maxSeq: S }: Size, kept: boolean): Graph {
  const k = input("k", [1, 1, T, 2], "fp16", { role: { kind: "rows", tokenAxis: 2 } });
  const slot = input("kv_write_mask", [1, 1, S, T]);
  const cache: Value = state("k_state", [1, 1, S, 2]);
  const exit = kept ? named("k.cache", blended(cache, k as Value, slot)) : cache;
  return graph({ name: "prefill", inputs: [k, slot], states: [[cache, exit]], outputs: { hidden: mul(k, 0.5) } });
}

/** A sum over the rows of the block's first N, where N was T when the model was traced. */
function frozen({ tokens: T }: Size, upTo: number): Graph {
  const x = input("x", [1, 4, T, 1]);
  const first = slice_by_index(x, [0, 0, 0, 0], [1, 4, Math.min(upTo, T), 1]) as Value;
  const rest = T > upTo ? [constant(new Float64Array(4 * (T - upTo)), [1, 4, T - upTo, 1])] : [];
  return graph({
    name: "prefill",
    inputs: [x],
    states: [],
    outputs: { hidden: mul(concat([first, ...rest], { axis: 2 }), 2) },
  });
}

/** Attention over a window that each call shifts, or over rows that stay where their position is. */
function windowed({ tokens: T, maxSeq: S }: Size, shifts: boolean): Graph {
  const q = input("x", [1, 1, T, 2], "fp16", { role: { kind: "rows", tokenAxis: 2 } });
  const mask = input("attn_mask", [1, 1, T, shifts ? S + T : S]);
  const how = { kind: "cache", update: shifts ? "shift" : "slot", rows: "k_rows" } as const;
  const cache = input("k_cache", [1, 1, S, 2], "fp16", { role: how });
  const slot = input("kv_write_mask", [1, 1, S, T]);
  const K = shifts ? concat([cache, q], { axis: 2 }) : blended(cache, q as Value, slot);
  const probs = softmax(add(matmul(q, K as Value, { transpose_y: true }), mask), { axis: 3 });
  const inputs = [q, mask, cache, ...(shifts ? [] : [slot])];
  return graph({
    name: "window",
    inputs,
    states: [],
    outputs: { hidden: matmul(probs, K as Value), k_rows: mul(q, 1) },
  });
}

const roleOfCache = (update: string) => ["--role", `k_cache=cache:update=${update},rows=k_rows`];

/** A cache that Core ML keeps, or one that goes in and comes out. */
function keptBy(core: boolean): Graph {
  const k = input("k", [1, 1, 1, 2], "fp16", { role: { kind: "rows", tokenAxis: 2 } });
  const slot = input("kv_write_mask", [1, 1, 4, 1]);
  const cache: Value = core ? state("k_cache", [1, 1, 4, 2]) : input("k_cache", [1, 1, 4, 2]);
  const exit = blended(cache, k as Value, slot);
  if (core) return graph({ name: "kept", inputs: [k, slot], states: [[cache, exit]], outputs: { hidden: mul(k, 2) } });
  return graph({ name: "kept", inputs: [k, slot, cache], states: [], outputs: { hidden: mul(k, 2), k_rows: exit } });
}

/** A window of 8 rows, into which a chunk is written from 8 − T on: all of it, or its last 8 rows. */
const chunk = (last: boolean) => `import { graph, input, mul, slice_by_index, slice_update, state } from "graphc";
/** As an author writes it. */
export default function chunk({ tokens: T }) {
  const x = input("x", [1, 1, T, 32]);
  const k = state("k_state", [1, 1, 8, 32]);
  const rows = ${last ? "slice_by_index(x, [0, 0, Math.max(0, T - 8), 0], [1, 1, T, 32])" : "x"};
  const begin = ${last ? "Math.max(0, 8 - T)" : "8 - T"};
  const kept = slice_update(k, rows, [0, 0, begin, 0], [1, 1, 8, 32]);
  return graph({ name: "chunk", inputs: [x], states: [[k, kept]], outputs: { y: mul(x, 1) } });
}
`;

/** Incidents of caches. */
export const caches: readonly Incident[] = [
  {
    id: "I-05",
    happened: "the write into the cache was right for one token and silently wrong for two or more",
    sources: [book("chapter 5")],
    replay: {
      line: (variant) => [
        "prove",
        ...blockAndStep((size) => attention(size, either(variant, { write: keepsFirst }, {})), attention),
      ],
      caught: { by: "verdict", at: "v_state" },
      standsFor: "a write mask of which one column counts; packages of fixed size in place of the flexible one",
    },
  },
  {
    id: "I-29",
    happened: "drafts were written before they were accepted, into a window that shifts and cannot be taken back",
    sources: [coremlLlm("docs/11C_CURRENT_CONTRACT.md")],
    replay: {
      line(variant) {
        const shifts = variant === "faulty";
        return [
          "prove",
          ...blockAndStep(
            (size) => windowed(size, shifts),
            (size) => windowed(size, shifts),
          ),
          ...roleOfCache(shifts ? "shift" : "slot"),
        ];
      },
      caught: { by: "consequence", name: "rejectedRows" },
    },
  },
  {
    id: "I-34",
    happened: "how many tokens a prefill has was frozen into the program when it was traced",
    sources: [commit("john-rocky/CoreML-LLM", "c2c95e8"), commit("john-rocky/CoreML-LLM", "70154ab")],
    replay: {
      line: (variant) => [
        "prove",
        ...blockAndStep(
          (size) => frozen(size, either(variant, 1, 64)),
          (size) => frozen(size, 64),
        ),
      ],
      caught: { by: "verdict", at: "concat_0" },
    },
  },
  {
    id: "I-35",
    happened: "a prompt longer than the window made the row at which its write begins negative, and the host crashed",
    sources: [commit("john-rocky/CoreML-LLM", "a878c44")],
    replay: {
      line: (variant) => [
        "check",
        { kind: "text", name: "chunk.ts", text: chunk(variant === "mended") },
        ...["--tokens", "12"],
      ],
      caught: { by: "refusal", says: ["slice_update", "the slice is [1,1,4,32], the update is [1,1,12,32]"] },
      standsFor: "a chunk whose length is known when the graph is built",
    },
  },
  {
    id: "I-36",
    happened: "what a prefill had computed never reached the cache that decoding reads",
    sources: [commit("john-rocky/CoreML-LLM", "dcad65e"), commit("john-rocky/CoreML-LLM", "2d6f2ce")],
    replay: {
      line: (variant) => [
        "prove",
        ...blockAndStep(
          (size) => prefill(size, variant === "mended"),
          (size) => prefill(size, true),
        ),
      ],
      caught: { by: "verdict", at: "k_state" },
    },
  },
  {
    id: "I-52",
    happened: "an export kept its caches as states although states had been turned off",
    sources: [issue("pytorch/executorch", 21855)],
    replay: {
      line: (variant) => ["equal", pkg("exported", keptBy(variant === "faulty")), pkg("wanted", keptBy(false))],
      caught: { by: "refusal", says: ["exported.mlpackage alone", "state"] },
    },
  },
];
