/** Every architecture in every spelling that differs from the default one in one place, and many random records. */
import { describe, expect, test } from "vitest";
import { randomRecords, verdictOn } from "../support/graphs/decoder-proofs.ts";
import { SMALL_DECODERS } from "../support/graphs/decoders.ts";
import { ONE_CHANGE, spellingName } from "../support/phi/phi.ts";
import { shareOf } from "../support/share.ts";

describe.each([...SMALL_DECODERS])("%s", (_, { decoder, first }) => {
  test.each(ONE_CHANGE.map((how) => [spellingName(how), how] as const))("is proven, %s", (_, how) => {
    const expected = how.softmax === "decomposed" || how.norm ? /^PROVEN/ : /^PROVEN \(exact\)/;
    expect(verdictOn(decoder, 2, { ...how, first, count: 2 })).toMatch(expected);
  });
});

randomRecords(shareOf(500), 2);
