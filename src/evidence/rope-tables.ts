/**
 * Writes LongRoPE's tables for the host: `NAME.rope.safetensors` with the rows of both lists of factors, and
 * `NAME.rope.json`, which says when each is right (docs/rope.md).
 */
import { basename } from "node:path";
import { writeWhole } from "../files/whole.ts";
import type { Decoder, LongRopeScaling } from "../models/decoder.ts";
import { blockPositions, fp16Rows, type Rows, ropeRows } from "../models/host.ts";
import { type AssumedList, factorsOf, type ListUse, listUses, withFactorList } from "../models/rope-list.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import { writeArrays } from "../weights/safetensors/arrays.ts";
import { factorsDigest } from "./assumed-list.ts";
import { digestFile } from "./digests.ts";
import type { FileReference } from "./format/fixtures-shape.ts";

/** A list with the tensors that hold its rows: row p is that of position p. */
export interface RopeTableEntry extends AssumedList {
  /** Names in the data file, F16 [rows, rotaryDims / 2] each, the attention factor applied. */
  readonly cos: string;
  readonly sin: string;
  readonly rows: number;
}

/** The contents of a `NAME.rope.json`. */
export interface RopeTables {
  readonly format: "graphc-rope-tables";
  readonly version: 1;
  readonly name: string;
  /** Rows of the cache. */
  readonly maxSeq: number;
  readonly rotaryDims: number;
  /** In the rows already. */
  readonly attentionFactor: number;
  readonly data: FileReference;
  /** The list that fixtures and certificate of this build were made with. */
  readonly assumed: ListUse["list"];
  readonly lists: readonly RopeTableEntry[];
  /** A cache holds keys that were turned by one list: none of it is right for the other. */
  readonly cacheInvalidWhenCrossing: true;
}

/** What tables are written from. */
export interface RopeTablesSource {
  readonly name: string;
  readonly decoder: Decoder & { readonly rope: LongRopeScaling };
  readonly maxSeq: number;
  readonly assumed: AssumedList;
  readonly paths: { readonly data: string; readonly tables: string };
}

/** Writes the data, then the record that names it by its digest. @throws UserError when a file cannot be written */
export async function writeRopeTables({ name, decoder, maxSeq, assumed, paths }: RopeTablesSource): Promise<void> {
  const entries = listUses(decoder.rope, decoder.maxPositions).map((use) => entryOf(decoder, use, maxSeq));
  const arrays = entries.flatMap(({ list, cos, sin, rows }) => {
    const of = ropeRows(withFactorList(decoder, list), blockPositions(0, rows, maxSeq), maxSeq);
    return [[cos, stored(of.cos)] as const, [sin, stored(of.sin)] as const];
  });
  await writeArrays(paths.data, Object.fromEntries(arrays));
  const tables: RopeTables = {
    format: "graphc-rope-tables",
    version: 1,
    name,
    maxSeq,
    rotaryDims: decoder.rotaryDims,
    attentionFactor: decoder.rope.attentionFactor,
    data: { file: basename(paths.data), sha256: await digestFile(paths.data) },
    assumed: assumed.list,
    lists: entries,
    cacheInvalidWhenCrossing: true,
  };
  const text = `${JSON.stringify(tables, null, 2)}\n`;
  await writeWhole(paths.tables, async (handle) => void (await handle.writeFile(text)));
}

/** No table has rows of positions that its list is not right for, nor more than the cache. */
const entryOf = ({ rope }: RopeTablesSource["decoder"], use: ListUse, maxSeq: number): RopeTableEntry => ({
  ...use,
  factorsSHA256: factorsDigest(factorsOf(rope, use.list)),
  cos: `${use.list}/rope_cos`,
  sin: `${use.list}/rope_sin`,
  rows: Math.min(maxSeq, use.forSequencesUpTo),
});

const stored = (rows: Rows): RawArray => ({ dtype: "fp16", shape: rows.shape, data: fp16Rows(rows) });
