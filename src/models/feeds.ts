/** The inputs of a graph of layers: declared once, only those that one of its layers reads. */
import type { Size } from "../dsl/model.ts";
import { mul, transpose } from "../dsl/ops/index.ts";
import { input, type Tensor } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";
import { declareSlot, type Slot } from "./blocks/cache.ts";
import type { Spelling } from "./blocks/spelling.ts";
import { type Decoder, kindOf, type LayerKind, tableOf } from "./decoder.ts";

type Value = Tensor<Shape, "fp16">;

/** Rows of a RoPE table: one column per pair of rotated dims, [T, pairs]; [pairs, T] when RoPE comes before the transposes. */
export interface Turns {
  readonly cos: Value;
  readonly sin: Value;
}

/** What the host feeds to every layer. */
export interface Feeds {
  readonly inputs: readonly Tensor[];
  readonly x: Value;
  readonly slot: Slot;
  /** The attention mask of a layer of this kind. */
  mask(kind: LayerKind): Value;
  /** How its queries and keys turn; undefined where they do not. */
  turns(kind: LayerKind): Turns | undefined;
}

type Span = LayerKind["span"];

/** What is behind the names of a span's inputs. */
const SUFFIX: Readonly<Record<Span, string>> = { main: "", local: "_local" };

/** The inputs for these layers, at these sizes. */
export function declareFeeds(
  decoder: Decoder,
  { tokens, maxSeq }: Size,
  layers: readonly number[],
  how: Spelling,
): Feeds {
  const { hiddenSize, kvHeads, headDim } = decoder;
  const kinds = layers.map((layer) => kindOf(decoder, layer));
  const x = input("x", [1, hiddenSize, tokens, 1]);
  const tables = new Map(
    spansOf(kinds.filter(({ turned }) => turned).map(({ span }) => tableOf(decoder, span))).map((span) => [
      span,
      declareTable(decoder, tokens, span),
    ]),
  );
  const masks = new Map(
    spansOf(kinds.map(({ span }) => span)).map((span) => [
      span,
      input(`attn_mask${SUFFIX[span]}`, [1, 1, tokens, maxSeq]) as Value,
    ]),
  );
  const { place, slot } = declareSlot(how.write, { tokens, maxSeq, kvHeads, headDim });
  const factor = decoder.ropeFold?.into === "graph" ? decoder.ropeFold.factor : 1;
  const times = (rows: Value): Value => (factor === 1 ? rows : mul(rows, factor));
  const columns = (rows: Value): Value =>
    how.transposes === "early" ? times(rows) : transpose(times(rows), { perm: [1, 0] });
  const turns = new Map([...tables].map(([span, { cos, sin }]) => [span, { cos: columns(cos), sin: columns(sin) }]));
  return {
    inputs: [x, ...[...tables.values()].flatMap(({ cos, sin }) => [cos, sin]), ...masks.values(), place],
    x,
    slot,
    mask: ({ span }) => masks.get(span)!,
    turns: ({ span, turned }) => (turned ? turns.get(tableOf(decoder, span)) : undefined),
  };
}

/** Each once, the main one first. */
const spansOf = (spans: readonly Span[]): readonly Span[] =>
  (["main", "local"] as const).filter((span) => spans.includes(span));

function declareTable({ rotaryDims }: Decoder, tokens: number, span: Span): Turns {
  const cos = input(`rope_cos${SUFFIX[span]}`, [tokens, rotaryDims / 2]);
  return { cos, sin: input(`rope_sin${SUFFIX[span]}`, [tokens, rotaryDims / 2]) };
}
