/** What a published package says of where it comes from. */
import { expect, test } from "vitest";
// @ts-expect-error: a script, which has no types
import { addressesOf } from "../../scripts/addresses.mjs";

const repository = { type: "git", url: "git+https://example.org/someone/graphc.git" };

test("the repository's page and its issues, where nothing else is said", () => {
  expect(addressesOf({ name: "graphc", repository })).toEqual({
    repository,
    homepage: "https://example.org/someone/graphc#readme",
    bugs: { url: "https://example.org/someone/graphc/issues" },
  });
  const said = { homepage: "https://example.org", bugs: { url: "https://example.org/faults" } };
  expect(addressesOf({ repository, ...said })).toEqual({ repository, ...said });
});

test("nothing is made up", () => {
  expect(addressesOf({ name: "graphc" })).toEqual({});
});

test.each(["git+https://HOST/OWNER/graphc.git", "git@example.org:someone/graphc.git", "https://example.org", ""])(
  "%j is refused",
  (url) => {
    expect(() => addressesOf({ repository: { type: "git", url } })).toThrow(
      /^package\.json: repository\.url is no address like git\+https/,
    );
  },
);
