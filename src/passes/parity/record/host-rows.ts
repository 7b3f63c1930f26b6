/** What a host does between two calls to the caches that it keeps: it copies new rows to their slots, and picks rows out of arrays. */
import type { Graph } from "../../../dsl/graph.ts";
import { rowAxis } from "../../../dsl/host/host-write.ts";
import type { HostCache } from "../../../dsl/role.ts";
import { sizeOf } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { RawArray } from "../../kernels/raw.ts";
import type { Arrays } from "../runner.ts";
import type { RecordedCache } from "./recording.ts";

/** A token of a call, and the cache row that is its own. */
export interface PlacedToken {
  readonly token: number;
  readonly row: number;
}

/** The caches of a graph as it is in its package: inputs. @throws UserError where new rows do not go to slots, which is all that a device tool does */
export function recordedCaches({ inputs, outputs }: Graph, kept: readonly HostCache[]): readonly RecordedCache[] {
  return kept.map(({ input, rows, update, place }) => {
    if (update !== "slot" || place === undefined)
      throw new UserError(
        `cache "${input}" is kept by ${update}, and a device tool writes new rows at their slots alone`,
        "prove and parity know this update",
      );
    const cache = inputs.find((x) => x.name === input)!;
    return { name: input, shape: cache.type.shape, rowAxis: rowAxis(cache, outputs[rows]!), update, rows, place };
  });
}

/** What the host feeds at the first call: zeros, in the form in which a chain keeps its arrays. */
export const emptyCaches = (
  { inputs }: Graph,
  caches: readonly RecordedCache[],
  as: (array: RawArray) => RawArray,
): Arrays =>
  Object.fromEntries(
    caches.map(({ name }) => {
      const { type } = inputs.find((x) => x.name === name)!;
      return [name, as({ ...type, data: new Float64Array(sizeOf(type.shape)) })];
    }),
  );

/** The caches after the host wrote the rows of these tokens of a call; the rows are in the form of the caches. */
export const withRows = (
  before: Arrays,
  outputs: Arrays,
  caches: readonly RecordedCache[],
  tokens: readonly PlacedToken[],
): Arrays =>
  Object.fromEntries(
    caches.map(({ name, rows, rowAxis }) => [name, written(before[name]!, outputs[rows]!, rowAxis, tokens)]),
  );

function written(cache: RawArray, rows: RawArray, axis: number, tokens: readonly PlacedToken[]): RawArray {
  const data = cache.data.slice();
  const inner = sizeOf(cache.shape.slice(axis + 1));
  const [slots, size] = [cache.shape[axis]!, rows.shape[axis]!];
  for (let outer = 0; outer < sizeOf(cache.shape.slice(0, axis)); outer++)
    for (const { token, row } of tokens) {
      const from = (outer * size + token) * inner;
      data.set(rows.data.subarray(from, from + inner), (outer * slots + row) * inner);
    }
  return { ...cache, data };
}

/** The entries of `rows` along an axis, in that order. */
export function rowsOf({ dtype, shape, data }: RawArray, axis: number, rows: readonly number[]): RawArray {
  const size = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  const picked = data.slice(0, (data.length / size) * rows.length);
  for (let outer = 0, at = 0; outer < sizeOf(shape.slice(0, axis)); outer++) {
    for (const row of rows) {
      const begin = (outer * size + row) * inner;
      picked.set(data.subarray(begin, begin + inner), at);
      at += inner;
    }
  }
  return { dtype, shape: shape.with(axis, rows.length), data: picked };
}
