/**
 * What our host functions feed a layer besides its hidden rows, for the oracle to run our graphs on: a wrong table in
 * src/models/host.ts must fail there. Reads a list of jobs, writes one safetensors file for each.
 *
 *     node host-rows.mjs JOBS.json
 */
import { readFileSync } from "node:fs";
import type { Shape } from "../src/dsl/type.ts";
import { readDecoder } from "../src/models/config-read.ts";
import type { Decoder, FactorList } from "../src/models/decoder.ts";
import { fp16Rows, hostRows, type Positions, type Rows } from "../src/models/host.ts";
import { decoderLayers } from "../src/models/layers.ts";
import { withFactorList } from "../src/models/rope-list.ts";
import type { RawArray } from "../src/passes/kernels/raw.ts";
import { type Arrays, writeArrays } from "../src/weights/safetensors/arrays.ts";
import { wholeHead } from "./whole-head.ts";

interface Job {
  /** Path of the checkpoint's config.json. */
  readonly config: string;
  /** What the record says otherwise. */
  readonly record?: Partial<Decoder>;
  /** Those of the graph that is fed. */
  readonly layers: readonly number[];
  readonly positions: readonly number[];
  readonly maxSeq: number;
  /** `fp16` gives the rows as a package takes them, `fp64` unrounded. */
  readonly precision: "fp16" | "fp64";
  /** Which of LongRoPE's lists; by `maxSeq` when absent. */
  readonly list?: FactorList;
  /** A mistake to plant; one of `FAULTS`. */
  readonly fault?: string;
  readonly out: string;
}

/** What a faulty host gets wrong. */
interface Fault {
  readonly config?: (right: Decoder) => Decoder;
  /** Of the mask and of RoPE; the rows are still written where they belong. */
  readonly seen?: (positions: Positions) => Positions;
  readonly turned?: (positions: Positions) => Positions;
}

const shifted = (by: number) => (positions: Positions) => positions.map((p) => (p ?? 0) + by);
const scaled = (change: (rope: Decoder["rope"] & { type: "longrope" }) => object) => (config: Decoder) =>
  config.rope.type === "longrope" ? { ...config, rope: { ...config.rope, ...change(config.rope) } } : config;

const widened = (by: number) => (right: Decoder) => ({
  ...right,
  ...(right.slidingWindow === undefined ? {} : { slidingWindow: right.slidingWindow + by }),
  ...(right.local ? { local: { ...right.local, slidingWindow: right.local.slidingWindow + by } } : {}),
});

const FAULTS: Readonly<Record<string, Fault>> = {
  no_attention_factor: {
    config: (right) =>
      "attentionFactor" in right.rope ? { ...right, rope: { ...right.rope, attentionFactor: 1 } } : right,
  },
  other_factors: {
    config: scaled(({ shortFactor, longFactor }) => ({ shortFactor: longFactor, longFactor: shortFactor })),
  },
  unscaled: { config: (right) => ({ ...right, rope: { type: "default" } }) },
  local_table_lost: {
    config: ({ local, ...right }) => (local ? { ...right, local: { slidingWindow: local.slidingWindow } } : right),
  },
  window_wider: { config: widened(1) },
  window_narrower: { config: widened(-1) },
  rope_on_whole_head: { config: wholeHead },
  rope_of_next_position: { turned: shifted(1) },
  mask_too_wide: { seen: shifted(1) },
  mask_too_narrow: { seen: shifted(-1) },
};

function rowsOf({ config: path, record, layers, positions, maxSeq, precision, list, fault = "" }: Job): Arrays {
  const read = { ...readDecoder(JSON.parse(readFileSync(path, "utf8")), path).decoder, ...record };
  const decoder = list === undefined ? read : withFactorList(read, list);
  const { config = (c: Decoder) => c, seen = shifted(0), turned = shifted(0) } = FAULTS[fault] ?? {};
  const size = { tokens: positions.length, maxSeq };
  const { inputs } = decoderLayers(decoder, size, { first: layers[0]!, count: layers.length });
  return Object.fromEntries(
    inputs.flatMap(({ name = "", type }) => {
      const placed = name.startsWith("rope_")
        ? turned(positions)
        : name.startsWith("attn_")
          ? seen(positions)
          : positions;
      const rows = hostRows(config(decoder), name, placed, maxSeq);
      return rows ? [[name, arrayOf(rows, name.startsWith("rope_") ? rows.shape : type.shape, precision)]] : [];
    }),
  );
}

const arrayOf = (rows: Rows, shape: Shape, precision: Job["precision"]): RawArray => ({
  dtype: "fp16",
  shape,
  data: precision === "fp16" ? fp16Rows(rows) : rows.data,
});

for (const job of JSON.parse(readFileSync(process.argv[2]!, "utf8")) as readonly Job[]) {
  await writeArrays(job.out, rowsOf(job));
}
