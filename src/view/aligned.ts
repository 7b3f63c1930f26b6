/** Values of one model at other sizes. */
import { type Graph, schedule } from "../dsl/graph.ts";
import type { Tensor } from "../dsl/tensor.ts";

/** Of each value of `graph` the one at its place in `other`; undefined where they are not the same ops. */
export function alignedWith(graph: Graph, other: Graph): readonly Tensor[] | undefined {
  const [own, twins] = [schedule(graph), schedule(other)];
  const kind = ({ def }: Tensor) => (def.kind === "op" ? def.op : def.kind);
  return own.length === twins.length && own.every((x, n) => kind(x) === kind(twins[n]!)) ? twins : undefined;
}
