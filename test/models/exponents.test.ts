/** Numbers held at powers of two: proven to be the same model, exact as a block, and finite where the plain one is not. */
import { describe, expect, test } from "vitest";
import { type Graph, schedule } from "../../src/dsl/graph.ts";
import { replaced, withResults } from "../../src/dsl/rewrite.ts";
import { constantOf, operandsOf, type Tensor } from "../../src/dsl/tensor.ts";
import type { Decoder } from "../../src/models/decoder.ts";
import type { Exponents } from "../../src/models/exponents.ts";
import { atFullSize } from "../../src/models/full-size.ts";
import { headGraph } from "../../src/models/head.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { prove } from "../../src/passes/prove/prove.ts";
import { clampsIn, withoutClamps } from "../../src/passes/ranges/held/clamps.ts";
import { SMALL_DECODERS } from "../support/graphs/decoders.ts";

const EXPONENTS: Exponents = {
  residual: 3,
  layers: [
    { attn: 0, mlp: 2 },
    { attn: 1, mlp: 0 },
    { attn: 2, mlp: 5 },
    { attn: 0, mlp: 0 },
  ],
};
/** What attention weighs and what up gives held larger than it is, beside a layer of which one is. */
const RAISED: Exponents = {
  residual: 3,
  layers: [
    { attn: -4, mlp: 0 },
    { attn: -8, mlp: -2 },
    { attn: -3, mlp: 5 },
    { attn: 2, mlp: -1 },
  ],
};
/** Scores of layer 1 clipped where they stand, those of layer 2 at a power of two. */
const CLAMPED: Exponents = {
  ...EXPONENTS,
  layers: EXPONENTS.layers.map((own, layer) => ({
    ...own,
    ...(layer === 1 ? { clamps: { scores: { most: 0.75, reached: 0.5 } } } : {}),
    ...(layer === 2 ? { scores: 3, clamps: { scores: { most: 6, reached: 3 } } } : {}),
  })),
  clamps: { margin: 1.5, tokens: 4 },
};
/** Normed rows that projections are made of, with what may be clipped behind them, beside layers without clamps and with rows of one block alone. */
const ROWS: Exponents = {
  residual: 3,
  head: 2,
  layers: [
    { attn: 1, mlp: 2, rows: { attn: 3, mlp: 0 } },
    {
      ...{ attn: 0, mlp: 5, rows: { attn: 2, mlp: 4 }, scores: 1 },
      clamps: {
        ...{ k: { most: 3, reached: 1 }, v: { most: 2, reached: 1 }, gate: { most: 900, reached: 3 } },
        scores: { most: 6, reached: 3 },
      },
    },
    {
      ...{ attn: 2, mlp: 1, rows: { attn: 4, mlp: 2 } },
      clamps: { q: { most: 7, reached: 1 }, v: { most: 30000, reached: 1 }, gate: { most: 60000, reached: 3 } },
    },
    { attn: 0, mlp: 0, rows: { attn: 0, mlp: 4 }, scores: 4 },
  ],
  clamps: { margin: 1.5, tokens: 4 },
};
const heldOf = (decoder: Decoder): Decoder => ({ ...decoder, exponents: EXPONENTS });
const SIZE = { tokens: 1, maxSeq: 8 };
const QUIET = { corollaries: false, counterexample: false, secondOpinion: false } as const;

describe.each([...SMALL_DECODERS])("%s with exponents", (_, { decoder, first }) => {
  const held = decoderLayers(heldOf(decoder), SIZE, { first, count: 2 });
  const plain = decoderLayers(decoder, SIZE, { first, count: 2 });

  test("is the same layers over the reals", () => {
    expect(prove(atFullSize(held, 3), plain, QUIET)).toMatchObject({ verdict: "PROVEN", level: "reals" });
  });
  test("is exact as a block", () => {
    const block = decoderLayers(heldOf(decoder), { ...SIZE, tokens: 2 }, { first, count: 2 });
    expect(prove(block, held, QUIET)).toMatchObject({ verdict: "PROVEN", level: "exact" });
  });
  test("is both where numbers are held larger than they are", () => {
    const raised = (tokens: number) =>
      decoderLayers({ ...decoder, exponents: RAISED }, { ...SIZE, tokens }, { first, count: 2 });
    expect(prove(atFullSize(raised(1), 3), plain, QUIET)).toMatchObject({ verdict: "PROVEN", level: "reals" });
    expect(prove(raised(2), raised(1), QUIET)).toMatchObject({ verdict: "PROVEN", level: "exact" });
  });
  test("and with clamps, without which it is another one", () => {
    const clamped = (tokens: number) =>
      decoderLayers({ ...decoder, exponents: CLAMPED }, { ...SIZE, tokens }, { first: 1, count: 2 });
    const own = atFullSize(clamped(1), 3);
    const clips = clampsIn(clamped(1));
    expect(clips.map(({ most }) => most)).toEqual([0.75, 6 / 8]);
    const without = decoderLayers(decoder, SIZE, { first: 1, count: 2 });
    expect(prove(withoutClamps(own, clips), without, QUIET)).toMatchObject({ verdict: "PROVEN", level: "reals" });
    expect(prove(own, without, QUIET).verdict).toBe("NOT PROVEN");
    expect(prove(withoutClamps(own, clips.slice(1)), without, QUIET).verdict).toBe("NOT PROVEN");
    expect(prove(clamped(2), clamped(1), QUIET)).toMatchObject({ verdict: "PROVEN", level: "exact" });
  });
  test("and where rows of projections are, with clips behind them", () => {
    const of = (tokens: number, exponents?: Exponents) =>
      decoderLayers({ ...decoder, ...(exponents && { exponents }) }, { ...SIZE, tokens }, { first, count: 2 });
    const clips = clampsIn(of(1, ROWS));
    const own = atFullSize(of(1, ROWS), 3);
    expect(prove(withoutClamps(own, clips), of(1), QUIET)).toMatchObject({ verdict: "PROVEN", level: "reals" });
    for (const clip of clips)
      expect(
        prove(
          withoutClamps(
            own,
            clips.filter((one) => one !== clip),
          ),
          of(1),
          QUIET,
        ).verdict,
      ).toBe("NOT PROVEN");
    expect(prove(of(2, ROWS), of(1, ROWS), QUIET)).toMatchObject({ verdict: "PROVEN", level: "exact" });
  });
  test("has a head that is the same over the reals", () => {
    const range = { begin: 3, end: 9 };
    const [small, own] = [headGraph(heldOf(decoder), range), headGraph(decoder, range)];
    expect(prove(atFullSize(small, 3), own, QUIET)).toMatchObject({ verdict: "PROVEN", level: "reals" });
    expect(prove(atFullSize(small, 4), own, QUIET).verdict).toBe("NOT PROVEN");
    // The row behind the last norm is held as well, and the logits undone: no power can be another.
    const lower = headGraph({ ...decoder, exponents: ROWS }, range);
    expect(prove(atFullSize(lower, 3), own, QUIET)).toMatchObject({ verdict: "PROVEN", level: "reals" });
    const powers = [...Array(4).keys()].map((n) => spoilt(lower, n)).filter((one) => one !== undefined);
    expect(powers.length).toBe(decoder.logitCap === undefined ? 4 : 3);
    for (const one of powers) expect(prove(atFullSize(one, 3), own, QUIET).verdict).toBe("NOT PROVEN");
  });
});

/** The graph with the n-th power of two that something is multiplied by as another power. */
function spoilt(whole: Graph, n: number): Graph | undefined {
  const factors = schedule(whole).flatMap(({ def }) => (def.kind === "op" && def.op === "mul" ? operandsOf(def) : []));
  const isPower = ({ def }: Tensor): boolean =>
    def.kind === "const" && def.data.length === 1 && Number.isInteger(Math.log2(def.data[0]!));
  const one = factors.filter(isPower)[n];
  if (!one) return undefined;
  const { data } = one.def as { readonly data: ArrayLike<number> };
  const other = constantOf([data[0]! / 2], one.type);
  return withResults(
    whole,
    replaced(whole, (value) => (value === one ? other : undefined)),
  );
}

test.each([
  ["rows, norms and sums", EXPONENTS, 8],
  ["and clamps", CLAMPED, 9],
  ["what is held larger", RAISED, 8],
  ["rows of projections", ROWS, 16],
])("no power of two can be another unnoticed: those of %s", (_, exponents, count) => {
  const { decoder } = SMALL_DECODERS.get("qwen3")!;
  const plain = decoderLayers(decoder, SIZE, { first: 2 });
  const whole = decoderLayers({ ...decoder, exponents }, SIZE, { first: 2 });
  const held = withoutClamps(whole, clampsIn(whole));
  expect(prove(atFullSize(held, 2), plain, QUIET).verdict).toBe("NOT PROVEN");
  const verdicts: string[] = [];
  for (let n = 0; ; n++) {
    const other = spoilt(held, n);
    if (!other) break;
    verdicts.push(prove(atFullSize(other, 3), plain, QUIET).verdict);
  }
  // Two of each row norm for eps, one before each of the two sums, one behind each; one behind a clamp. Of rows of projections also two of
  // each norm of heads, one in each gain before the projections, and one behind v and gate.
  expect(verdicts).toEqual(Array(count).fill("NOT PROVEN"));
});

test.each([{ scale: "scores" }, { scale: "masked", gqa: "loop" }, { gqa: "tile", softmax: "decomposed" }] as const)(
  "scores are clipped, and weights held larger, in every spelling, %j",
  (spelling) => {
    const { decoder } = SMALL_DECODERS.get("llama")!;
    const clamped = decoderLayers({ ...decoder, exponents: CLAMPED }, SIZE, { first: 2, ...spelling });
    const clips = clampsIn(clamped);
    expect(clips.map(({ most }) => most)).toEqual(
      Array("gqa" in spelling && spelling.gqa === "loop" ? 2 : 1).fill(6 / 8),
    );
    const without = decoderLayers(decoder, SIZE, { first: 2, ...spelling });
    const raised = decoderLayers({ ...decoder, exponents: RAISED }, SIZE, { first: 2, ...spelling });
    expect(prove(atFullSize(raised, 3), without, QUIET).verdict).toBe("PROVEN");
    expect(prove(withoutClamps(atFullSize(clamped, 3), clips), without, QUIET).verdict).toBe("PROVEN");
  },
);

test.each([
  { projection: "linear", qkv: "split", gateUp: "split" },
  { projection: "matmul", qkv: "split", gateUp: "split", scale: "scores" },
  { scale: "masked", gqa: "loop" },
  { projection: "conv", qkv: "split", gateUp: "split", norm: "max", rope: "rotate_half", transposes: "early" },
  { projection: "matmul", norm: "layer_norm" },
] as const)("rows are held, and biases with them, in every spelling, %j", (spelling) => {
  for (const [name, ropeFold] of [
    ["llama", undefined],
    ["llama", { factor: 1.25, into: "weights" }],
    ["qwen3", undefined],
    ["phi3", undefined],
  ] as const) {
    const decoder = { ...SMALL_DECODERS.get(name)!.decoder, ...(ropeFold && { ropeFold }) };
    // Of layer 0 rows alone are held, of layer 1 scores as well, and there are clips.
    for (const first of [0, 1]) {
      const of = (tokens: number, exponents?: Exponents) =>
        decoderLayers({ ...decoder, ...(exponents && { exponents }) }, { ...SIZE, tokens }, { first, ...spelling });
      const held = of(1, ROWS);
      expect(prove(withoutClamps(atFullSize(held, 3), clampsIn(held)), of(1), QUIET).verdict).toBe("PROVEN");
      expect(prove(of(2, ROWS), held, QUIET)).toMatchObject({ verdict: "PROVEN", level: "exact" });
    }
  }
});

test.each([
  [{ scores: 0.5 }, "scores of a layer of exponents must be"],
  [{ rows: { attn: 1, mlp: 0.5 } }, "mlp of rows must be"],
  [{ rows: 3 }, "rows of a layer of exponents must be"],
  [{ clamps: { k: { most: -6 } } }, "most of the clamp of k must be"],
  [{ clamps: { v: 6 } }, "the clamp of v must be"],
  [{ clamps: { up: { most: 6 } } }, "what is clipped must be"],
])("a layer %j is refused", (own, sentence) => {
  const { decoder } = SMALL_DECODERS.get("llama")!;
  const exponents = { residual: 0, layers: [{ attn: 0, mlp: 0, ...own }] } as unknown as Exponents;
  expect(() => decoderLayers({ ...decoder, exponents }, SIZE)).toThrow(sentence);
});
