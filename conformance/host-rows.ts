/**
 * What our host functions feed a layer besides its hidden rows, for the oracle to run our graphs on: a wrong table in
 * src/models/host.ts must fail there. Reads a list of jobs, writes one safetensors file for each.
 *
 *     node host-rows.mjs JOBS.json
 */
import { readFileSync } from "node:fs";
import type { Shape } from "../src/dsl/type.ts";
import type { PhiConfig } from "../src/models/config.ts";
import { readPhiConfig } from "../src/models/config-read.ts";
import { causalMask, fp16Rows, type Positions, type Rows, ropeRows, writeMask } from "../src/models/host.ts";
import type { RawArray } from "../src/passes/kernels/raw.ts";
import { type Arrays, writeArrays } from "../src/weights/arrays.ts";

interface Job {
  /** Path of the checkpoint's config.json. */
  readonly config: string;
  readonly positions: readonly number[];
  readonly maxSeq: number;
  /** `fp16` gives the rows as a package takes them, `fp64` unrounded. */
  readonly precision: "fp16" | "fp64";
  /** A mistake to plant; one of `FAULTS`. */
  readonly fault?: string;
  readonly out: string;
}

/** What a faulty host gets wrong. */
interface Fault {
  readonly config?: (right: PhiConfig) => PhiConfig;
  /** Of the mask and of RoPE; the rows are still written where they belong. */
  readonly seen?: (positions: Positions) => Positions;
  readonly turned?: (positions: Positions) => Positions;
}

const shifted = (by: number) => (positions: Positions) => positions.map((p) => (p ?? 0) + by);
const scaled = (change: (rope: PhiConfig["rope"] & { type: "longrope" }) => object) => (config: PhiConfig) =>
  config.rope.type === "longrope" ? { ...config, rope: { ...config.rope, ...change(config.rope) } } : config;

const FAULTS: Readonly<Record<string, Fault>> = {
  no_attention_factor: { config: scaled(() => ({ attentionFactor: 1 })) },
  other_factors: {
    config: scaled(({ shortFactor, longFactor }) => ({ shortFactor: longFactor, longFactor: shortFactor })),
  },
  rope_on_whole_head: { config: (right) => ({ ...right, rotaryDims: right.headDim }) },
  rope_of_next_position: { turned: shifted(1) },
  mask_too_wide: { seen: shifted(1) },
  mask_too_narrow: { seen: shifted(-1) },
};

function rowsOf({ config: path, positions, maxSeq, precision, fault = "" }: Job): Arrays {
  const right = readPhiConfig(JSON.parse(readFileSync(path, "utf8")), path);
  const { config = (c: PhiConfig) => c, seen = shifted(0), turned = shifted(0) } = FAULTS[fault] ?? {};
  const { cos, sin } = ropeRows(config(right), turned(positions), maxSeq);
  const array = (rows: Rows, shape: Shape): RawArray => ({
    dtype: "fp16",
    shape,
    data: precision === "fp16" ? fp16Rows(rows) : rows.data,
  });
  const tokens = positions.length;
  return {
    rope_cos: array(cos, cos.shape),
    rope_sin: array(sin, sin.shape),
    attn_mask: array(causalMask(seen(positions), maxSeq), [1, 1, tokens, maxSeq]),
    kv_write_mask: array(writeMask(positions, maxSeq), [1, 1, maxSeq, tokens]),
  };
}

for (const job of JSON.parse(readFileSync(process.argv[2]!, "utf8")) as readonly Job[]) {
  await writeArrays(job.out, rowsOf(job));
}
