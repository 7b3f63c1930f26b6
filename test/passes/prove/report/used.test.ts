/** The preconditions of a verdict: those that the proof used, in the order of their numbers, with the inputs they are about. */
import { expect, test } from "vitest";
import { PRECONDITIONS, type Precondition } from "../../../../src/passes/prove/logic/preconditions.ts";
import { newRecord, type Record } from "../../../../src/passes/prove/logic/setting.ts";
import { usedOf } from "../../../../src/passes/prove/report/used.ts";

type Names = Readonly<Partial<globalThis.Record<Precondition, readonly string[]>>>;
const recordOf = (used: Names, more: Partial<Record> = {}): Record => ({
  ...newRecord(),
  used: new Map(Object.entries(used).map(([id, names]) => [id as Precondition, new Set(names)])),
  ...more,
});
const told = (id: Precondition, names: readonly string[], more: Partial<Record> = {}): string | undefined => {
  const [found, ...others] = usedOf(recordOf({ [id]: names }, more));
  expect(others).toEqual([]);
  if (found) expect(found.id).toBe(id);
  return found?.says;
};

test("nothing is told of a proof that used nothing", () => {
  expect(usedOf(newRecord())).toEqual([]);
});

test("they come by number, whichever was used first", () => {
  const record = recordOf({ P11: [], P7: [], P3: [], "P2'": [], P2: [], P1: [] });
  expect(usedOf(record).map(({ id }) => id)).toEqual(["P1", "P2", "P2'", "P3", "P7", "P11"]);
});

test.each<Precondition>(["P1", "P2'", "P3", "P4", "P5", "P11", "P13", "P14"])("%s is told in its own words", (id) => {
  expect(told(id, [])).toBe(PRECONDITIONS[id].says);
  expect(told(id, ["x"])).toBe(PRECONDITIONS[id].says);
});

test("places are told with their axes, and what they are over the reals", () => {
  expect(told("P12", [])).toBe(PRECONDITIONS.P12.says);
  expect(told("P12", ["id in [0, 9)"])).toBe(`${PRECONDITIONS.P12.says}: id in [0, 9)`);
  expect(told("P12", ["x in [0, 9)"], { roundedPlaces: true })).toMatch(/: x in \[0, 9\); and .* roundings leave it/);
});

test("values are finite, but for what masks of −∞ reach", () => {
  expect(told("P7", [])).toBe(PRECONDITIONS.P7.says);
  expect(told("P7", ["mask"])).toMatch(
    / are finite; but of mask, and of what is computed from it, no result is infinite/,
  );
});

test("rows lie in the smallest axis that they index", () => {
  expect(told("P2", [])).toContain("[0, max_seq)");
  expect(told("P2", [], { rowAxes: new Set([8]) })).toContain("[0, 8)");
  expect(told("P2", [], { rowAxes: new Set([8, 5, 12]) })).toContain("[0, 5)");
});

test("equal rows are those of the inputs that were read", () => {
  expect(told("P6", [])).toBe(PRECONDITIONS.P6.says);
  expect(told("P6", ["x"])).toBe(`${PRECONDITIONS.P6.says}: x`);
  expect(told("P6", ["x", "rope"])).toBe(`${PRECONDITIONS.P6.says}: x, rope`);
});

test("a bound is told where there is one", () => {
  expect(told("P8", ["mask"])).toBeUndefined();
  expect(told("P8", ["mask"], { gap: 4944 })).toBe(PRECONDITIONS.P8.says);
});

test("what is shared is told where there is something", () => {
  expect(told("P9", [])).toBeUndefined();
  expect(told("P9", ["scale"])).toBe(`${PRECONDITIONS.P9.says}: scale`);
});

test("positions are the same where there are two", () => {
  expect(told("P10", [])).toBeUndefined();
  expect(told("P10", ["position"])).toBeUndefined();
  expect(told("P10", ["position", "slot"])).toBe(`${PRECONDITIONS.P10.says}: position, slot`);
});
