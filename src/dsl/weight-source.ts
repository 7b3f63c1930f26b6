/** Where the data of a weight are: a name, and what of the named tensor it is. */

/** A weight is a name: the graph never holds its data. */
export type WeightSource =
  | {
      readonly from: "checkpoint";
      /** Name of the tensor in the checkpoint, or of the first of several that are joined. */
      readonly tensor: string;
      /** Tensors that are one matrix, the rows of each below those of the one before; rows count through all of them. */
      readonly joined?: Joined;
      /** Rows [begin, end) of the stored matrix; all when absent. */
      readonly rows?: readonly [begin: number, end: number];
      /** Columns [begin, end) of the stored matrix; all when absent. */
      readonly columns?: readonly [begin: number, end: number];
      readonly transform?: "transpose";
      /** Rows that are multiplied before anything is rounded; none when absent. */
      readonly scaled?: RowScale;
      /** What of the quantised weight it is; the weight itself when absent. */
      readonly quantised?: QuantisedPart;
    }
  | {
      readonly from: "package";
      /** SHA-256 of the stored bytes: two weights are the same when their bytes are. */
      readonly sha256: string;
      /** Absolute path of the blob file. */
      readonly file: string;
      /** Offset of the blob's metadata record in it. */
      readonly offset: number;
      /** The record says uint8: its bytes hold the elements, which are narrower, packed as such elements are. */
      readonly packed?: true;
    };

/** A part of a quantised weight. */
export type QuantisedPart = Int8Part | PalettePart;

/**
 * A part of a weight whose every row of `width` elements has int8 codes and a scale: the codes, of the weight's shape, or the scales, one
 * a row. `coremltools` is the arithmetic of its linear_quantize_weights, `nearest` the one that errs least.
 */
export interface Int8Part {
  readonly how: "nearest" | "coremltools";
  readonly part: "codes" | "scale";
  readonly width: number;
}

/**
 * A part of a weight whose every `rows` rows of `width` elements share a table of 2^4, 2^6 or 2^8 fp16 numbers: the indices into it, of the
 * weight's shape, or the tables, one behind the other.
 */
export interface PalettePart {
  readonly how: "lut4" | "lut6" | "lut8";
  readonly part: "indices" | "lut";
  readonly width: number;
  readonly rows: number;
}

/** A factor of rows of a stored matrix: of the first `count` of every `period` rows, as far as row `below`. */
export interface RowScale {
  readonly factor: number;
  readonly period: number;
  readonly count: number;
  readonly below: number;
}

/** Tensors of a checkpoint as one matrix, `tensor` first, each with its count of rows. */
export type Joined = readonly { readonly tensor: string; readonly rows: number }[];

/** What a weight of a checkpoint is called: by its tensor, or by those of the joined ones that its rows are in. */
export function sourceName({ tensor, joined = [], rows }: Extract<WeightSource, { from: "checkpoint" }>): string {
  const begins = joined.map((_, i) => joined.slice(0, i).reduce((sum, above) => sum + above.rows, 0));
  const isRead = (i: number) => !rows || (begins[i]! < rows[1] && begins[i]! + joined[i]!.rows > rows[0]);
  const read = joined.filter((_, i) => isRead(i)).map((part) => part.tensor);
  return read.length > 0 ? read.join(" + ") : tensor;
}
