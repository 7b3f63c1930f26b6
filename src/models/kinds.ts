/** The kinds of layers that a model has: what is found on one layer holds for those of its kind, and for no others. */
import { type Decoder, fewestLayers, kindOf, type LayerKind } from "./decoder.ts";

/** A kind, and the layers that are of it, in order; at least one. */
export interface KindOfLayers {
  readonly kind: LayerKind;
  readonly layers: readonly number[];
}

/** The kinds of `count` layers from `first` on, in the order in which they come. */
export function kindsIn(decoder: Pick<Decoder, "pattern">, first: number, count: number): readonly KindOfLayers[] {
  const found = new Map<string, { readonly kind: LayerKind; readonly layers: number[] }>();
  for (let layer = first; layer < first + count; layer++) {
    const { span, turned } = kindOf(decoder, layer);
    const key = `${span} ${turned}`;
    const known = found.get(key) ?? { kind: { span, turned }, layers: [] };
    known.layers.push(layer);
    found.set(key, known);
  }
  return [...found.values()];
}

/** What is said of a graph of `count` layers from `first` on where the model has several kinds: which they are, and which it lacks. */
export function kindsNote(decoder: Decoder, first: number, count: number): string | undefined {
  const all = kindsIn(decoder, 0, decoder.layers);
  if (all.length === 1) return undefined;
  const here = kindsIn(decoder, first, count);
  const isHere = ({ kind }: KindOfLayers): boolean =>
    here.some((one) => one.kind.span === kind.span && one.kind.turned === kind.turned);
  const lacking = all.filter((kind) => !isHere(kind)).map(({ layers }) => `layer ${layers[0]}`);
  const kinds = all.map((kind) => kindText(decoder, kind));
  const coverage =
    lacking.length === 0
      ? "all of them are in this graph"
      : `this graph has none like ${lacking.join(" or ")}, and --layer 0 --layers ${fewestLayers(decoder, 0, decoder.layers)} has all of them`;
  return `the layers are of ${all.length} kinds, ${kinds.join(" and ")}: ${coverage}`;
}

/** `layers 0 to 4 (a window of 512)`. */
export function kindText({ slidingWindow, local }: Decoder, { kind: { span, turned }, layers }: KindOfLayers): string {
  const window = span === "local" ? local?.slidingWindow : slidingWindow;
  const seen = window === undefined ? "no window" : `a window of ${window}`;
  return `${layersText(layers)} (${seen}${turned ? "" : ", no RoPE"})`;
}

/** Above this many stretches the middle is left out. */
const MOST_STRETCHES = 5;

/** `layers 0 to 4, 6`: numbers in rising order, by stretches. */
export function layersText(layers: readonly number[]): string {
  const stretches: [from: number, to: number][] = [];
  for (const layer of layers) {
    const last = stretches.at(-1);
    if (last && last[1] === layer - 1) last[1] = layer;
    else stretches.push([layer, layer]);
  }
  const texts = stretches.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  const shown = texts.length > MOST_STRETCHES ? [...texts.slice(0, MOST_STRETCHES - 2), "…", texts.at(-1)!] : texts;
  return `${layers.length === 1 ? "layer" : "layers"} ${shown.join(", ")}`;
}
