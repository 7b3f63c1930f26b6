/** Values that are made of truth values and constants alone, as a mask written flag · −10000 is: no input makes them larger or smaller than they are meant to be. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { FAR } from "../logic/visible.ts";

/** Of one graph. */
export interface FlagValues {
  /** All of them, constants and truth values aside. */
  readonly made: ReadonlySet<Tensor>;
  /** Those in which a truth value is taken as far as a mask goes. */
  readonly far: ReadonlySet<Tensor>;
}

/** Ops of numbers whose results are of few values where their operands are. */
const ARITHMETIC: ReadonlySet<string> = new Set(["add", "sub", "mul", "cast", "select", "maximum", "minimum"]);

/** The values of a graph that are made of flags. */
export function flagValues(graph: Graph): FlagValues {
  const [made, far] = [new Set<Tensor>(), new Set<Tensor>()];
  const isFlag = (x: Tensor): boolean => x.type.dtype === "bool" || made.has(x);
  for (const value of schedule(graph)) {
    const { def, type } = value;
    if (def.kind !== "op" || type.dtype === "bool") continue;
    // Where to move, by which shape or axis, is told by the other operands.
    const parts = has(def, "moves") && "x" in def.operands ? [def.operands.x as Tensor] : operandsOf(def);
    if (!(ARITHMETIC.has(def.op) || has(def, "moves")) || !parts.some(isFlag)) continue;
    if (!parts.every((x) => isFlag(x) || x.def.kind === "const")) continue;
    made.add(value);
    if (def.op === "mul" && parts.some(isFarNumber)) far.add(value);
  }
  return { made, far };
}

const isFarNumber = ({ def }: Tensor): boolean =>
  def.kind === "const" && Array.from(def.data).some((x) => Math.abs(x) >= -FAR);
