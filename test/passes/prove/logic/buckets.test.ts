/** Hash tables for interning: what counts as the same is decided by comparing parts, whatever the hash. */
import { expect, test } from "vitest";
import {
  find,
  insert,
  mix,
  mixIds,
  newBuckets,
  sameItems,
  textIn,
} from "../../../../src/passes/prove/logic/buckets.ts";

interface Item {
  readonly name: string;
}
const item = (name: string): Item => ({ name });
const called =
  (name: string) =>
  (x: Item): boolean =>
    x.name === name;

test("new buckets are empty", () => {
  const b = newBuckets<Item>();
  expect([b.size, b.items.size, b.texts.size]).toEqual([0, 0, 0]);
  expect(find(b, 0, () => true)).toBeUndefined();
});

test.each([1, 2, 3, 4])("%i items of one hash are all found, and nothing else", (count) => {
  const b = newBuckets<Item>();
  const items = ["a", "b", "c", "d"].slice(0, count).map(item);
  for (const x of items) {
    expect(find(b, 7, called(x.name))).toBeUndefined();
    insert(b, 7, x);
  }
  for (const x of items) expect(find(b, 7, called(x.name))).toBe(x);
  expect(find(b, 7, called("e"))).toBeUndefined();
  expect(find(b, 8, () => true)).toBeUndefined();
});

test("items are told apart by their hash before they are compared", () => {
  const b = newBuckets<Item>();
  const [one, other] = [item("x"), item("x")];
  insert(b, 1, one);
  insert(b, 2, other);
  expect([find(b, 1, called("x")), find(b, 2, called("x"))]).toEqual([one, other]);
  expect(find(b, 1, called("x"))).toBe(one);
  expect(find(b, 2, called("x"))).toBe(other);
});

test("texts are numbered from 0 on, equal ones alike; a hash of one is the same in other buckets", () => {
  const b = newBuckets<Item>();
  expect(["p", "q", "p", "r", "q", ""].map((text) => textIn(b, text).number)).toEqual([0, 1, 0, 2, 1, 3]);
  const other = textIn(newBuckets<Item>(), "q");
  expect([other.number, other.hash === textIn(b, "q").hash]).toEqual([0, true]);
  expect(textIn(b, "p").hash).not.toBe(other.hash);
});

test("a hash of a list depends on its order, and on where one list ends and the next begins", () => {
  const of = (...ids: readonly number[]) => ids.map((id) => ({ id }));
  const hashes = [
    mixIds(mixIds(0, of(1, 2)), of(3)),
    mixIds(mixIds(0, of(1)), of(2, 3)),
    mixIds(mixIds(0, of(2, 1)), of(3)),
    mixIds(mixIds(0, of()), of(1, 2, 3)),
    mixIds(mixIds(0, of(1, 2, 3)), of()),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

test("a hash is a whole number of 32 bits that depends on both, and on their order", () => {
  const hashes = new Set<number>();
  for (let h = 0; h < 60; h++) for (let x = 0; x < 60; x++) hashes.add(mix(mix(0, h), x));
  expect(hashes.size).toBeGreaterThan(3500);
  expect([...hashes].every((h) => h === (h | 0))).toBe(true);
});

test.each<readonly [readonly string[], readonly string[], boolean]>([
  [[], [], true],
  [["a"], ["a"], true],
  [["a", "b", "c"], ["a", "b", "c"], true],
  [["a"], ["b"], false],
  [["a", "b"], ["a", "c"], false],
  [["b", "a"], ["c", "a"], false],
  [["a", "b"], ["b", "a"], false],
  [["a"], ["a", "b"], false],
  [["a", "b"], ["a"], false],
  [[], ["a"], false],
  [["a"], [], false],
])("%j and %j hold the same: %s", (a, b, same) => {
  expect(sameItems(a, b)).toBe(same);
});

test("equal objects are not the same one", () => {
  expect(sameItems([item("a")], [item("a")])).toBe(false);
});
