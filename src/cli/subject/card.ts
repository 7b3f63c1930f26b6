/** What a checkpoint is, in a few lines: the model that it holds, and how it is stored. */
import { counted } from "../../dsl/counted.ts";
import { largest } from "../../dsl/number.ts";
import type { Decoder, RopeScaling } from "../../models/decoder.ts";
import { listUse } from "../../models/rope-list.ts";
import type { OpenWeights } from "../../weights/open.ts";
import { wrapLine } from "../terminal/wrap.ts";
import { assumedText, listsText } from "./rope-text.ts";

/** The lines of a card, each a title and what there is to say of it. */
export type Card = readonly (readonly [title: string, text: string])[];

/** The card as text; empty where there is none. */
export function cardText(card: Card = []): string {
  const width = largest(
    card.map(([title]) => title.length),
    0,
  );
  return card.map(([title, text]) => wrapLine(`${title.padEnd(width)}  ${text}`)).join("\n");
}

/** The card of an open checkpoint whose configuration was understood, for a cache of so many rows. */
export function cardOf(
  decoder: Decoder,
  maxSeq: number,
  { container, tensors, notNeeded }: Pick<OpenWeights, "container" | "tensors" | "notNeeded">,
): Card {
  const counts = new Map<string, number>();
  for (const { dtype, encoding = dtype } of tensors.values()) counts.set(encoding, (counts.get(encoding) ?? 0) + 1);
  const stored = [...counts].map(([encoding, n]) => `${counted(n, "tensor")} ${encoding}`);
  return [
    ["checkpoint", container],
    ["stored", stored.join(", ")],
    ...(notNeeded.size > 0 ? [["not needed", notNeededText(notNeeded)] as const] : []),
    ["model", modelText(decoder)],
    ["attention", attentionText(decoder)],
    ["RoPE", ropeText(decoder)],
    ...(decoder.rope.type === "longrope" && maxSeq <= decoder.maxPositions
      ? [["RoPE rows", assumedText(listUse(decoder.rope, { ...decoder, maxSeq }), decoder, maxSeq)] as const]
      : []),
  ];
}

/** Tensors by the last part of their names. */
function notNeededText(names: ReadonlySet<string>): string {
  const ends = new Set([...names].map((name) => name.slice(name.lastIndexOf(".") + 1)));
  return `${counted(names.size, "tensor")} (${[...ends].join(", ")}), since the layers compute in fp16`;
}

function modelText(d: Decoder): string {
  return [
    `${d.architecture}, ${d.layers} layers of ${d.hiddenSize}`,
    `feed-forward ${d.ffnSize} (${d.activation})`,
    `vocabulary ${d.vocab}, ${d.tiedHead ? "head tied to the embedding" : "a head of its own"}`,
    `RMSNorm eps ${d.eps}`,
    ...(d.gain === "one_plus" ? ["gains stored less 1"] : []),
    ...(d.postNorms ? ["norms after attention and feed-forward too"] : []),
  ].join(", ");
}

function attentionText({ heads, kvHeads, headDim, qkNorm, slidingWindow, local, scoreCap }: Decoder): string {
  return [
    `${heads} heads of ${headDim} on ${kvHeads} of keys and values`,
    ...(qkNorm === "none"
      ? []
      : [`queries and keys normed (${qkNorm === "whole" ? "all heads at once" : "per head"})`]),
    ...(slidingWindow === undefined ? [] : [`window ${slidingWindow}`]),
    ...(local ? [`local layers with a window of ${local.slidingWindow}`] : []),
    ...(scoreCap === undefined ? [] : [`scores capped at ${scoreCap}`]),
  ].join(", ");
}

function ropeText({ rotaryDims, headDim, ropeTheta, rope, maxPositions, pattern }: Decoder): string {
  const unturned = pattern.filter(({ turned }) => !turned).length;
  return [
    `${rotaryDims} of ${headDim} dims, theta ${ropeTheta}`,
    ...scalingText(rope, maxPositions),
    `up to ${maxPositions} positions`,
    ...(unturned === 0 ? [] : [`none on ${unturned} of every ${pattern.length} layers`]),
  ].join(", ");
}

function scalingText(rope: RopeScaling, maxPositions: number): readonly string[] {
  switch (rope.type) {
    case "default":
      return [];
    case "longrope":
      return [`longrope: ${listsText(rope, maxPositions)}, cos and sin times ${rope.attentionFactor}`];
    case "yarn":
      return [
        `yarn by ${rope.factor} from ${rope.originalMaxPositions} positions, cos and sin times ${rope.attentionFactor}`,
      ];
    case "divided":
      return [`each frequency divided by its own number, up to ${Math.max(...rope.divisors)}`];
    default:
      return [`${rope.type} by ${rope.factor}`];
  }
}
