/** What is on record about quantised matrices on the engine, chip by chip: what is not here is not known. */
import type { Form } from "../quantise.ts";

/** Macs' chips that the record speaks of. */
export const CHIPS = ["m1", "m2", "m3", "m4", "m5", "m6"] as const;
/** One of them. */
export type Chip = (typeof CHIPS)[number];

/** One thing that somebody saw. */
export interface FormRecord {
  readonly forms: readonly Form[];
  /** Where it was seen; none where the source does not say. */
  readonly chips: readonly Chip[];
  /** Whether it says that this very form, grouped as graphc groups it, runs on the engine. */
  readonly placed: boolean;
  readonly says: string;
  readonly source: string;
}

/** The record. */
export const formRecords: readonly FormRecord[] = [
  {
    forms: ["nearest", "coremltools"],
    chips: CHIPS,
    placed: true,
    says: "int8 with a scale for each row runs on the engine",
    source:
      "ane-book, all shards; apple/coremltools issue 2716 (its control); anemll-forge results/m6_lut_placement.tsv",
  },
  {
    forms: ["lut4"],
    chips: [],
    placed: true,
    says: "tables of 16 numbers for 32 rows ran on the engine, on a chip that is not named",
    source: "ane-book experiment 35 (40 of 40 shards), journal 112 (8 of 8)",
  },
  {
    forms: ["lut4", "lut6"],
    chips: ["m5", "m6"],
    placed: false,
    says: "tables of 16 and 64 numbers for a whole tensor run on the engine; for 32 rows it was not tried there",
    source: "anemll-forge RESULTS_M6_INT8.md and results (M5 Max, M6)",
  },
  {
    forms: ["lut4", "lut6"],
    chips: ["m5"],
    placed: false,
    says: "a convolution with tables takes as long as one in int8: fewer bits save room alone",
    source: "anemll-forge results (4096x4096: fp16 0.211 ms, int8 0.109, tables 0.108 to 0.125; M5 Max)",
  },
  {
    forms: ["lut4"],
    chips: ["m6"],
    placed: false,
    says: "a convolution with tables of 16 numbers takes less than half as long as one in int8",
    source: "anemll-forge results (4096x4096: fp16 0.218 ms, int8 0.103, tables of 16 0.045; M6)",
  },
  {
    forms: ["lut6"],
    chips: ["m6"],
    placed: false,
    says: "a convolution with tables of 64 numbers takes as long as one in int8",
    source: "anemll-forge results (M6)",
  },
  {
    forms: ["lut4"],
    chips: [],
    placed: false,
    says: "a package with states that coremltools 9.0 palettised to 4 bits crashed after 100 to 200 calls, one of 8.3 did not",
    source: "apple/coremltools issue 2716",
  },
];

/** What is known of a form on a chip: whether it is on record there, and all that was seen of it on that chip or on one not named. */
export function knownOf(form: Form, chip: Chip): { readonly onRecord: boolean; readonly seen: readonly FormRecord[] } {
  const seen = formRecords.filter(
    ({ forms, chips }) => forms.includes(form) && (chips.length === 0 || chips.includes(chip)),
  );
  return { onRecord: seen.some(({ placed, chips }) => placed && chips.includes(chip)), seen };
}
