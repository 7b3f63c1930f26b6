/** LongRoPE's two lists: which is taken at which size, which sequences it is right for, and how it is chosen. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PHI4_MINI } from "../../src/models/config.ts";
import type { Decoder, LongRopeScaling } from "../../src/models/decoder.ts";
import { inverseFrequencies } from "../../src/models/frequencies.ts";
import { ropeRows } from "../../src/models/host.ts";
import { listOf, listUse, listUses, longRopeOf, withFactorList } from "../../src/models/rope-list.ts";

const { rope, maxPositions } = PHI4_MINI;
const use = (maxSeq: number, from: LongRopeScaling = rope) => listUse(from, { maxSeq, maxPositions });

test("the list at the original length, and one beyond", () => {
  expect(listOf(rope, 4096)).toBe("short");
  expect(listOf(rope, 4097)).toBe("long");
  expect(use(4096)).toEqual({ list: "short", forSequencesFrom: 1, forSequencesUpTo: 4096 });
  expect(use(4097)).toEqual({ list: "long", forSequencesFrom: 4097, forSequencesUpTo: 4097 });
  expect(use(16)).toEqual({ list: "short", forSequencesFrom: 1, forSequencesUpTo: 16 });
  expect(use(131072)).toEqual({ list: "long", forSequencesFrom: 4097, forSequencesUpTo: 131072 });
});

test("a sequence of any length has one list, and the list of its own cache is right for it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: maxPositions }), (length) => {
      const right = listUses(rope, maxPositions).filter(
        ({ forSequencesFrom, forSequencesUpTo }) => forSequencesFrom <= length && length <= forSequencesUpTo,
      );
      expect(right.map(({ list }) => list)).toEqual([listOf(rope, length)]);
      expect(use(length).forSequencesUpTo).toBe(length);
    }),
  );
});

test("no sequence is long where the model has no more positions than the original context", () => {
  expect(listUses(rope, 4096).map(({ list }) => list)).toEqual(["short"]);
  expect(listUses(rope, 100)).toEqual([{ list: "short", forSequencesFrom: 1, forSequencesUpTo: 100 }]);
});

test("a chosen list is taken whatever the cache, and is for its own sequences", () => {
  const [short, long] = [withFactorList(PHI4_MINI, "short"), withFactorList(PHI4_MINI, "long")];
  expect(inverseFrequencies(short, 8192)).toEqual(inverseFrequencies(PHI4_MINI, 4096));
  expect(inverseFrequencies(long, 16)).toEqual(inverseFrequencies(PHI4_MINI, 8192));
  expect(use(8192, short.rope as LongRopeScaling)).toEqual({
    list: "short",
    forSequencesFrom: 1,
    forSequencesUpTo: 4096,
  });
  expect(() => use(4096, long.rope as LongRopeScaling)).toThrow(
    "the long list of factors is for sequences of more than 4096 tokens, and a cache of 4096 rows holds none",
  );
  expect(ropeRows(short, [7], 8192)).toEqual(ropeRows(PHI4_MINI, [7], 2048));
  expect(ropeRows(short, [7], 8192)).not.toEqual(ropeRows(PHI4_MINI, [7], 8192));
});

test("a model without the lists, and layers that RoPE does not turn by them", () => {
  const plain: Decoder = { ...PHI4_MINI, rope: { type: "default" } };
  expect(() => withFactorList(plain, "short")).toThrow('RoPE of type "default" has no short and no long list');
  expect(longRopeOf(plain, [0])).toBeUndefined();
  const table = { ropeTheta: 100, rope: { type: "default" } } as const;
  const mixed: Decoder = {
    ...PHI4_MINI,
    local: { slidingWindow: 4, table },
    pattern: [
      { span: "main", turned: false },
      { span: "local", turned: true },
      { span: "main", turned: true },
    ],
  };
  expect([[0], [1], [2], [0, 1], [1, 2]].map((layers) => longRopeOf(mixed, layers) !== undefined)).toEqual([
    ...[false, false, true],
    ...[false, true],
  ]);
  // Local layers without a table of their own turn by the model's.
  expect(longRopeOf({ ...mixed, local: { slidingWindow: 4 } }, [1])).toBe(PHI4_MINI.rope);
});
