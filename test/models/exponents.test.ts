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
    ...(layer === 1 ? { scores: { held: 0, most: 0.75, reached: 0.5 } } : {}),
    ...(layer === 2 ? { scores: { held: 3, most: 6, reached: 3 } } : {}),
  })),
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
  test("has a head that is the same over the reals", () => {
    const range = { begin: 3, end: 9 };
    const [small, own] = [headGraph(heldOf(decoder), range), headGraph(decoder, range)];
    expect(prove(atFullSize(small, 3), own, QUIET)).toMatchObject({ verdict: "PROVEN", level: "reals" });
    expect(prove(atFullSize(small, 4), own, QUIET).verdict).toBe("NOT PROVEN");
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
  // Two of each row norm for eps, one before each of the two sums, one behind each; one behind a clamp.
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
  [{ held: 0.5, most: 6 }, "held of scores must be"],
  [{ held: 1, most: -6 }, "most of scores must be"],
  [6, "scores of a layer of exponents must be"],
])("a clamp %j is refused", (scores, sentence) => {
  const { decoder } = SMALL_DECODERS.get("llama")!;
  const exponents = { residual: 0, layers: [{ attn: 0, mlp: 0, scores }] } as unknown as Exponents;
  expect(() => decoderLayers({ ...decoder, exponents }, SIZE)).toThrow(sentence);
});
