/** Attention over rows of a cache that a host shifts, or to which it appends, and behind them the call's own rows; with faults to plant. */
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { withHostCaches } from "../../../src/dsl/host/host-caches.ts";
import { add, concat, matmul, mul, slice_by_size, softmax } from "../../../src/dsl/ops/index.ts";
import type { DeclaredRole } from "../../../src/dsl/role.ts";
import { constant, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";

type Value = Tensor<Shape, "fp16">;

/** Rows of the cache. */
export const S = 5;

/** What a block may get wrong. */
export type JoinedFault =
  | "rows in another order"
  | "K for V"
  | "own rows before the cache"
  | "the mask of another token"
  | "sees dropped rows"
  | "sees later rows"
  | "sees rows that are not valid"
  | "hides the new rows"
  | "hides the last new row"
  | "old rows off by one"
  | "one new row too many"
  | "new rows twice as large"
  | "no old rows";

/** How it is written. */
export interface JoinedForm {
  /** How many columns the mask has behind the cache's; as many as tokens where nothing is said. */
  readonly behind?: number;
  readonly mask?: DeclaredRole;
  readonly update?: "shift" | "append";
  /** Another way of writing the same. */
  readonly spelled?: boolean;
}

/** Attention of rows x [1, 1, T, 4] over S rows of a cache and the call's own. */
export function attention(tokens: number, fault?: JoinedFault, form: JoinedForm = {}): Graph {
  const { behind = tokens, mask: role = "mask", update = "shift", spelled = false } = form;
  const x: Value = input("x", [1, 1, tokens, 4]);
  const mask: Value = input("m", [1, 1, tokens, S + behind], "fp16", { role });
  const cache = (name: string): Value =>
    input(name, [1, 1, S, 4], "fp16", { role: { kind: "cache", update, rows: `${name}_rows` } });
  const [oldK, oldV] = [cache("k"), cache("v")];
  const rows = (name: string): Value => matmul(x, weight(name, [1, 1, 4, 4]) as Value) as Value;
  const [newK, newV] = [rows("wk"), rows("wv")];
  const all = (old: Value, fresh: Value): Value => joined(old, fresh, fault);
  const K = all(oldK, newK);
  const seen = seenBy(behind > tokens ? part(mask, 3, 0, S + tokens) : mask, tokens, fault);
  const scores = matmul(x, K, { transpose_y: true });
  const y = matmul(softmax((spelled ? add(seen, scores) : add(scores, seen)) as Value, { axis: 3 }), all(oldV, newV));
  const outputs = { y, k_rows: given(newK, newV, fault), v_rows: newV };
  return graph({ name: `g${tokens}`, inputs: [x, mask, oldK, oldV], outputs });
}

/** The rows that come out. */
function given(newK: Value, newV: Value, fault: JoinedFault | undefined): Value {
  switch (fault) {
    case "rows in another order":
      return turned(newK);
    case "K for V":
      return newV;
    case "one new row too many":
      return concat([newK, part(newK, 2, 0, 1)], { axis: 2 }) as Value;
    case "new rows twice as large":
      return mul(newK, 2) as Value;
    default:
      return newK;
  }
}

function joined(old: Value, fresh: Value, fault: JoinedFault | undefined): Value {
  if (fault === "own rows before the cache") return concat([fresh, old], { axis: 2 }) as Value;
  const before = fault === "old rows off by one" ? turned(old) : fault === "no old rows" ? (mul(old, 0) as Value) : old;
  return concat([before, fresh], { axis: 2 }) as Value;
}

const part = (x: Value, axis: number, first: number, size: number): Value =>
  slice_by_size(
    x,
    x.type.shape.map((_, k) => (k === axis ? first : 0)),
    { size: x.type.shape.map((n, k) => (k === axis ? size : n)) },
  ) as Value;

const turned = (x: Value): Value =>
  concat([part(x, 2, 1, x.type.shape[2]! - 1), part(x, 2, 0, 1)], { axis: 2 }) as Value;

function seenBy(mask: Value, tokens: number, fault: JoinedFault | undefined): Value {
  const filled = (x: number, n: number): Value => constant(new Array(tokens * n).fill(x), [1, 1, tokens, n]) as Value;
  const both = (...parts: readonly Value[]): Value => concat([...parts], { axis: 3 }) as Value;
  switch (fault) {
    case "the mask of another token":
      return turned(mask);
    case "sees dropped rows":
      return both(filled(0, tokens - 1), part(mask, 3, tokens - 1, S + 1));
    case "sees later rows":
      return both(part(mask, 3, 0, S + 1), filled(0, tokens - 1));
    case "sees rows that are not valid":
      return both(filled(0, S), part(mask, 3, S, tokens));
    case "hides the new rows":
      return both(part(mask, 3, 0, S), filled(-10_000, tokens));
    case "hides the last new row":
      return both(part(mask, 3, 0, S + tokens - 1), filled(-10_000, 1));
    default:
      return mask;
  }
}

/** With states in place of the caches. */
export const closed = (graphs: readonly [Graph, Graph]): [Graph, Graph] =>
  withHostCaches(graphs, new Map()).graphs as [Graph, Graph];
