/**
 * Data for both graphs that keep what a verdict printed, and nothing more: what no precondition speaks of differs between
 * the calls. Written apart from the prover's own samples, which would share its mistakes.
 */
import type { Graph } from "../../../../src/dsl/graph.ts";
import type { Twins } from "../../../../src/dsl/host/twins.ts";
import { roundTo } from "../../../../src/dsl/number.ts";
import type { Role } from "../../../../src/dsl/role.ts";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import { isFloat, sizeOf, type TensorType } from "../../../../src/dsl/type.ts";
import type { WeightSource } from "../../../../src/dsl/weight-source.ts";
import { arrayOf, type NDArray, stridesOf, tabulate } from "../../../../src/passes/interpret/array.ts";

/** What a verdict printed of the host's duties. */
export interface Contract {
  readonly ids: ReadonlySet<string>;
  /** What P2 says of the rows: they are below this. */
  readonly rows?: number;
  /** Of P6 and P9: the sentences that list inputs. */
  readonly listed: Readonly<Record<string, string>>;
  readonly gap?: number;
}

/** The contract of a verdict. */
export function contractOf(verdict: {
  readonly preconditions: readonly { readonly id: string; readonly says: string }[];
  readonly gapBound?: number;
}): Contract {
  const says = new Map(verdict.preconditions.map((p) => [p.id, p.says]));
  const rows = /\[0, (\d+)\)/.exec(says.get("P2") ?? "")?.[1];
  return {
    ids: new Set(says.keys()),
    ...(rows === undefined ? {} : { rows: Number(rows) }),
    listed: { P6: says.get("P6") ?? "", P9: says.get("P9") ?? "" },
    ...(verdict.gapBound === undefined ? {} : { gap: verdict.gapBound }),
  };
}

/** Everything that any proof may ask for. */
export const STRICTEST: Omit<Contract, "listed"> & { readonly listed?: never } = {
  ids: new Set(["P1", "P2", "P2'", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10"]),
  gap: 4900,
};

/** A stream of uniform numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hashOf = (text: string): number =>
  [...text].reduce((h, ch) => Math.imul(h ^ ch.codePointAt(0)!, 16777619), 2166136261) >>> 0;

export type Feeds = Readonly<Record<string, NDArray>>;

/** One experiment: what the block, and each step, is fed. */
export interface Experiment {
  readonly rows: readonly number[];
  readonly block: Feeds;
  readonly steps: readonly Feeds[];
  readonly states: Feeds;
  weight(source: WeightSource, type: TensorType): NDArray;
}

/** How numbers are drawn. */
const STYLES = ["plain", "whole", "edges", "small", "large", "mixed"] as const;

/** An experiment from a seed that keeps the contract, P7 and P8 aside, which only a run can tell. */
export function experimentOf(pair: Twins, contract: Contract | typeof STRICTEST, seed: number): Experiment {
  const random = randomOf(seed);
  const style = STYLES[Math.floor(random() * STYLES.length)]!;
  const rows = rowsOf(pair, contract, random);
  const visible = Array.from({ length: 64 }, () => random() < 0.6);
  const told: Told = { pair, contract, seed, style, rows, visible };
  const fed = (graph: Graph, side: string, first: number): Feeds =>
    Object.fromEntries(graph.inputs.map((x) => [x.name ?? "", feedOf(told, x, side, first)]));
  return {
    rows,
    block: fed(pair.block, "block", 0),
    steps: Array.from({ length: pair.tokens }, (_, t) => fed(pair.step, `step ${t}`, t)),
    states: Object.fromEntries(
      pair.block.states.map(({ name, entry: { type } }) => [
        name,
        numbers(told, `state ${name}`, type, scaleOf(told, `state ${name}`)),
      ]),
    ),
    weight: (source, type) => weightOf(told, source, type),
  };
}

/** What all leaves of an experiment are drawn by. */
export interface Told {
  readonly pair: Twins;
  readonly contract: Contract | typeof STRICTEST;
  readonly seed: number;
  readonly style: (typeof STYLES)[number];
  readonly rows: readonly number[];
  readonly visible: readonly boolean[];
}

const keeps = ({ contract }: Told, id: string): boolean => contract.ids.has(id);

/** Whether a precondition that lists inputs lists this one. */
const lists = ({ contract, pair }: Told, id: "P6" | "P9", name: string): boolean =>
  pair.tokens === 1 || (contract.ids.has(id) && (contract.listed === undefined || contract.listed[id]!.includes(name)));

/** How many rows there may be: what P2 says, or the longest axis that could be a cache's. */
function rowCount({ block, roles, tokens }: Twins, { rows }: Pick<Contract, "rows">): number {
  if (rows !== undefined) return Math.max(rows, tokens);
  const masks = block.inputs.flatMap((x) => {
    const role = roles.get(x.name ?? "")!;
    return role.kind === "mask" || role.kind === "write_mask" ? [x.type.shape[role.slotAxis]!] : [];
  });
  if (masks.length > 0) return masks[0]!;
  const axes = block.states.flatMap(({ entry }) => [...entry.type.shape]);
  return axes.length > 0 ? Math.max(tokens, ...axes) : 2 ** 31;
}

function rowsOf(pair: Twins, contract: Contract | typeof STRICTEST, random: () => number): readonly number[] {
  const { tokens, roles } = pair;
  const n = Math.max(tokens, rowCount(pair, contract));
  const single = [...roles.values()].some((role) => role.kind === "position" && role.tokenAxis === undefined);
  const contiguous = contract.listed === undefined ? single : contract.ids.has("P2'");
  const end = random();
  if (contiguous || random() < 0.3) {
    const first = end < 0.25 ? 0 : end < 0.5 ? n - tokens : Math.floor(random() * (n - tokens + 1));
    return Array.from({ length: tokens }, (_, t) => first + t);
  }
  const rows = new Set<number>(end < 0.3 ? [n - 1] : end < 0.5 ? [0] : []);
  while (rows.size < tokens) rows.add(Math.floor(random() * n));
  return [...rows]
    .map((row) => [random(), row] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, row]) => row);
}

function element(style: Told["style"], dtype: TensorType["dtype"], random: () => number): number {
  const u = 4 * random() - 2;
  if (dtype === "bool") return Number(u > 0);
  if (!isFloat(dtype)) return roundTo(dtype, Math.round(8 * u));
  const how = style === "mixed" ? STYLES[Math.floor(random() * 5)]! : style;
  switch (how) {
    case "whole":
      return Math.round(1.5 * u);
    case "edges":
      return [0, 1, -1, 0.5, 2, 0.0005, -0, 1.001, -3, 1e-6][Math.floor(random() * 10)]!;
    case "small":
      return roundTo(dtype, u / 16);
    case "large":
      return roundTo(dtype, 60 * u);
    default:
      return roundTo(dtype, u);
  }
}

function numbers({ seed, style }: Told, name: string, type: TensorType, scale = 1): NDArray {
  const random = randomOf(seed ^ hashOf(name));
  const data = Array.from({ length: sizeOf(type.shape) }, () =>
    roundTo(type.dtype, scale * element(style, type.dtype, random)),
  );
  return arrayOf(type.dtype, type.shape, data);
}

/** A leaf now and then as large as the bound of P8 lets it be. */
function scaleOf({ seed, contract, style }: Told, name: string): number {
  const random = randomOf(seed ^ hashOf(`scale ${name}`));
  const gap = contract.listed === undefined ? 0 : (contract.gap ?? 0);
  return gap > 0 && style !== "small" && random() < 0.25 ? gap / 2 / (1 + 7 * random()) : 1;
}

function feedOf(told: Told, x: Tensor, side: string, first: number): NDArray {
  const name = x.name ?? "";
  const { type } = x;
  const role = told.pair.roles.get(name)!;
  const token = (ix: readonly number[], axis: number | undefined) => first + (axis === undefined ? 0 : ix[axis]!);
  switch (role.kind) {
    case "shared":
      return numbers(told, lists(told, "P9", name) ? name : `${name} ${side}`, type, scaleOf(told, name));
    case "rows": {
      const own = lists(told, "P6", name) ? name : `${name} ${side}`;
      const whole = { dtype: type.dtype, shape: type.shape.with(role.tokenAxis, told.pair.tokens) };
      const { data } = numbers(told, own, whole, scaleOf(told, name));
      const strides = stridesOf(whole.shape);
      return tabulate(type, (ix) => {
        const at = ix.with(role.tokenAxis, token(ix, role.tokenAxis));
        return data[at.reduce((n, i, a) => n + i * strides[a]!, 0)]!;
      });
    }
    case "position":
      return tabulate(type, (ix) => told.rows[token(ix, role.tokenAxis)]!);
    case "write_mask":
      return keeps(told, "P1")
        ? tabulate(type, (ix) => Number(told.rows[token(ix, role.tokenAxis)] === ix[role.slotAxis]))
        : numbers(told, `${name} ${side}`, type);
    case "mask":
      return tabulate(type, maskEntry(told, name, role, type, side, first));
  }
}

function maskEntry(
  told: Told,
  name: string,
  role: Extract<Role, { kind: "mask" }>,
  { dtype }: TensorType,
  side: string,
  first: number,
): (ix: readonly number[]) => number {
  const [open, shut] = dtype === "bool" ? [1, 0] : [0, -10_000];
  const wild = !keeps(told, "P5") && told.seed % 3 === 0;
  return (ix) => {
    const [t, slot] = [first + ix[role.tokenAxis]!, ix[role.slotAxis]!];
    const owner = told.rows.indexOf(slot);
    if (owner > t && keeps(told, "P3")) return shut;
    if (owner === t && keeps(told, "P4")) return open;
    const own = lists(told, "P6", name) ? name : `${name} ${side}`;
    const at = ix.with(role.tokenAxis, t).reduce((n, i) => n * 71 + i, 0);
    const random = randomOf(told.seed ^ hashOf(`${own} ${at}`));
    if (wild && dtype !== "bool") return roundTo(dtype, random() < 0.5 ? 6 * random() - 3 : shut);
    if (owner >= 0 && owner <= t) return random() < 0.9 ? open : shut;
    return owner < 0 && lists(told, "P6", name) && told.visible[slot % 64] ? open : random() < 0.5 ? open : shut;
  };
}

function weightOf(told: Told, source: WeightSource, type: TensorType): NDArray {
  if (source.from !== "checkpoint" || source.rows || source.columns || source.transform)
    throw new Error("only whole weights are drawn");
  return numbers(told, `weight ${source.tensor}`, type, scaleOf(told, `weight ${source.tensor}`));
}

/** Every leaf of a graph that is a mask input. */
export const isMaskOf =
  ({ roles }: Twins) =>
  (value: Tensor): boolean =>
    value.def.kind === "input" && roles.get(value.def.name)?.kind === "mask";
