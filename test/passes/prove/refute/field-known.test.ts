/** What a prime field knows of numbers: their order, how they are rounded; and how random all else is. */
import { expect, test } from "vitest";
import { roundFp16 } from "../../../../src/dsl/number.ts";
import { CLOSED, type FieldReading, hashText, randomElement } from "../../../../src/passes/prove/refute/field.ts";
import { asked, elementOf, fresh, made, P, U, V } from "../../../support/prove/in-field.ts";

test("the largest is one of the two, whatever stands first and however they are grouped", () => {
  const m = fresh();
  const all = [CLOSED, 0, 5, P - 3, U, V, U + 1, U + 2, V + 7];
  for (const a of all)
    for (const b of all) {
      const largest = m.maximum(a, b);
      expect([[a, b].includes(largest), m.maximum(b, a)]).toEqual([true, largest]);
      const grouped = all.filter((c) => m.maximum(largest, c) !== m.maximum(a, m.maximum(b, c)));
      expect(grouped).toEqual([]);
    }
  expect(m.isSure()).toBe(true);
});

test("numbers are compared as numbers", () => {
  const m = fresh();
  for (const x of [-2, -0.125, 0, 0.125, 2, 70])
    for (const y of [-2, -0.125, 0, 0.125, 2, 70]) {
      const told = (["less", "equal", "less_equal"] as const).map((how) => m.compare(how, m.num(x), m.num(y)));
      expect([x, y, ...told]).toEqual([x, y, Number(x < y), Number(x === y), Number(x <= y)]);
    }
  expect(m.compare("less", CLOSED, 0)).toBe(1);
  expect(m.isSure()).toBe(true);
});

test("what is not known is compared by its difference alone, the same at every call", () => {
  const m = fresh();
  const told = Array.from({ length: 40 }, (_, k) => m.compare("less", U + k * k, V));
  expect([...new Set(told)].sort()).toEqual([0, 1]);
  for (let k = 0; k < 40; k++) {
    expect(m.compare("less", m.add(U + k * k, P - V + 100), m.add(V, P - V + 100))).toBe(told[k]);
    expect(m.compare("less_equal", U + k * k, V)).toBe(told[k]);
  }
  const all = (a: number, b: number) => (["less", "equal", "less_equal"] as const).map((how) => m.compare(how, a, b));
  expect(all(U, U)).toEqual([0, 1, 1]);
  expect(all(U, V)).toEqual([told[0], 0, told[0]]);
  expect(m.isSure()).toBe(true);
  expect(asked((r) => r.compare("equal", U, CLOSED))).toEqual([0, false]);
  expect(asked((r) => r.compare("equal", CLOSED, U))).toEqual([0, false]);
});

test.each<readonly [string, (m: FieldReading) => number, number, boolean]>([
  ["a third to fp16", (m) => m.round("fp16", m.num(1 / 3)), elementOf(roundFp16(1 / 3)), true],
  ["a score to fp16", (m) => m.round("fp16", U), U, true],
  ["what is shut to fp16", (m) => m.round("fp16", CLOSED), CLOSED, true],
  ["2.75 to int32", (m) => m.round("int32", m.num(2.75)), 2, true],
  ["0 to int32", (m) => m.round("int32", 0), 0, true],
  ["−3 to int32", (m) => m.round("int32", m.num(-3)), P - 3, false],
  ["a score to int32", (m) => m.round("int32", U), U, false],
  ["3 to bool", (m) => m.round("bool", 3), 1, true],
  ["a product of numbers", (m) => m.round("int32", m.mul(m.num(100), m.num(1.5))), 150, true],
  ["a sum of numbers", (m) => m.round("int32", m.add(m.num(100), m.num(1.5))), 101, true],
  ["a quotient of numbers", (m) => m.round("int32", m.div(m.num(4000), m.num(16))), 250, true],
  ["a number's negative's", (m) => m.round("int32", m.sub(0, m.num(-100))), 100, true],
  ["a score times a number", (m) => m.round("bool", m.mul(U, 2)), 2 * U, false],
  ["a number times a score", (m) => m.round("bool", m.mul(2, U)), 2 * U, false],
])("%s is rounded where it is known", (_, ask, value, sure) => {
  expect(asked(ask)).toEqual([value, sure]);
});

test("over the reals no float is rounded", () => {
  expect(made((m) => m.round("fp16", m.num(1 / 3)), false)).toBe(elementOf(1 / 3));
  expect(made((m) => m.round("int32", m.num(2.75)), false)).toBe(2);
});

test.each([64, 63.875, -64, -63.875, 0.125, 1])("%d is known without having been a constant", (x) => {
  const [told, sure] = asked((m) => [
    m.compare("less", elementOf(x), m.num(x + 1)),
    m.round("bool", m.mul(elementOf(x), elementOf(x))),
  ]);
  expect([told, sure]).toEqual([[1, 1], true]);
});

test.each([64.125, 65, -64.125, -65, 0.0625])("%d is known only once it has been one", (x) => {
  const [before, after] = [fresh(), fresh()];
  before.round("bool", before.mul(elementOf(x), elementOf(x)));
  expect(after.round("bool", after.mul(after.num(x), after.num(x)))).toBe(1);
  expect([before.isSure(), after.isSure()]).toEqual([false, true]);
});

test("an element stays the number that it was first", () => {
  const m = fresh();
  expect([m.num(P), m.num(P + 3)]).toEqual([0, 3]);
  expect([m.compare("less", 0, 1), m.round("int32", 3)]).toEqual([1, 3]);
});

test("what was met before it was known is known from then on", () => {
  const m = fresh();
  const hundred = m.mul(m.mul(m.add(U, U), 50), m.div(1, U));
  expect([hundred, m.num(100), m.round("int32", hundred), m.isSure()]).toEqual([100, 100, 100, true]);
});

test("one over what is not known, or over 0, is no number", () => {
  expect(made((m) => m.compare("equal", m.div(1, U), m.div(1, U)))).toBe(1);
  expect(made((m) => m.div(1, 0))).toBe(0);
  expect(made((m) => m.compare("less", m.div(1, 0), 1))).toBe(1);
});

test("doubt is noted for good", () => {
  expect(asked((m) => m.doubt())[1]).toBe(false);
  expect(asked(() => 0)[1]).toBe(true);
});

test.each([
  ["", 0x811c9dc5],
  ["a", 0xe40c292c],
  ["foobar", 0xbf9cf968],
])("the hash of %j is FNV-1a's", (text, hash) => {
  expect(hashText(text)).toBe(hash);
});

test("a random element is any but 0, by prime, seed, name and place", () => {
  const drawn = new Set(Array.from({ length: 200 }, (_, x) => randomElement(5, 1, 7, x)));
  expect([...drawn].sort()).toEqual([1, 2, 3, 4]);
  const places = [0, 1, 2, 3, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 3 * 2 ** 32 + 1, -1];
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 1000, 1001];
  const all = seeds.flatMap((seed) =>
    ["u", "v", "w"].flatMap((name) => places.map((x) => randomElement(P, seed, hashText(name), x))),
  );
  expect(new Set(all).size).toBe(300);
  expect(randomElement(P, 1, 7, 3)).toBe(randomElement(P, 1, 7, 3));
});
