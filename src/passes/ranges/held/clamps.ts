/**
 * Values clipped at bounds that samples keep, where no power of two holds them. That makes another graph: it is the first one only on inputs of which no
 * value leaves its clamp, where a clip gives what it was given.
 */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { fp16Bits, fp16Value, roundFp16 } from "../../../dsl/number.ts";
import { clip } from "../../../dsl/ops/index.ts";
import { replaced, withResults } from "../../../dsl/rewrite.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";

/** One value is clipped at ±most, a number of fp16. */
export interface Clamp {
  /** Its place in the schedule of the graph without clamps, which is the same at every size. */
  readonly place: number;
  readonly most: number;
  /** Whether results of the graph are clipped with it, not only what is made of it. */
  readonly results: boolean;
}

/** A graph with clamps in it. */
export interface ClampedGraph {
  readonly graph: Graph;
  /** Of every value of its schedule the place in the schedule of the graph without; a clip has that of what it clips. */
  readonly places: readonly number[];
  /** The clips, in the order of the clamps. */
  readonly clips: readonly Tensor[];
}

/** A clip as it stands in a graph whose values may be held at powers of two. */
export interface NamedClamp {
  readonly name: string;
  readonly most: number;
  /** Of what it clips there: its ends are ±most · 2^−exponent. */
  readonly exponent: number;
}

/** The same values, clipped where the clamps say. */
export function clamped(graph: Graph, clamps: readonly Clamp[]): ClampedGraph {
  const values = schedule(graph);
  const byValue = new Map(clamps.map((one) => [values[one.place]!, one]));
  const names = freeNames(values, clamps.length);
  const [raw, clips] = [new Map<Tensor, Tensor>(), new Map<Clamp, Tensor>()];
  const now = replaced(graph, (value, operandsNow) => {
    const one = byValue.get(value);
    if (!one) return undefined;
    const { def } = value;
    const own = def.kind === "op" ? { ...value, def: { ...def, operands: operandsNow(def.operands) } } : value;
    raw.set(value, own);
    const made = clip(own as Tensor<Shape, "fp16">, { alpha: -one.most, beta: one.most });
    const named = { ...made, name: names[clamps.indexOf(one)]!, site: value.site };
    clips.set(one, named);
    return named;
  });
  const result = (x: Tensor): Tensor => (byValue.get(x)?.results === false ? raw.get(x)! : now(x));
  const places = new Map(values.flatMap((x, place) => [now(x), raw.get(x) ?? x].map((own) => [own, place] as const)));
  const made = withResults(graph, result);
  return {
    graph: made,
    places: schedule(made).map((x) => places.get(x)!),
    clips: clamps.map((one) => clips.get(one)!),
  };
}

/** `clamp_0`, `clamp_1`, … that no value is called. */
function freeNames(values: readonly Tensor[], count: number): readonly string[] {
  const taken = new Set(values.map(({ name }) => plain(name)));
  const names: string[] = [];
  for (let n = 0; names.length < count; n++) {
    const name = `clamp_${n}`;
    if (!taken.has(name) && !taken.has(`${name}_held`)) names.push(name);
  }
  return names;
}

/** Those of the layers of a decoder (`src/models/layer/attention.ts`): what is planned is their record. */
export const clampsIn = (graph: Graph): readonly NamedClamp[] =>
  schedule(graph).flatMap(({ name = "", def }) =>
    name.endsWith(".clamp") && def.kind === "op"
      ? [{ name: plain(name), most: def.attrs.beta as number, exponent: 0 }]
      : [],
  );

/** As a package has it: held values have a dot in their names. */
const plain = (name: string | undefined): string => (name ?? "").replaceAll(/\W/g, "_");

/**
 * The graph with its clamps taken out, each of which is looked for by name and held against its record: what the two graphs then have in common
 * holds of the clamped one on inputs of which no value leaves its clamp, and of no others.
 * @throws Error where one is missing, or is clipped elsewhere
 */
export function withoutClamps(graph: Graph, clamps: readonly NamedClamp[]): Graph {
  const left = new Map(clamps.map((one) => [one.exponent > 0 ? `${one.name}_held` : one.name, one]));
  const now = replaced(graph, (value, operandsNow) => {
    const { def } = value;
    const one = left.get(plain(value.name));
    if (!one || def.kind !== "op" || def.op !== "clip") return undefined;
    const end = one.most * 2 ** -one.exponent;
    if (def.attrs.alpha !== -end || def.attrs.beta !== end)
      throw new Error(`ranges: ${value.name} clips at ${def.attrs.alpha} and ${def.attrs.beta}, not at ±${end}`);
    left.delete(plain(value.name));
    return operandsNow(def.operands).x as Tensor;
  });
  const [missing] = left.keys();
  if (missing !== undefined) throw new Error(`ranges: the graph has no clip ${missing}`);
  return withResults(graph, now);
}

/** The least number of fp16 that is so many times what was reached, or more; infinite beyond fp16. */
export function clampFor(reached: number, margin: number): number {
  const least = reached * margin;
  const near = roundFp16(least);
  return near >= least ? near : fp16Value(fp16Bits(near) + 1);
}
