/** A recording of a layer whose caches are inputs, beside that of the same layer with states. */
import { expect, test } from "vitest";
import type { RawArray } from "../../../src/passes/kernels/raw.ts";
import type { Computed } from "../../../src/passes/parity/record/recording.ts";
import { tinyRecording } from "../../support/evidence/fixtures.ts";

const state = (input: string): string => input.replace("_cache", "_state");
const bitsOf = (arrays: Readonly<Record<string, RawArray>>) =>
  Object.entries(arrays).map(([name, { shape, data }]) => [state(name), shape, [...data]]);
/** Of a padding token's row nothing is asked: where all is closed, it is of what nobody may see. */
const ofLive = ({ outputs, rows }: Computed, live: readonly number[]) => {
  const { shape, data } = outputs.hidden!;
  return [[...data].filter((_, i) => live.includes(i % shape[2]!)), bitsOf(rows)];
};

test("its outputs and rows have the bits of the layer with states, in every call and step, and so has fp64", async () => {
  const [io, states] = [await tinyRecording("io"), await tinyRecording("state")];
  expect(io.caches.map(({ name }) => state(name))).toEqual(states.states.map(({ name }) => name));
  expect(io.calls.length).toBe(states.calls.length);
  for (const [n, call] of io.calls.entries()) {
    const other = states.calls[n]!;
    expect(bitsOf(call.block.inputs)).toEqual(bitsOf(other.block.inputs));
    const live = [...call.call.rows.keys()].filter((token) => call.call.rows[token] !== undefined);
    const all = ({ block, exact, steps }: typeof call) => [
      ...[block, exact].map((one) => ofLive(one, live)),
      ...[...steps.values()].map((one) => ofLive(one, [0])),
    ];
    expect(all(call)).toEqual(all(other));
  }
});

test("in the end the host keeps the rows of accepted tokens, each as it came last, and zeros elsewhere", async () => {
  const { caches, calls, final } = await tinyRecording("io");
  const [heads, slots, width] = [2, 32, 4];
  for (const { name } of caches) {
    const expected = new Uint16Array(heads * slots * width);
    for (const { call, block } of calls) {
      const live = call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
      for (const [j, { row, token }] of live.entries())
        for (let head = 0; head < heads && token < call.accepted; head++)
          for (let i = 0; i < width; i++)
            expected[(head * slots + row) * width + i] = block.rows[name]!.data[(head * live.length + j) * width + i]!;
    }
    expect([...final[name]!.data]).toEqual([...expected]);
    expect(expected.some((bits) => bits !== 0)).toBe(true);
  }
});
