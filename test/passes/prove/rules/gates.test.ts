/** Gates, the selections by whether a mask entry is 0: what counts as one, and functions of them. */
import { describe, expect, test } from "vitest";
import { constant } from "../../../../src/passes/prove/logic/indices.ts";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { isGate } from "../../../../src/passes/prove/rules/masked.ts";
import { speak } from "../../../support/prove/asked.ts";
import type { Language } from "../../../support/prove/near/language.ts";

test("a gate is a selection by whether a mask entry is 0", () => {
  const l = speak();
  const by = (condition: Term): boolean => isGate(raw(l.c, { kind: "select" }, [condition, l.x, l.y]));
  const asked = (how: "less" | "equal" | "less_equal", a: Term, b: Term): Term =>
    raw(l.c, { kind: "compare", how }, [a, b]);
  expect(by(asked("equal", l.n(0), entry(l)))).toBe(true);
  expect(by(asked("equal", entry(l), l.n(0)))).toBe(true);
  expect(by(asked("less", entry(l), l.n(0)))).toBe(false);
  expect(by(asked("less_equal", l.n(0), entry(l)))).toBe(false);
  expect(by(asked("equal", l.x, l.n(0)))).toBe(false);
  expect(by(raw(l.c, { kind: "add" }, [entry(l), l.x]))).toBe(false);
  expect(by(entry(l))).toBe(false);
  expect(isGate(asked("equal", l.n(0), entry(l)))).toBe(false);
});

describe("a function of a selection by a mask entry", () => {
  const twice = speak({ twoValued: true });
  const gate = (l: Language, a: Term, b: Term): Term => raw(l.c, { kind: "select" }, [open(l), a, b]);

  test.each<readonly [says: string, pair: (l: Language) => readonly [Term, Term]]>([
    ["a sum", (l) => [l.add(gate(l, l.x, l.y), l.z), gate(l, l.add(l.x, l.z), l.add(l.y, l.z))]],
    ["a product", (l) => [l.mul(l.z, gate(l, l.x, l.y)), gate(l, l.mul(l.z, l.x), l.mul(l.z, l.y))]],
    [
      "a quotient of two",
      (l) => [l.div(gate(l, l.x, l.y), gate(l, l.y, l.z)), gate(l, l.div(l.x, l.y), l.div(l.y, l.z))],
    ],
    ["a negative", (l) => [l.neg(gate(l, l.x, l.y)), gate(l, l.neg(l.x), l.neg(l.y))]],
    ["exp", (l) => [l.fn("exp", gate(l, l.x, l.y)), gate(l, l.fn("exp", l.x), l.fn("exp", l.y))]],
    ["a rounding", (l) => [l.round("int8", gate(l, l.x, l.y)), gate(l, l.round("int8", l.x), l.round("int8", l.y))]],
  ])("%s is that of the branches", (_, pair) => {
    const [found, expected] = pair(twice);
    expect(found === expected).toBe(true);
  });
});

/** An entry of the mask, and whether it is 0. */
function entry({ c }: Language): Term {
  const leaf = { of: "mask", name: "mask", dtype: "fp16" } as const;
  return raw(c, { kind: "leaf", leaf }, [], [constant(c.store.indices, 0)]);
}
function open(l: Language): Term {
  return raw(l.c, { kind: "compare", how: "equal" }, [l.n(0), entry(l)]);
}
