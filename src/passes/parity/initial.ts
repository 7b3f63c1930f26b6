/** What caches hold before the first call: numbers that no host would leave there, so that a read of one shows. */
import type { Graph } from "../../dsl/graph.ts";
import { roundTo } from "../../dsl/number.ts";
import { streamBase, tagOfName, uniformAt } from "../../dsl/random.ts";
import { isFloat, type TensorType } from "../../dsl/type.ts";
import { tabulate } from "../interpret/array.ts";
import { toRaw } from "../kernels/raw.ts";
import type { Arrays } from "./runner.ts";

/** Every state filled with random numbers of variance `scale`², whole ones where it holds whole numbers. */
export function garbage(graph: Graph, seed: number, scale = 1): Arrays {
  const fill = (name: string, type: TensorType) => {
    const base = streamBase(seed, tagOfName(`initial ${name}`));
    let n = 0;
    return toRaw(tabulate(type, () => elementOf(type, uniformAt(base, n++), scale)));
  };
  return Object.fromEntries(graph.states.map(({ name, entry: { type } }) => [name, fill(name, type)]));
}

const elementOf = ({ dtype }: TensorType, u: number, scale: number): number =>
  isFloat(dtype) ? roundTo(dtype, scale * halfGrid(u)) : Number(u >= 0);

/** Multiples of 2⁻⁹ up to √3: exact in fp16. */
const halfGrid = (u: number): number => Math.round(u * Math.sqrt(3) * 512) / 512;
