/** Masks that are written as a truth value times a far number: proven where that is one, and near misses. */
import { expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import {
  add,
  cast,
  greater,
  greater_equal,
  logical_not,
  matmul,
  maximum,
  mul,
  reshape,
  scatter,
  select,
  softmax,
  sub,
} from "../../../../src/dsl/ops/index.ts";
import type { DeclaredRole } from "../../../../src/dsl/role.ts";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";

type Value<D extends DType = "fp16"> = Tensor<Shape, D>;

const [T, S] = [3, 6];

/** What a mask may be made of. */
interface Parts {
  /** Rows after the token's own. */
  readonly hidden: Value<"bool">;
  /** The same and its own. */
  readonly hiddenOwn: Value<"bool">;
  /** How many rows after the token's own, negative before it. */
  readonly after: Value<"int32">;
  /** An input: an entry a row, as its form says. */
  readonly fed: Value<never>;
  readonly x: Value;
}

interface Form {
  readonly mask: (parts: Parts) => Value;
  /** Of the input, where there is one. */
  readonly fed?: readonly [dtype: DType, role: DeclaredRole, byToken: boolean];
}

/** Attention of rows x [1, 1, T, 4] over a cache that is written at positions, with a mask made in the graph. */
function attention(tokens: number, { mask, fed }: Form): Graph {
  const x: Value = input("x", [1, 1, tokens, 4]);
  const position = input("position", [tokens], "int32", { role: "position" }) as Value<"int32">;
  const [dtype, role, byToken] = fed ?? ["fp16", "mask", true];
  const m = input("m", [1, 1, byToken ? tokens : 1, S], dtype, { role }) as unknown as Value<never>;
  const old: Value = state("k", [1, 1, S, 4]);
  const K = scatter(old, position, matmul(x, weight("wk", [1, 1, 4, 4]) as Value) as Value, {
    axis: 2,
    mode: "update",
  }) as Value;
  const places = Array.from({ length: S }, (_, row) => row);
  const rows = constant(places, [1, 1, 1, S], "int32") as Value<"int32">;
  const own = reshape(position, { shape: [1, 1, tokens, 1] }) as Value<"int32">;
  const hidden = greater(rows, own) as Value<"bool">;
  const hiddenOwn = greater_equal(rows, own) as Value<"bool">;
  const seen = mask({ hidden, hiddenOwn, after: sub(rows, own) as Value<"int32">, fed: m, x });
  const y = matmul(softmax(add(matmul(x, K, { transpose_y: true }), seen) as Value, { axis: 3 }), K);
  return graph({ name: `g${tokens}`, inputs: [x, position, ...(fed ? [m] : [])], states: [[old, K]], outputs: { y } });
}

const fp16 = (x: Value<DType>): Value => cast(x, { dtype: "fp16" }) as Value;
const not = (x: Value<"bool">): Value<"bool"> => logical_not(x) as Value<"bool">;
const times = (x: Value, k: number): Value => mul(x, k) as Value;
const MASK = { kind: "mask", open: 1, closed: 0 } as const;

const RIGHT: Readonly<Record<string, Form>> = {
  "flag · −10⁴": { mask: ({ hidden }) => times(fp16(hidden), -10_000) },
  "flag · −10⁴ in fp32": {
    mask: ({ hidden }) => fp16(mul(-10_000, cast(hidden, { dtype: "fp32" }) as Value<"fp32">) as Value<"fp32">),
  },
  "(1 − seen) · −10⁴": { mask: ({ hidden }) => times(sub(1, fp16(not(hidden))) as Value, -10_000) },
  "(seen − 1) · 10⁴": { mask: ({ hidden }) => times(sub(fp16(not(hidden)), 1) as Value, 10_000) },
  "seen · 10⁴ − 10⁴": { mask: ({ hidden }) => sub(times(fp16(not(hidden)), 10_000), 10_000) as Value },
  "a whole number's flag · −10⁴": {
    mask: ({ hidden }) => fp16(mul(cast(hidden, { dtype: "int32" }) as Value<"int32">, -10_000) as Value<"int32">),
  },
  "of a bool mask that is fed": {
    mask: ({ fed }) => times(fp16(not(fed as unknown as Value<"bool">)), -10_000),
    fed: ["bool", "mask", true],
  },
  "of a mask that is fed as 1 and 0": {
    mask: ({ fed }) => times(sub(1, fed as unknown as Value) as Value, -10_000),
    fed: ["fp16", MASK, true],
  },
};

test.each(Object.entries(RIGHT))("proven: %s", (_, form) => {
  const verdict = prove(attention(T, form), attention(1, form), { corollaries: false });
  expect(verdict).toMatchObject({ verdict: "PROVEN", level: "exact" });
  expect(verdict.verdict === "PROVEN" && verdict.attacked?.met).toBeGreaterThan(0);
});

/** A block's mask against steps that write theirs as flag · −10⁴. */
const WRONG: Readonly<Record<string, Form["mask"]>> = {
  "the sign turned": ({ hidden }) => times(fp16(hidden), 10_000),
  "rows that are seen for those that are hidden": ({ hidden }) => times(fp16(not(hidden)), -10_000),
  "its own row hidden as well": ({ hiddenOwn }) => times(fp16(hiddenOwn), -10_000),
  "one later row shown": ({ after }) => times(fp16(greater(after, 1) as Value<"bool">), -10_000),
  "a factor that hides nothing": ({ hidden }) => times(fp16(hidden), -4),
  "no mask": ({ hidden }) => times(fp16(hidden), 0),
};

test.each(Object.entries(WRONG))("refuted: %s", (_, mask) => {
  expect(prove(attention(T, { mask }), attention(1, RIGHT["flag · −10⁴"]!)).verdict).toBe("REFUTED");
});

/** In block and steps alike: what is no truth value, or no host's word makes one. */
const OPEN: Readonly<Record<string, Form>> = {
  "a factor that hides too little": { mask: ({ hidden }) => times(fp16(hidden), -16) },
  "how far a row is behind, which is more than 1 too": {
    mask: ({ after }) => times(fp16(maximum(after, 0) as Value<"int32">), -100),
  },
  "how far a row is behind or before": { mask: ({ after }) => times(fp16(after), -10_000) },
  "rows that the host may hide, the token's own among them": {
    mask: ({ hidden, fed }) => add(times(fp16(hidden), -10_000), times(fp16(fed), -10_000)) as Value,
    fed: ["bool", "shared", false],
  },
  "a flag that the host gives by token, and no mask": {
    mask: ({ fed }) => times(fp16(fed), -10_000),
    fed: ["bool", "rows", true],
  },
  "a whole number for a flag": {
    mask: ({ fed }) => times(fp16(fed), -10_000),
    fed: ["int32", "rows", true],
  },
  "all rows hidden, its own too": { mask: ({ hiddenOwn }) => times(fp16(hiddenOwn), -10_000) },
  "chosen rows of a number that is small": {
    mask: ({ hidden }) => select(hidden, fp16(cast(hidden, { dtype: "int32" }) as Value<"int32">), 0) as Value,
  },
};

test.each(Object.entries(OPEN))("not proven: %s", (_, form) => {
  expect(prove(attention(T, form), attention(1, form)).verdict).not.toBe("PROVEN");
});

test("a number that may be anything in place of a flag is a score: the bound of P8 is about it too", () => {
  const form: Form = {
    mask: ({ hidden, fed }) => add(times(fp16(hidden), -10_000), times(fed as unknown as Value, -10_000)) as Value,
    fed: ["fp16", "shared", false],
  };
  const verdict = prove(attention(T, form), attention(1, form), { corollaries: false });
  expect(verdict.preconditions.map(({ id }) => id)).toContain("P8");
  // What a 1 would add lies outside.
  expect(verdict.gapBound).toBeLessThan(5000);
});
