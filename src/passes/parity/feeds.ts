/** What the host feeds at each call, made so that block and steps get the same rows by construction. */

import type { Graph } from "../../dsl/graph.ts";
import { roundTo } from "../../dsl/number.ts";
import { streamBase, tagOfName, uniformAt } from "../../dsl/random.ts";
import { maskValues, type Role, type Roles, type RowsBehind } from "../../dsl/role.ts";
import { isFloat, sizeOf, type TensorType } from "../../dsl/type.ts";
import type { Decoder } from "../../models/decoder.ts";
import { hostRows, type Positions, type Rows } from "../../models/host.ts";
import { type NDArray, tabulate } from "../interpret/array.ts";

/** What is fed to one call, by the name of the input. */
export type Values = Readonly<Record<string, NDArray>>;

/** One call of the block: its rows, what it may see, and which tokens of the stream it carries. */
export interface Feed {
  /** The cache row of each token, [T]. */
  readonly rows: Positions;
  /** Cache rows that hold committed tokens. */
  readonly committed: ReadonlySet<number>;
  /** Number of the call's first token in the stream of random rows. */
  readonly stream: number;
}

/** What all calls of a run are fed from. */
export interface Source {
  readonly seed: number;
  readonly roles: Roles;
  /** For real RoPE rows; without it they are random, but a function of the cache row alone. */
  readonly config?: Decoder;
  /** Rows of the cache. */
  readonly maxSeq: number;
  /** Root of the variance of floats that are rows, those of RoPE aside, or shared; 1 when absent. */
  readonly scale?: number;
  /** A few channels of those rows, the same for every token, are that many times as large, and none of them near 0. */
  readonly outliers?: number;
  /** Whether masks shut some committed rows as well, as a sliding window does: others for each token. */
  readonly shutsOld?: boolean;
}

/** Root of 3: u · √3 has variance 1. */
const UNIT = Math.sqrt(3);

/** Inputs of the block graph, or, with `only`, of the step graph for that one token. */
export function feed(graph: Graph, source: Source, call: Feed, only?: number): Values {
  return Object.fromEntries(graph.inputs.map(({ name = "", type }) => [name, feedOne(name, type, source, call, only)]));
}

function feedOne(name: string, type: TensorType, source: Source, call: Feed, only?: number): NDArray {
  const role = source.roles.get(name)!;
  const base = streamBase(source.seed, tagOfName(name));
  const token = (ix: readonly number[]): number => only ?? (tokenAxis(role) === undefined ? 0 : ix[tokenAxis(role)!]!);
  const fed = (x: number) => elementOf(type, x);
  const { scale = 1 } = source;
  switch (role.kind) {
    case "mask":
      return tabulate(type, (ix) => {
        const { open, closed } = maskValues(role, type.dtype);
        const slot = ix[role.slotAxis]!;
        const { behind } = role;
        const shown = behind
          ? seesJoined(source, call, { token: token(ix), first: only ?? 0, slot, behind })
          : sees(source, call, token(ix), slot);
        return shown ? open : closed;
      });
    case "write_mask":
      return tabulate(type, (ix) => Number(call.rows[token(ix)] === ix[role.slotAxis]));
    case "position":
      return tabulate(type, (ix) => (call.rows[token(ix)] ?? 0) + (role.offset ?? 0));
    case "rows": {
      const table = role.rope && ropeTable(name, source, call);
      const row = (t: number) => (role.rope ? (call.rows[t] ?? 0) : call.stream + t);
      const large = role.rope ? undefined : outliersOf(source, name, width(type, role.tokenAxis));
      return tabulate(type, (ix) => {
        const place = within(ix, type, role.tokenAxis);
        return table
          ? roundTo(type.dtype, table.data[token(ix) * table.shape[1] + place]!)
          : fed(
              lifted(
                (role.rope ? 1 : scale) * uniformAt(base, row(token(ix)) * width(type, role.tokenAxis) + place),
                large?.has(place) ? source.outliers : undefined,
              ),
            );
      });
    }
    case "shared":
      // Another at the next block: what a cache holds of it is then told apart from what the call itself is fed.
      return tabulate(type, (ix) => fed(scale * uniformAt(base, call.stream * sizeOf(type.shape) + within(ix, type))));
  }
}

/** As many as trained models are told to have; of narrow rows fewer, so that most channels stay as they are. */
const OUTLIERS = { most: 4, oneIn: 16 };

/** Which channels are outliers, by the seed and the name of the input. */
function outliersOf({ seed, outliers }: Source, name: string, channels: number): ReadonlySet<number> | undefined {
  if (outliers === undefined) return undefined;
  const base = streamBase(seed, tagOfName(`outliers of ${name}`));
  const count = Math.min(OUTLIERS.most, Math.max(1, Math.floor(channels / OUTLIERS.oneIn)));
  const chosen = new Set<number>();
  for (let n = 0; chosen.size < count; n++) chosen.add(Math.floor(((uniformAt(base, n) + 1) / 2) * channels));
  return chosen;
}

/** From half of the factor to all of it, with the sign of u. */
const lifted = (u: number, factor: number | undefined): number =>
  factor === undefined ? u : (factor * (u < 0 ? u - 1 : u + 1)) / 2;

/** A random element from u in [−1, 1): of unit variance, or 0 or 1 where it may be an index or a truth value. */
const elementOf = ({ dtype }: TensorType, u: number): number =>
  isFloat(dtype) ? roundTo(dtype, UNIT * u) : Number(u >= 0);

const tokenAxis = (role: Role): number | undefined => ("tokenAxis" in role ? role.tokenAxis : undefined);

/** Whether a mask shows a cache row: to a live token itself, the tokens before it in its block, and what is committed. */
export function sees(source: Source, call: Feed, token: number, slot: number): boolean {
  const { rows, committed } = call;
  if (rows[token] === undefined) return false;
  if (rows.slice(0, token + 1).includes(slot)) return true;
  return committed.has(slot) && !isShutOld(source, call.stream + token, slot);
}

/** A column of a mask whose first columns are cache rows and whose last are the call's own, the token that it is asked for, and the call's first one. */
interface JoinedPlace {
  readonly token: number;
  readonly first: number;
  readonly slot: number;
  readonly behind: RowsBehind;
}

/** Of a cache to which the host appends: the rows that are valid, those of the block's tokens before this call among them, and of the call what came before the token. */
function seesJoined(source: Source, call: Feed, place: JoinedPlace): boolean {
  const { token, first, slot, behind } = place;
  if (behind.update === "shift") return seesOfWindow(source, call, { token, slot: slot + first, window: behind.rows });
  if (slot >= behind.rows) return slot - behind.rows + first <= token;
  const owner = call.rows.indexOf(slot);
  return owner >= 0 ? owner < first : sees(source, call, token, slot);
}

/** A column of a mask over a window that is shifted, counted from the block's first. */
interface WindowPlace {
  readonly token: number;
  readonly slot: number;
  readonly window: number;
}

/** Of the window the last rows that were committed, but for those that the token's step has no more; of the call what came before it. */
function seesOfWindow(source: Source, { committed, stream }: Feed, { token, slot, window }: WindowPlace): boolean {
  if (slot < token || slot > window + token) return false;
  if (slot >= window) return true;
  return window - slot <= committed.size && !isShutOld(source, stream + token, slot);
}

/** About every second committed row, by the token's number in the stream: so block and step shut the same. */
const isShutOld = ({ seed, maxSeq, shutsOld = false }: Source, stream: number, slot: number): boolean =>
  shutsOld && uniformAt(streamBase(seed, tagOfName("old rows shut")), stream * maxSeq + slot) < 0;

/** Row-major number of an element among those of one token. */
function within(ix: readonly number[], { shape }: TensorType, axis = -1): number {
  return ix.reduce((n, i, a) => (a === axis ? n : n * shape[a]! + i), 0);
}

const width = ({ shape }: TensorType, axis: number): number =>
  shape.reduce((n, size, a) => (a === axis ? n : n * size), 1);

/** Real rows, where the model is known. */
function ropeTable(name: string, { config, maxSeq }: Source, { rows }: Feed): Rows | undefined {
  return config && hostRows(config, name, rows, maxSeq);
}
