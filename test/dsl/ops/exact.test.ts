/** Which ops round nothing: those whose elements are elements of their type already, in every example. */
import { expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import { roundTo } from "../../../src/dsl/number.ts";
import { infoOf, mapOperands } from "../../../src/dsl/operands.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { operandsOf } from "../../../src/dsl/tensor.ts";
import { TRAITS } from "../../../src/dsl/traits.ts";
import { isFloat } from "../../../src/dsl/type.ts";
import { stridesOf } from "../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { indicesOf } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";

test.each([...opTable.keys()])("%s says that it rounds nothing where that is so", (name) => {
  expect(opTable.get(name)!.spec.rounds).toBe(isExact(name) ? false : undefined);
});

test.each([...opTable])("%s has traits that there are, each once", (_, { spec }) => {
  const traits: readonly string[] = spec.traits ?? [];
  expect(traits.filter((trait) => !Object.keys(TRAITS).includes(trait))).toEqual([]);
  expect(new Set(traits).size).toBe(traits.length);
});

/** Whether each element of the op is one of its dtype before anything rounds it, in a dozen random graphs. */
function isExact(name: string): boolean {
  for (let seed = 0; seed < 12; seed++) {
    const { graph, inputs } = exampleOf(name, randomFrom(seed));
    const values = evaluateAll(graph, { values: inputs });
    for (const { def, type } of schedule(graph)) {
      if (def.kind !== "op" || def.op !== name) continue;
      const reads = mapOperands(def.operands, (operand) => {
        const { data, shape } = values.get(operand)!;
        const strides = stridesOf(shape);
        const at = (...ix: readonly number[]) => data[ix.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)]!;
        return { ...infoOf(operand), at };
      });
      const m = numericReading("fp16", !operandsOf(def).some((x) => isFloat(x.type.dtype)));
      const { spec } = opTable.get(name)!;
      const element = spec.element(m as never, reads as never, def.attrs as never, { ...type, part: def.part ?? 0 });
      for (const ix of indicesOf(type.shape)) {
        const value = element(ix as never) as unknown as number;
        if (!Object.is(value, roundTo(type.dtype, value))) return false;
      }
    }
  }
  return true;
}
