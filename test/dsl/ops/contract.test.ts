/** Meanings ask of their reading only what an algebra promises to answer, as `Algebra` says it. */
import { expect, test } from "vitest";
import type { Algebra } from "../../../src/dsl/algebra.ts";
import { schedule } from "../../../src/dsl/graph.ts";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { operandsOf } from "../../../src/dsl/tensor.ts";
import { isFloat, sizeOf } from "../../../src/dsl/type.ts";
import { evaluateAll, readOf } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { indicesOf } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";

test.each([...opTable.keys()])("%s", (name) => {
  const broken = new Set<string>();
  for (let seed = 0; seed < 8; seed++) {
    const { graph, inputs } = exampleOf(name, randomFrom(seed));
    const arrays = evaluateAll(graph, { values: inputs });
    for (const { def, type } of schedule(graph)) {
      if (def.kind !== "op" || def.op !== name) continue;
      const integers = operandsOf(def).every((x) => !isFloat(x.type.dtype));
      const element = meaningOf(strict(integers, broken), def, type, (x) => readOf(arrays.get(x)!));
      for (const ix of indicesOf(type.shape)) element(ix);
    }
  }
  expect([...broken]).toEqual([]);
});

/** The reading of numbers; what it is asked beyond its contract is added to `broken`. */
function strict(integers: boolean, broken: Set<string>): Algebra<number, number> {
  const m = numericReading("fp16", integers);
  const ask = (kept: boolean, what: string) => kept || broken.add(what);
  return {
    ...m,
    index(n) {
      ask(Number.isInteger(n), `index ${n}`);
      return m.index(n);
    },
    times(i, n) {
      ask(Number.isInteger(n), `times ${n}`);
      return m.times(i, n);
    },
    reindex(ix, from, to) {
      ask(sizeOf(from) === sizeOf(to), `reindex from [${from}] to [${to}]`);
      ask(ix.length === from.length && ix.every((i, axis) => i >= 0 && i < from[axis]!), `index [${ix}] in [${from}]`);
      return m.reindex(ix, from, to);
    },
    within(i, begin, size, stride, inside, outside) {
      ask(size >= 1 && stride >= 1, `within ${size} elements of stride ${stride}`);
      return m.within(i, begin, size, stride, inside, outside);
    },
    indexOf(s, size) {
      ask(size >= 1, `position in an axis of size ${size}`);
      return m.indexOf(s, size);
    },
    sum(n, term) {
      ask(n >= 1, `sum of ${n}`);
      return m.sum(n, term);
    },
  };
}
