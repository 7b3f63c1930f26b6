/**
 * The shape of `NAME.fixtures.json` (docs/fixtures.md): src/evidence/fixtures.ts writes it, fixtures-read.ts and the device tool
 * (tools/Sources/Gate/Manifest.swift) read it.
 */

import { fields, list, nullable, type Of, oneOf, optional, recordOf } from "../../files/json-shape.ts";
import { ROW_KINDS } from "../../passes/parity/sequence.ts";
import { ASSUMED_LIST } from "../assumed-list.ts";
import { PREDICTED_CHIPS } from "./predicted-chips.ts";
import { SETTINGS } from "./settings.ts";

/** The first field of every manifest. */
export const FIXTURES_FORMAT = "graphc-fixtures";
/** Of the manifest and the data file together. */
export const FIXTURES_VERSION = 3;
/** What tells a manifest of this version. */
export const FIXTURES_HEADER = { format: oneOf(FIXTURES_FORMAT), version: oneOf(FIXTURES_VERSION) };

/** A file beside the manifest, and its digest as hex. */
const FILE = fields({ file: "file name", sha256: "sha256" });

/** A package beside the manifest: its digest (src/evidence/digests.ts) and that of each of its files. */
const PACKAGE = fields({
  package: "file name",
  /** The function to run; absent for the only or default one. */
  function: optional("string"),
  tokens: "count",
  sha256: "sha256",
  files: recordOf("sha256"),
});

const OUTPUT = fields({
  name: "string",
  tokenAxis: "count",
  /** The input that the layer adds itself to; figures are of output − residual. */
  residual: optional("string"),
});

const CACHE = fields({
  /** The input. */
  name: "string",
  shape: list("count"),
  /** The axis that counts cache rows; in the output with the new rows, tokens. */
  rowAxis: "count",
  /** A device tool does nothing else. */
  update: oneOf("slot"),
  /** The output with the new rows, which is not among the outputs. */
  rows: "string",
  /** The input that tells the slot of each token. */
  place: "string",
});

const CALL = fields({
  label: "string",
  /** The cache row of each token; null for a dead column. */
  rows: list(nullable("count")),
  /** How many leading tokens are kept. */
  accepted: "count",
  /** The tokens that are also run one by one. */
  steps: list("count"),
  /** How its rows are drawn from the seed, and how many times as large as usual. */
  draw: fields({ kind: oneOf(...ROW_KINDS), factor: "number" }),
});

/** The whole manifest. */
export const FIXTURES = fields({
  ...FIXTURES_HEADER,
  /** What wrote it, such as `graphc 0.1.0`. */
  tool: "string",
  name: "string",
  /** Of what is fed and of the garbage in the states: the data come from it, the packages and the settings alone. */
  seed: "count",
  /** Which layers of the model, where it has layers. */
  layers: optional(list("count")),
  /** What the host's rows depend on, where the model has a configuration. */
  settings: optional(SETTINGS),
  /** Of the bytes of the block's weight file, and of the settings: what a device tool copies into its evidence. */
  identity: fields({ weightsSHA256: optional("sha256"), settingsSHA256: optional("sha256") }),
  /** Identity of the graph apart from its weights. */
  graph: optional("string"),
  /** Rows of the cache. */
  maxSeq: "count",
  /** Which of LongRoPE's lists the RoPE rows were made with. */
  ropeList: optional(ASSUMED_LIST),
  /** The mask's value for a row that may not be seen. */
  closed: "number",
  /** The chip whose engine's arithmetic `calls/c/predicted` was computed with. */
  predicted: optional(fields({ chip: oneOf(...PREDICTED_CHIPS) })),
  data: FILE,
  certificate: optional(FILE),
  block: PACKAGE,
  step: PACKAGE,
  inputs: list(
    fields({
      name: "string",
      role: oneOf("rows", "mask", "write_mask", "position", "shared"),
      tokenAxis: optional("count"),
      slotAxis: optional("count"),
    }),
  ),
  outputs: list(OUTPUT),
  states: list(fields({ name: "string", shape: list("count"), rowAxis: "count" })),
  /** Inputs that the host keeps: zeros at first; between calls it writes the rows of accepted tokens at their slots. */
  caches: optional(list(CACHE)),
  calls: list(CALL),
  /** Kinds of rows of which the packages bear no factor, so that no call feeds them. */
  leftOut: list(oneOf("outliers", "large", "small")),
});

/** The contents of a `NAME.fixtures.json`. */
export type FixtureManifest = Of<typeof FIXTURES>;
/** A file beside the manifest. */
export type FileReference = Of<typeof FILE>;
/** A package beside the manifest. */
export type PackageReference = Of<typeof PACKAGE>;
/** An output of the layer and how it is judged. */
export type FixtureOutput = Of<typeof OUTPUT>;
