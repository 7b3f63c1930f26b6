/** A small share of the edits of `fuzz.long.test.ts`, and that a wrong answer is found. */
import { expect, test } from "vitest";
import { editEveryField, fuzzDiff } from "../../support/diff/fuzz.ts";
import { judge } from "../../support/diff/judge.ts";
import { subjects } from "../../support/diff/subjects.ts";

test("200 edits", async () => {
  const { counts, wrong, fields } = await fuzzDiff(200, 7);
  expect(wrong).toEqual([]);
  // Every outcome occurs, and many fields had their turn.
  expect(Math.min(counts.refused, counts.reported, counts.spelling)).toBeGreaterThan(0);
  expect(fields.size).toBeGreaterThan(50);
});

test("an edit of every field", async () => {
  const { wrong, fields } = await editEveryField(1, 3);
  expect(wrong).toEqual([]);
  // The fields of the format, but for kinds of types and values that the packages cannot hold.
  expect(fields.size).toBeGreaterThan(100);
});

test("every subject is the same as itself", async () => {
  const all = await subjects();
  expect(all.length).toBeGreaterThan(80);
  for (const subject of all)
    expect([subject.name, judge(subject, subject)]).toEqual([subject.name, { outcome: "same" }]);
});
