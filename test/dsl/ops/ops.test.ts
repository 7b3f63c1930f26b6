/** What must hold of every op of the table. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Read } from "../../../src/dsl/algebra.ts";
import { schedule } from "../../../src/dsl/graph.ts";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import { makeOp } from "../../../src/dsl/op.ts";
import { isConstant } from "../../../src/dsl/operands.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { nowhere } from "../../../src/dsl/site.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import { sameType } from "../../../src/dsl/type.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { indicesOf } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";

const KINDS = new Set(["int32", "int32[]", "bool", "bool[]", "string", "float", "axis", "axes"]);
const seeds = (check: (seed: number) => void) => fc.assert(fc.property(fc.integer(), check), { numRuns: 40 });

/** The values of the op in an example; other ops only bring its operands to it or its results to the border. */
const valuesOf = (opName: string, seed: number) => {
  const { graph } = exampleOf(opName, randomFrom(seed));
  return schedule(graph).filter((v): v is Tensor & { def: OpDef } => v.def.kind === "op" && v.def.op === opName);
};

describe.each([...opTable])("%s", (name, op) => {
  const { spec } = op;

  test("is declared in full", () => {
    expect(op.opName).toBe(name);
    expect(spec.doc.length).toBeGreaterThan(4);
    for (const { kind } of Object.values(spec.attrs)) expect(KINDS).toContain(kind);
    for (const { like, dtypes } of Object.values(spec.operands)) {
      expect(dtypes.length).toBeGreaterThan(0);
      if (like) expect(spec.operands).toHaveProperty(like);
    }
  });

  test("its attributes are stored resolved: building it again from them gives the same", () => {
    seeds((seed) => {
      for (const { def, type } of valuesOf(name, seed)) {
        expect(Object.keys(def.attrs)).toEqual(Object.keys(spec.attrs));
        const again = [makeOp(op, { ...def.operands, ...def.attrs }, nowhere)].flat()[def.part ?? 0] as Tensor;
        expect(sameType(again.type, type)).toBe(true);
        expect((again.def as OpDef).attrs).toEqual(def.attrs);
      }
    });
  });

  test("its meaning reads only elements that are there, for every index of its result", () => {
    seeds((seed) => {
      for (const { def, type } of valuesOf(name, seed)) {
        const element = meaningOf(numericReading("fp16", false), def, type, boundsChecked);
        for (const ix of indicesOf(type.shape)) element(ix);
      }
    });
  });

  test("it evaluates to numbers of its type", () => {
    seeds((seed) => {
      const { graph, inputs } = exampleOf(name, randomFrom(seed));
      for (const y of Object.values(evaluate(graph, { values: inputs }).outputs)) {
        expect([...y.data].filter((x) => !Number.isFinite(x))).toEqual([]);
      }
    });
  });
});

test("constants stay constants only through constexpr", () => {
  const named = (name: string) => valuesOf(name, 1).map(isConstant);
  expect(named("constexpr_lut_to_dense")).toEqual([true]);
  expect(named("mul")).toEqual([false]);
});

/** An operand that refuses what is out of range; its elements are position-dependent, and valid positions. */
function boundsChecked({ type: { shape, dtype }, def }: Tensor): Read<number, number> {
  const at = (...ix: readonly number[]) => {
    if (ix.length !== shape.length || !ix.every((i, axis) => Number.isInteger(i) && i >= 0 && i < shape[axis]!))
      throw new Error(`index [${ix.join(",")}] is outside [${shape.join(",")}]`);
    const flat = ix.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);
    return def.kind === "const" ? def.data[flat]! : 0;
  };
  return { shape, dtype, at };
}
