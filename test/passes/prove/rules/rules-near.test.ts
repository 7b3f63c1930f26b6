/** Rules on terms near their conditions: each fires on its own, and must not on any of these. */
import { describe, expect, test } from "vitest";
import { RULES, rulesOf } from "../../../../src/passes/prove/rules/rule-book.ts";
import { languageOf, type Near } from "../../../support/prove/near/language.ts";
import { NEAR } from "../../../support/prove/near/near.ts";

/** How often the rule fired in an attempt of its own. A reason why a term cannot be made is none of its firings. */
function firings(name: string, near: Near, attempt: Near["fires"]): number {
  const language = languageOf(near);
  attempt(language);
  return language.c.record.counts.get(name) ?? 0;
}

test("every rule of the book is here, and nothing else", () => {
  const names = rulesOf(RULES).map(({ name }) => name);
  expect(Object.keys(NEAR).sort()).toEqual(names.sort());
});

describe.each(Object.entries(NEAR))("%s", (name, near) => {
  test("fires where it holds", () => {
    expect(firings(name, near, near.fires)).toBeGreaterThan(0);
  });

  test.each(Object.entries(near.not))("not on: %s", (_, attempt) => {
    expect(firings(name, near, attempt)).toBe(0);
  });
});
