/** What the weights of layers guarantee beside a proof of their graphs. */
import type { Decoder } from "../../models/decoder.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { broken, QUANTITIES, type Quantity } from "../../passes/ranges/layer.ts";
import { GIVEN, LIMITS, type Limit } from "../../passes/ranges/limits.ts";
import { inputUpTo } from "../../passes/ranges/network.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args } from "../options/command.ts";
import type { Io } from "../terminal/io.ts";
import { boundedLayers } from "./bounded-layers.ts";
import type { Held, RangesRecord } from "./claim-record.ts";
import type { BoundedLayer } from "./report.ts";

/** The layers of a graph, and what an element of its hidden rows may be so that no sum with what they add overflows. */
export interface BoundedModel {
  readonly of: "layers";
  readonly layers: readonly BoundedLayer[];
  readonly inputUpTo: number;
}

/** Bounds the layers that the options name. @throws UserError for what the weights refuse */
export async function boundedModel(decoder: Decoder, store: WeightStore, args: Args, io: Io): Promise<BoundedModel> {
  const [first, count] = [args.whole("layer"), args.whole("layers")];
  const wanted = Array.from({ length: count }, (_, n) => first + n);
  const layers = await boundedLayers(decoder, store, wanted, io);
  return { of: "layers", layers, inputUpTo: inputUpTo(layers.map(({ found }) => found)) };
}

/** As a certificate has it: also what an element of the hidden rows may be (below 0 nothing), and every bound by layer. */
export interface LayersRecord extends RangesRecord {
  readonly inputUpTo: number;
  readonly layers: readonly { readonly layer: number; readonly bounds: BoundedLayer["found"]["bounds"] }[];
}

/** The claim, and which of the preconditions of a verdict are met. */
export function layersClaim({ layers, inputUpTo }: BoundedModel, verdict: Verdict): LayersRecord {
  const bad = layers.find(({ found }) => broken(found) !== undefined);
  const used = new Set(verdict.preconditions.map(({ id }) => id));
  const preconditions = [
    ...(used.has("P7") ? [finite(bad === undefined, inputUpTo)] : []),
    ...(used.has("P8") && verdict.gapBound !== undefined ? [scores(layers, verdict.gapBound)] : []),
  ];
  return {
    claim: bad ? "NOT ORDER-FREE (engine)" : "ORDER-FREE (engine)",
    says: bad ? brokenWords(bad) : orderFreeWords(layers),
    given: GIVEN,
    preconditions,
    inputUpTo,
    layers: layers.map(({ layer, found: { bounds } }) => ({ layer, bounds })),
  };
}

/** What something is at most; a bound that is rounded down is none. */
const figure = (x: number): string => Math.ceil(x).toFixed(0);

function finite(holds: boolean, most: number): Held {
  const met = holds && most > 0;
  const says = met
    ? `the weights are finite, and so is every value that the layers compute, while no element of the hidden rows is above ${Math.floor(most)}`
    : holds
      ? `what the layers add may be beyond fp16 (${LIMITS.fp16}) whatever the hidden rows are`
      : "a value of the layers may be beyond its limit, or a weight is not finite";
  return { id: "P7", met, says };
}

function scores(layers: readonly BoundedLayer[], bound: number): Held {
  const largest = largestOf(layers, ["score"]);
  const met = largest.value <= bound;
  return { id: "P8", met, says: `|score| and |row maximum| are up to ${figure(largest.value)}, of ${bound}` };
}

const SUMMED: ReadonlySet<Limit> = new Set(["accumulator", "turned"]);

function orderFreeWords(layers: readonly BoundedLayer[]): string {
  const sums = (Object.keys(QUANTITIES) as Quantity[]).filter((name) => SUMMED.has(QUANTITIES[name]));
  const { layer, name, value } = largestOf(layers, sums);
  const [first, last] = [layers[0]!.layer, layers.at(-1)!.layer];
  const those = first === last ? `layer ${first}` : `layers ${first} to ${last}`;
  return `no sum of products of ${those} reaches ${LIMITS.accumulator} in any order (at most ${figure(value)}, ${name} of layer ${layer}), so that order and T change no bit of it; accumulator as on M4 and M6`;
}

function brokenWords({ layer, found }: BoundedLayer): string {
  const name = broken(found)!;
  const limit = QUANTITIES[name];
  return `${name} of layer ${layer} may be ${figure(found.bounds[name].value)}, above ${limit} ${LIMITS[limit]}`;
}

/** What is not a number is larger than any. */
function largestOf(layers: readonly BoundedLayer[], names: readonly Quantity[]) {
  const all = layers.flatMap(({ layer, found }) =>
    names.map((name) => ({ layer, name, value: found.bounds[name].value })),
  );
  return all.reduce((a, b) => (Number.isNaN(a.value) || a.value >= b.value ? a : b));
}
