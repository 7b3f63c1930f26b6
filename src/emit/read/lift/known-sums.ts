/** Whole numbers that a program computes, as a number added to one that it does not tell: so that two of them have a known difference. */
import type { Def, OpDef, Tensor } from "../../../dsl/tensor.ts";
import { sizeOf } from "../../../dsl/type.ts";

/** `plus` more than element `at` of `base`; `plus` itself where there is no base. */
export interface Known {
  readonly base?: Def;
  readonly at: number;
  readonly plus: number;
}

/** Ops that keep the elements and their order. */
const RESHAPES: ReadonlySet<string> = new Set(["reshape", "squeeze", "expand_dims"]);

/** Element `k`, in row-major order, of a tensor of int32. */
export function elementIn(value: Tensor, k: number): Known {
  const { def } = value;
  if (def.kind === "const") return { at: 0, plus: def.data[k]! };
  return (def.kind === "op" ? ofOp(def, value, k) : undefined) ?? { base: def, at: k, plus: 0 };
}

function ofOp({ op, operands, attrs }: OpDef, value: Tensor, k: number): Known | undefined {
  if (RESHAPES.has(op)) return elementIn(operands.x as Tensor, k);
  const isJoined = op === "concat" && value.type.shape.length === 1 && attrs.interleave !== true;
  if (isJoined) return ofPieces(operands.values as readonly Tensor[], k);
  if (op !== "add" && op !== "sub") return undefined;
  const [x, y] = [operands.x, operands.y].map((of) => broadcast(of as Tensor, value, k));
  if (!x || !y) return undefined;
  // Sums wrap where int32 does, on both sides of a difference alike.
  if (y.base === undefined) return { ...x, plus: op === "add" ? x.plus + y.plus : x.plus - y.plus };
  return op === "add" && x.base === undefined ? { ...y, plus: x.plus + y.plus } : undefined;
}

function broadcast(of: Tensor, value: Tensor, k: number): Known | undefined {
  const size = sizeOf(of.type.shape);
  if (size !== 1 && size !== sizeOf(value.type.shape)) return undefined;
  return elementIn(of, size === 1 ? 0 : k);
}

function ofPieces(pieces: readonly Tensor[], k: number): Known | undefined {
  let begin = 0;
  for (const piece of pieces) {
    const size = sizeOf(piece.type.shape);
    if (k < begin + size) return elementIn(piece, k - begin);
    begin += size;
  }
  return undefined;
}
