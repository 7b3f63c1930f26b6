/** Rows of a recording beside the usual ones: drawn as they are called, as far from them as the graphs bear, and what only they show. */
import { beforeAll, describe, expect, test } from "vitest";
import { boundsOfRows, FINITE, isBorne, rowKey } from "../../../src/evidence/judge/row-bounds.ts";
import { type RawArray, toNDArray } from "../../../src/passes/kernels/raw.ts";
import { distance } from "../../../src/passes/parity/metrics.ts";
import type { RecordedCall, Recording } from "../../../src/passes/parity/record/recording.ts";
import { tinyRecording } from "../../support/evidence/fixtures.ts";

let recording: Recording;
beforeAll(async () => {
  recording = await tinyRecording();
}, 60_000);

const callOf = (kind: string): RecordedCall => recording.calls.find(({ call }) => call.draw?.kind === kind)!;

/** Of each channel of x, the sizes of its tokens. */
const channels = ({ block }: RecordedCall): readonly (readonly number[])[] => {
  const { data } = toNDArray(block.inputs.x!);
  return Array.from({ length: 16 }, (_, c) => Array.from({ length: 4 }, (_, t) => Math.abs(data[c * 4 + t]!)));
};

describe("what is fed", () => {
  test("one channel in sixteen is an outlier, the same for every token, and the others are as usual", () => {
    const call = callOf("outliers");
    const { factor } = call.call.draw!;
    const high = channels(call).filter((sizes) => sizes.every((x) => x > 2));
    expect(high).toHaveLength(1);
    for (const x of high[0]!) {
      expect(x).toBeGreaterThanOrEqual((factor / 2) * Math.sqrt(3) * 0.999);
      expect(x).toBeLessThanOrEqual(factor * Math.sqrt(3) * 1.001);
    }
    expect(
      channels(call)
        .flat()
        .filter((x) => x > 2),
    ).toHaveLength(4);
  });

  test("large rows reach up to fp16's largest numbers", () => {
    const most = Math.max(...channels(callOf("large")).flat());
    expect(most).toBeGreaterThan(20_000);
    expect(most).toBeLessThan(65504 / 2);
  });

  test("small rows are below fp16's normal numbers, and not zero", () => {
    const all = channels(callOf("small")).flat();
    expect(Math.max(...all)).toBeLessThan(2 ** -14);
    expect(all.filter((x) => x > 0).length).toBeGreaterThan(60);
  });

  test("a dead column stands before each live one", () => {
    const dead = recording.calls.find(({ call }) => call.label.startsWith("dead columns"))!;
    expect(dead.call.rows.map((row) => row === undefined)).toEqual([true, false, true, false]);
    expect([...dead.steps.keys()]).toEqual([1, 3]);
  });

  test("steps are fed what their token of the block is fed", () => {
    for (const { call, block, steps } of recording.calls)
      for (const [token, step] of steps) {
        const x = toNDArray(block.inputs.x!).data;
        const own = Array.from({ length: 16 }, (_, c) => x[c * 4 + token]!);
        expect(Array.from(toNDArray(step.inputs.x!).data), call.label).toEqual(own);
      }
  });

  test("no row of another kind is kept, and the last call writes over all of them", () => {
    const last = recording.calls.at(-1)!;
    const special = recording.calls.filter(({ call }) => call.draw);
    expect(special).toHaveLength(3);
    for (const { call } of special) expect([call.accepted, call.rows]).toEqual([0, last.call.rows]);
  });
});

test("the cache rows and outputs of the usual calls are what they are without the others", async () => {
  const plain = await tinyRecording("state", 1, false, false);
  expect(plain.calls.map(({ call }) => call.label)).toEqual(
    recording.calls.filter(({ call }) => !call.draw && !call.label.startsWith("dead")).map(({ call }) => call.label),
  );
  for (const [n, { block }] of plain.calls.slice(0, -1).entries())
    expect(block.outputs.hidden).toEqual(recording.calls[n]!.block.outputs.hidden);
});

describe("what is borne", () => {
  const of = () => ({ tokens: 4, states: recording.states, caches: recording.caches });
  const edited = (call: RecordedCall, edit: (x: number) => number): RecordedCall => {
    const { hidden } = call.block.outputs;
    const { shape, data } = toNDArray(hidden!);
    const changed = { dtype: "fp16" as const, shape, data: data.map((x, i) => (i === 5 ? edit(x) : x)) } as RawArray;
    return { ...call, block: { ...call.block, outputs: { hidden: changed } } };
  };

  test("what was recorded is", () => {
    for (const kind of ["outliers", "large", "small"]) expect(isBorne(callOf(kind), of()), kind).toBe(true);
    expect(recording.leftOut).toEqual([]);
  });

  test.each([
    ["infinite", () => Number.POSITIVE_INFINITY],
    ["no number", () => Number.NaN],
    ["far from fp64", (x: number) => 2 * x + 1],
  ])("what is %s is not", (_, edit) => {
    expect(isBorne(edited(callOf("outliers"), edit), of())).toBe(false);
  });
});

test("a step or a prediction that is not finite is not borne, however good the block is", () => {
  const call = callOf("large");
  const of = { tokens: 4, states: recording.states, caches: recording.caches };
  const infinite = <X extends { readonly outputs: RecordedCall["block"]["outputs"] }>(one: X): X => {
    const { dtype, shape, data } = toNDArray(one.outputs.hidden!);
    const last = data.map((x, i) => (i === data.length - 1 ? Number.POSITIVE_INFINITY : x));
    return { ...one, outputs: { hidden: { dtype, shape, data: last } as RawArray } };
  };
  const steps = new Map([...call.steps].map(([token, step]) => [token, token === 2 ? infinite(step) : step]));
  expect(isBorne({ ...call, steps }, of)).toBe(false);
  expect(isBorne({ ...call, predicted: infinite(call.block) }, of)).toBe(false);
  expect(isBorne({ ...call, predicted: call.block }, of)).toBe(true);
});

describe("bounds", () => {
  test("each special row has its own, the usual ones none", () => {
    const { plain } = boundsOfRows(recording);
    for (const [call, { call: planned }] of recording.calls.entries()) {
      const hidden = plain.get(
        rowKey({ call, token: 1, value: planned.draw?.kind === "large" ? "hidden" : "hidden - x" }),
      );
      if (!planned.draw) expect(hidden, planned.label).toBeUndefined();
      else if (planned.draw.kind === "small") expect(hidden).toBe(FINITE);
      else expect(hidden!.relativeL2).toBeGreaterThan(1e-2);
    }
  });

  test("fp16 is within them, and a row that is a seventh off is not", () => {
    const { plain } = boundsOfRows(recording);
    const n = recording.calls.indexOf(callOf("large"));
    const { block, exact } = recording.calls[n]!;
    const [a, x] = [block.outputs.hidden!, exact.outputs.hidden!].map((array) => toNDArray(array).data);
    const row = (data: Float64Array) => Array.from({ length: 16 }, (_, c) => data[c * 4 + 1]!);
    const bound = plain.get(rowKey({ call: n, token: 1, value: "hidden" }))!;
    expect(distance(row(a!), row(x!)).relativeL2).toBeLessThan(bound.relativeL2);
    expect(
      distance(
        row(a!).map((y) => (y * 8) / 7),
        row(x!),
      ).relativeL2,
    ).toBeGreaterThan(bound.relativeL2);
  });
});
