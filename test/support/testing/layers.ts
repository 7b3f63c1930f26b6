/** The layer that `graphc init` writes, small, and with faults that its author might make. */
import {
  add,
  attention,
  concat,
  declareSlot,
  graph,
  input,
  type ModelInput,
  matmul,
  mul,
  named,
  project,
  reshape,
  rmsNorm,
  slice_by_size,
  state,
  type Tensor,
  transpose,
  weight,
  writeRows,
} from "graphc";

/**
 * Heads flattened without their permutation; the first token's cache row written over by the last one's; rows that are added to what their
 * places held; hidden rows that grow beyond fp16.
 */
export type Fault = "flattened" | "overwritten" | "added" | "infinite";

type Value = Tensor<readonly number[], "fp16">;

/** An attention layer of two heads of two dims. */
export const layer =
  (fault?: Fault) =>
  ({ tokens: T, maxSeq: S }: Pick<ModelInput, "tokens" | "maxSeq">) => {
    const x: Value = input("x", [1, 4, T, 1], "fp16", { role: "rows" });
    const mask: Value = input("attn_mask", [1, 1, T, S], "fp16", { role: "mask" });
    const { place, slot } = declareSlot("blend", { tokens: T, maxSeq: S, kvHeads: 2, headDim: 2 });
    const oldK = state("k_state", [1, 2, S, 2]);
    const oldV = state("v_state", [1, 2, S, 2]);
    const normed = named("norm", rmsNorm(x, weight("norm.weight", [1, 4, 1, 1]), { eps: 1e-5 }));
    const rows = (name: string): Value =>
      transpose(reshape(project(normed, { tensor: `${name}.weight`, outputs: 4 }), { shape: [1, 2, 2, T] }), {
        perm: [0, 1, 3, 2],
      });
    const newK = named("k.rows", fault === "overwritten" ? lastFirst(rows("k"), T) : rows("k"));
    const K = named(
      "k.cache",
      fault !== "added" ? writeRows(oldK, newK, slot) : add(oldK, matmul(place as Value, newK)),
    );
    const V = named("v.cache", writeRows(oldV, rows("v"), slot));
    const O: Value = attention({ Q: rows("q"), K, V, mask });
    const turned = fault === "flattened" ? O : transpose(O, { perm: [0, 1, 3, 2] });
    const joined = named("joined", reshape(turned, { shape: [1, 4, T, 1] }));
    const scaled = fault === "infinite" ? mul(mul(joined, 60_000), 60_000) : joined;
    const hidden = named("hidden", add(x, project(scaled, { tensor: "out.weight", outputs: 4 })));
    return graph({
      name: `layer_t${T}`,
      inputs: [x, mask, place],
      states: [
        [oldK, K],
        [oldV, V],
      ],
      outputs: { hidden },
    });
  };

/** The row of the last token in the place of the first one's. */
function lastFirst(rows: Value, tokens: number): Value {
  if (tokens === 1) return rows;
  const from = (token: number, count: number) =>
    slice_by_size(rows, [0, 0, token, 0], { size: [1, 2, count, 2] }) as Value;
  return concat([from(tokens - 1, 1), from(1, tokens - 1)], { axis: 2 }) as Value;
}
