/** An arbitrary of what a host may feed: values of every input, for a block and for its steps, that keep what a proof assumes of them. */
import fc from "fast-check";
import { type Compared, openCompared, type StatedRoles } from "../api/compared.ts";
import { type Fields, optionsGiven } from "../dsl/given/values.ts";
import { hostCaches } from "../dsl/host/host-caches.ts";
import { type Twins, twinsOf } from "../dsl/host/twins.ts";
import { UserError } from "../dsl/user-error.ts";
import type { Positions } from "../models/host.ts";
import type { NDArray } from "../passes/interpret/array.ts";
import { toNDArray } from "../passes/kernels/raw.ts";
import { type Feed, feed, type Source } from "../passes/parity/feeds.ts";
import { garbage } from "../passes/parity/initial.ts";
import { roomOf } from "../passes/parity/parity.ts";
import { abilitiesOf } from "../passes/parity/sequence.ts";

/** Arrays by the name of their input or state. */
export type Fed = Readonly<Record<string, NDArray>>;

/** One call of a block, and the same as steps. */
export interface FedCall {
  /** Inputs of the block. */
  readonly block: Fed;
  /** Inputs of each step, in order; a token that is padding has none. */
  readonly steps: readonly { readonly token: number; readonly values: Fed }[];
  /** What the caches hold at entry, both of the block and of the first step: garbage, committed rows among it. */
  readonly states: Fed;
  /** The cache row of each token; undefined for padding. */
  readonly rows: Positions;
}

/** What is drawn, before it is arrays. */
interface Drawn {
  readonly seed: number;
  readonly scale: number;
  readonly rows: readonly number[];
  readonly seen: readonly number[];
  readonly padded: readonly boolean[];
}

/**
 * What a host may feed to a block and to its steps: cache rows in order or scattered, any committed rows visible, padding where the interface
 * has it, rows and caches of several sizes. Masks, write masks and positions keep the contract of their roles, whatever is drawn; the
 * numbers come from one drawn seed. Of a block alone that `run` or `evaluate` is asked about, only `block` and `states` are needed. Shrinks to the first
 * cache rows in order and to little that is visible.
 * @throws UserError for what is no pair, where no block fits the cache, or for caches that the host keeps; GraphError where a role must be stated
 */
export function feeds(compared: Compared, options: { readonly roles?: StatedRoles } = {}): fc.Arbitrary<FedCall> {
  const given = optionsGiven(options, "feeds", ["roles"]);
  const twins = checkedTwins(compared, given);
  const { tokens } = twins;
  const room = roomOf(twins);
  const can = abilitiesOf(twins);
  const start = fc.integer({ min: 0, max: room - tokens });
  const inOrder = start.map((first) => Array.from({ length: tokens }, (_, t) => first + t));
  const all = Array.from({ length: room }, (_, row) => row);
  const scattered = fc.shuffledSubarray(all, { minLength: tokens, maxLength: tokens });
  const drawn: fc.Arbitrary<Drawn> = fc.record({
    seed: fc.nat(2 ** 31 - 1),
    scale: fc.constantFrom(1, 1 / 64, 4),
    rows: can.scattered ? fc.oneof(inOrder, scattered) : inOrder,
    seen: fc.subarray(all),
    padded: can.padded
      ? fc.array(fc.boolean(), { minLength: tokens, maxLength: tokens })
      : fc.constant(new Array(tokens).fill(false)),
  });
  return drawn.map((one) => fedOf(twins, room, one));
}

function checkedTwins(compared: Compared, given: Fields): Twins {
  const open = openCompared(compared, given);
  const twins = twinsOf(open.block, open.step, open.given);
  const [cache] = hostCaches(twins.block);
  if (cache)
    throw new UserError(
      `"${cache.input}" of ${twins.block.name} is a cache that the host keeps`,
      "parity() feeds those",
    );
  if (roomOf(twins) < twins.tokens)
    throw new UserError(`no block of ${twins.tokens} tokens fits ${roomOf(twins)} rows of a cache`);
  return twins;
}

function fedOf(twins: Twins, room: number, { seed, scale, rows: places, seen, padded }: Drawn): FedCall {
  // One token at least is live: a call of padding alone says nothing.
  const rows = places.map((row, token) => (padded[token] && token > 0 ? undefined : row));
  const committed = new Set(seen.filter((row) => !places.includes(row)));
  const call: Feed = { rows, committed, stream: 0 };
  const source: Source = { seed, roles: twins.roles, maxSeq: room, scale };
  const live = rows.flatMap((row, token) => (row === undefined ? [] : [token]));
  return {
    block: feed(twins.block, source, call),
    steps: live.map((token) => ({ token, values: feed(twins.step, source, call, token) })),
    states: Object.fromEntries(
      Object.entries(garbage(twins.block, seed, scale)).map(([name, raw]) => [name, toNDArray(raw)]),
    ),
    rows,
  };
}
