/** Weights in fewer bits, made while they stream: as int8 codes with a scale for each row, or as indices into tables of fp16 numbers (./palette). */
import { sizeOf } from "../../dsl/type.ts";
import { type QuantisedPart, sourceName, type WeightSource } from "../../dsl/weight-source.ts";
import type { WeightStore } from "../store.ts";
import type { QuantiseCost } from "./cost.ts";
import { codes, int8Workshop, scales } from "./int8-rows.ts";
import { entriesOf, palettes } from "./palette/palettes.ts";

/** What quantising cost one weight. */
export interface QuantisedWeight extends QuantiseCost {
  /** Of its tensors. */
  readonly name: string;
  readonly how: QuantisedPart["how"];
  /** Of all of it, as it is where nothing is quantised. */
  readonly elements: number;
}

/** A store that gives the parts of quantised weights too, and tells what they cost. */
export interface QuantisingStore extends WeightStore {
  /** Of the weights whose parts were streamed. */
  quantised(): readonly QuantisedWeight[];
  /** Of one, by any of its parts; undefined where none of them was streamed. */
  costOf(source: WeightSource): QuantisedWeight | undefined;
}

/** The store with what its weights are in fewer bits; other sources pass through. @throws UserError as it does */
export function quantisingStore(store: WeightStore): QuantisingStore {
  const costs = new Map<string, QuantisedWeight>();
  const tables = palettes();
  const workshop = int8Workshop();
  // Scales that were found with the codes, until they are asked for: the weight is read once.
  const waiting = new Map<string, Uint16Array>();
  return {
    ...store,
    stream(source, type) {
      if (source.from !== "checkpoint" || !source.quantised) return store.stream(source, type);
      const { quantised, ...whole } = source;
      const { how, width } = quantised;
      const key = JSON.stringify([whole, how, width]);
      const known = quantised.part === "scale" ? waiting.get(key) : undefined;
      if (known) {
        waiting.delete(key);
        return once(new Uint8Array(known.buffer));
      }
      const rows = rowsOf(quantised, sizeOf(type.shape));
      const chunks = store.stream(whole, { dtype: "fp16", shape: [rows, width] });
      const tell = (cost: QuantiseCost) =>
        void costs.set(wholeOf(source), { name: sourceName(source), how, elements: rows * width, ...cost });
      if ("rows" in quantised) return tables.stream(JSON.stringify([whole, how]), chunks, quantised, tell);
      if (quantised.part === "scale") return scales(chunks, quantised);
      return codes(chunks, quantised, workshop, ({ cost, scales: found }) => {
        tell(cost);
        waiting.set(key, found);
      });
    },
    quantised: () => [...costs.values()],
    costOf: (source) => costs.get(wholeOf(source)),
  };
}

/** What tells a weight from others, whichever of its parts it is asked for by. */
function wholeOf(source: WeightSource): string {
  const { quantised: _, ...whole } = source as Extract<WeightSource, { from: "checkpoint" }>;
  return JSON.stringify(whole);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Rows of the weight that a part of so many elements is of. */
function rowsOf(part: QuantisedPart, elements: number): number {
  if (part.part === "scale") return elements;
  return "rows" in part && part.part === "lut" ? (elements / entriesOf(part.how)) * part.rows : elements / part.width;
}
