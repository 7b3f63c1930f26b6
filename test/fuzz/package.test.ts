/** A small share of `package.long.test.ts`. */
import { expect, test } from "vitest";
import { fuzzPackages } from "../support/fuzz/package-fuzz.ts";

test("24 damaged packages", async () => {
  const { codes, wrong } = await fuzzPackages(24, 3);
  expect(wrong).toEqual([]);
  expect(Math.min(codes["0"]!, codes["1"]!, codes["2"]!)).toBeGreaterThan(0);
});
