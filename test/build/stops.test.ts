/** Which ends of an answer a manifest has room for, and that none is forgotten. */
import { expect, test } from "vitest";
import { stopIds } from "../../src/build/stops.ts";

test.each([
  [
    { ends: [200020, 199999], begin: 199999 },
    { eos: 200020, bos: 199999, all: [200020, 199999] },
  ],
  [
    { ends: [199999, 200020], begin: 199999 },
    { eos: 200020, bos: 199999, all: [200020, 199999] },
  ],
  [
    { ends: [2], begin: 1 },
    { eos: 2, bos: 1, all: [2, 1] },
  ],
  [{ ends: [7] }, { eos: 7, bos: 7, all: [7] }],
  [{ ends: [7, 8] }, { eos: 7, bos: 8, all: [7, 8] }],
  [
    { ends: [7, 8, 9], begin: 1 },
    { eos: 7, bos: 1, all: [7, 1, 8, 9] },
  ],
])("of %j are %j", (found, ids) => expect(stopIds({ ...found, from: "x" }).ids).toEqual(ids));

test("are told, and which of them have no room", () => {
  expect(stopIds({ ends: [7, 8, 9], begin: 1, from: "x" }).note).toBe(
    "the runtime stops at 7 and 1 (x); there is no room for 8, 9, at which the runtime will not stop, and generate does",
  );
  expect(stopIds({ ends: [7], from: "x" }).note).toBe("the runtime stops at 7 (x)");
});
