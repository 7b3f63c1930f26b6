/** A proof as a machine-readable record: what was compared, what is claimed, and under which conditions. */
import { createHash } from "node:crypto";
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { AssumedList } from "../../../models/rope-list.ts";
import type { Witness } from "../refute/attack.ts";
import type { Proven, Verdict } from "./verdict.ts";

/** The record of a proof that is written beside the packages. */
export interface Certificate {
  readonly format: "graphc-certificate-1";
  readonly tool: string;
  readonly block: { readonly name: string; readonly sha256: string };
  readonly step: { readonly name: string; readonly sha256: string };
  readonly verdict: Verdict["verdict"];
  readonly level?: "exact" | "reals";
  /** What the host feeds to each input, and where that was learnt: the claim holds for these. */
  readonly roles: Verdict["roles"];
  readonly preconditions: Verdict["preconditions"];
  readonly gapBound?: number;
  readonly rules: Verdict["rules"];
  readonly sizes: Verdict["sizes"];
  /** Of a proof: whether it is for any number of cache rows. */
  readonly anyCacheSize?: boolean;
  /** Of a proof: an input that keeps the preconditions, by its seed; absent where the graphs were too large to run. */
  readonly witness?: Witness & { readonly small: boolean };
  readonly corollaries?: readonly { readonly name: string; readonly holds: boolean; readonly says: string }[];
  /** Which of LongRoPE's lists the build takes its RoPE rows from: the proof holds for any rows, the model for these alone. */
  readonly ropeList?: AssumedList;
}

/** The certificate of a verdict on two graphs. `tool` is the version that made it. It holds no time or place. */
export function certificate(
  verdict: Verdict,
  graphs: { block: Graph; step: Graph },
  tool: string,
  ropeList?: AssumedList,
): Certificate {
  return {
    format: "graphc-certificate-1",
    tool,
    block: { name: graphs.block.name, sha256: graphHash(graphs.block) },
    step: { name: graphs.step.name, sha256: graphHash(graphs.step) },
    verdict: verdict.verdict,
    ...(verdict.verdict === "PROVEN" ? { level: verdict.level } : {}),
    roles: verdict.roles,
    preconditions: verdict.preconditions,
    ...(verdict.gapBound === undefined ? {} : { gapBound: verdict.gapBound }),
    rules: verdict.rules,
    sizes: verdict.sizes,
    ...(verdict.verdict === "PROVEN"
      ? {
          anyCacheSize: verdict.anyCacheSize,
          ...witnessOf(verdict),
          corollaries: verdict.corollaries.map(({ name, holds, says }) => ({ name, holds, says })),
        }
      : {}),
    ...(ropeList ? { ropeList } : {}),
  };
}

/** The witness, and whether it is one of the same model at small sizes. */
const witnessOf = ({ attacked }: Proven) =>
  attacked?.witness ? { witness: { ...attacked.witness, small: attacked.small } } : {};

/** SHA-256 of what a graph computes: ops, attributes, types, leaves and interface; not names of values or places in a file. */
export function graphHash(graph: Graph): string {
  const hash = createHash("sha256");
  const number = new Map<Tensor, number>();
  for (const value of schedule(graph)) {
    number.set(value, number.size);
    hash.update(`${value.type.dtype}[${value.type.shape}] ${defText(value, number)};`);
  }
  const at = (value: Tensor) => number.get(value);
  hash.update(`in ${graph.inputs.map(at)};`);
  for (const { name, entry, exit } of graph.states)
    hash.update(`state ${JSON.stringify(name)} ${at(entry)} ${at(exit)};`);
  for (const [name, value] of Object.entries(graph.outputs)) hash.update(`out ${JSON.stringify(name)} ${at(value)};`);
  return hash.digest("hex");
}

function defText({ def }: Tensor, number: ReadonlyMap<Tensor, number>): string {
  switch (def.kind) {
    case "const":
      return `const ${createHash("sha256").update(Float64Array.from(def.data)).digest("hex")}`;
    case "weight":
      return `weight ${def.source.from === "package" ? def.source.sha256 : JSON.stringify(def.source)}`;
    case "op":
      return `${def.op} ${def.part ?? ""} ${Object.keys(def.operands)} ${operandsOf(def).map((x) => number.get(x))} ${JSON.stringify(def.attrs)}`;
    default:
      return `${def.kind} ${JSON.stringify(def.name)}`;
  }
}
