/** Versions of the model format and the opsets that came with them (`_OPSET` of coremltools). */

/** The specification version of each opset that an ML Program may have. */
export const SPECIFICATION_OF: ReadonlyMap<string, number> = new Map([
  ["CoreML5", 6],
  ["CoreML6", 7],
  ["CoreML7", 8],
  ["CoreML8", 9],
  ["CoreML9", 10],
]);

/** Ops that came later than ML Programs, by the opset that has them first (the registry of coremltools 9.0). */
export const FIRST_OPSET: ReadonlyMap<string, string> = new Map([
  ...named(
    "CoreML6",
    "constexpr_affine_dequantize constexpr_cast constexpr_lut_to_dense constexpr_sparse_to_dense fill_like pixel_unshuffle reshape_like",
  ),
  ...named("CoreML7", "dequantize quantize resize"),
  ...named(
    "CoreML8",
    "constexpr_blockwise_shift_scale constexpr_lut_to_sparse constexpr_sparse_blockwise_shift_scale read_state write_state " +
      "scaled_dot_product_attention slice_update",
  ),
]);

function named(opset: string, ops: string): readonly (readonly [string, string])[] {
  return ops.split(" ").map((op) => [op, opset]);
}
