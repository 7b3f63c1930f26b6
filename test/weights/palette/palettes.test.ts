/** Palettised weights as they stream: indices and tables whatever the chunks, and what they cost. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fp16Bits, fp16Value, roundFp16 } from "../../../src/dsl/number.ts";
import type { PalettePart } from "../../../src/dsl/weight-source.ts";
import { encodeElements } from "../../../src/emit/mil/encode-elements.ts";
import { paletteMaker } from "../../../src/weights/quantise/palette/group.ts";
import { bitPacker } from "../../../src/weights/quantise/palette/pack.ts";
import { quantisingStore } from "../../../src/weights/quantise/quantise.ts";
import { nothingToReport, type WeightStore } from "../../../src/weights/store.ts";
import { gather } from "../../support/weights/weights-files.ts";

const FORMS = [
  ["lut4", "uint4", 16],
  ["lut6", "uint6", 64],
  ["lut8", "uint8", 256],
] as const;

/** A store of one tensor, in chunks of so many bytes; it counts how often it is read. */
function storeOf(bits: Uint16Array, chunk: number): WeightStore & { reads(): number } {
  let reads = 0;
  return {
    async *stream() {
      reads++;
      const bytes = new Uint8Array(bits.buffer);
      for (let at = 0; at < bytes.length; at += chunk) yield bytes.slice(at, at + chunk);
    },
    report: () => nothingToReport,
    close: async () => {},
    reads: () => reads,
  };
}

const element = fc.double({ min: -4, max: 4, noNaN: true }).map(roundFp16);
/** Groups, rows of a group, width and elements. */
const weight = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 9 }),
  })
  .chain((size) => {
    const length = size.groups * size.rows * size.width;
    return fc.record({
      ...{ size: fc.constant(size) },
      values: fc.array(element, { minLength: length, maxLength: length }),
    });
  });

describe.each(FORMS)("%s", (how, dtype, entries) => {
  test("has the palette of each group of rows, packed as elements are, whatever the chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        weight,
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async ({ size, values }, chunk, indicesFirst) => {
          const { groups, rows, width } = size;
          const bits = Uint16Array.from(values, fp16Bits);
          const plain = storeOf(bits, 2 * chunk);
          const store = quantisingStore(plain);
          const of = (part: PalettePart["part"]) =>
            gather(
              store.stream(
                { from: "checkpoint", tensor: "w", quantised: { how, part, width, rows } },
                part === "lut"
                  ? { dtype: "fp16", shape: [groups, 1, entries, 1] }
                  : { dtype, shape: [groups * rows, width] },
              ),
            );
          const first = await of(indicesFirst ? "indices" : "lut");
          const second = await of(indicesFirst ? "lut" : "indices");
          const [indices, luts] = indicesFirst ? [first, second] : [second, first];
          const wanted = Array.from({ length: groups }, (_, g) => {
            const group = bits.subarray(g * rows * width, (g + 1) * rows * width);
            const palette = paletteMaker(entries)(group);
            return { table: palette.table.slice(), indices: Array.from(group, (one) => palette.indices[one]!) };
          });
          expect(indices).toEqual(
            Buffer.from(
              encodeElements(
                dtype,
                wanted.flatMap((one) => one.indices),
              ),
            ),
          );
          expect([...new Uint16Array(new Uint8Array(luts).buffer)]).toEqual(wanted.flatMap(({ table }) => [...table]));
          // Tables that come after their indices are not made again.
          expect(plain.reads()).toBe(indicesFirst ? 1 : 2);
          const dense = wanted.flatMap((one) => one.indices.map((index) => fp16Value(one.table[index]!)));
          const errors = values.map((x, i) => (x - dense[i]!) ** 2);
          const [cost] = store.quantised();
          const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
          const share = (begin: number, end: number) => {
            const squares = sum(values.slice(begin, end).map((x) => x * x));
            return squares === 0 ? 0 : Math.sqrt(sum(errors.slice(begin, end)) / squares);
          };
          const shares = Array.from({ length: groups * rows }, (_, r) => share(r * width, (r + 1) * width));
          expect(cost).toMatchObject({ name: "w", how, elements: values.length, bytes: indices.length + luts.length });
          expect(cost!.error).toBeCloseTo(share(0, values.length), 12);
          expect(cost!.worstRow).toBeCloseTo(Math.max(...shares), 12);
          expect(shares[cost!.row]).toBeCloseTo(Math.max(...shares), 12);
        },
      ),
      { numRuns: 40 },
    );
  });
});

test("numbers are packed as elements are, in whatever pieces", () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 50 });
  fc.assert(
    fc.property(numbers, fc.array(fc.nat(50)), fc.constantFrom(...FORMS), (all, cuts, [, dtype, entries]) => {
      const fitting = Uint8Array.from(all, (n) => n % entries);
      const { add, end } = bitPacker(Math.log2(entries));
      const at = [0, ...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
      const pieces = at.slice(1).map((to, i) => add(fitting.subarray(at[i], to)));
      expect(Buffer.concat([...pieces, end()])).toEqual(Buffer.from(encodeElements(dtype, fitting)));
    }),
  );
});
