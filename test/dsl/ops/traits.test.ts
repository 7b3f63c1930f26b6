/** The traits of ops: which ops have which, and what can be derived from an op's meaning. */
import { describe, expect, test } from "vitest";
import type { Algebra, Read } from "../../../src/dsl/algebra.ts";
import { schedule } from "../../../src/dsl/graph.ts";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../src/dsl/tensor.ts";
import { namesConstexpr, TRAITS, type Trait } from "../../../src/dsl/traits.ts";
import { isFloat } from "../../../src/dsl/type.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { indicesOf } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";

const COMPARISONS = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal"];

/** Whose results are finite whatever is fed. */
const SCREENS = [
  ...COMPARISONS,
  ...[
    "argsort",
    "atan",
    "clip",
    "erf",
    "inverse",
    "reduce_argmax",
    "reduce_argmin",
    "relu6",
    "scaled_tanh",
    "sigmoid",
    "sigmoid_hard",
  ],
  ...["sign", "tanh"],
];

/** Who has a trait. An op joins a list here by its declaration, and in the same commit. */
const HOLDERS: Readonly<Record<Trait, readonly string[]>> = {
  moves: [
    "batch_to_space",
    "concat",
    "crop",
    "depth_to_space",
    "expand_dims",
    "fill",
    "flatten2d",
    "identity",
    "pixel_shuffle",
    "pixel_unshuffle",
    "reshape",
    "resize_nearest_neighbor",
    "reverse",
    "slice_by_index",
    "slice_by_size",
    "sliding_windows",
    "space_to_depth",
    "split",
    "squeeze",
    "stack",
    "tile",
    "transpose",
    "upsample_nearest_neighbor",
  ],
  view: ["expand_dims", "flatten2d", "identity", "reshape", "squeeze"],
  gathers: ["gather", "gather_along_axis", "gather_nd"],
  constexpr: ["constexpr_blockwise_shift_scale", "constexpr_lut_to_dense"],
  palettised: ["constexpr_lut_to_dense"],
  contracts: ["conv", "conv_transpose", "einsum", "linear", "matmul", "scaled_dot_product_attention"],
  product: ["conv", "einsum", "linear", "matmul"],
  projects: ["linear", "matmul"],
  jumps: [
    "argsort",
    "cast",
    "ceil",
    ...COMPARISONS,
    "floor",
    "floor_div",
    "mod",
    "quantize",
    "reduce_argmax",
    "reduce_argmin",
    "round",
    "sign",
    "topk",
  ].sort(),
  ranks: ["argsort", "reduce_argmax", "reduce_argmin", "topk"],
  floors: [
    ...SCREENS,
    "elu",
    "exp",
    "exp2",
    "maximum",
    "quantize",
    "relu",
    "softplus",
    "threshold",
    "thresholded_relu",
  ].sort(),
  caps: [...SCREENS, "clamped_relu", "minimum", "quantize", "rsqrt"].sort(),
  attention: ["matmul", "scaled_dot_product_attention", "softmax"],
};

const opsWith = (trait: Trait): readonly string[] =>
  [...opTable]
    .filter(([, { spec }]) => spec.traits?.includes(trait))
    .map(([name]) => name)
    .sort();

test.each(Object.keys(TRAITS) as Trait[])("%s: who has it", (trait) => {
  expect(opsWith(trait)).toEqual(HOLDERS[trait]);
});

describe("what the meanings say", () => {
  test.each([...opTable.keys()])(
    "%s: moves where in every example each element is an operand's, as places alone tell; view where it is the one at its own place",
    (name) => {
      const holds = (trait: Trait): boolean => HOLDERS[trait].includes(name);
      expect(derivedFrom(name)).toEqual({ moves: holds("moves"), view: holds("view") });
    },
  );

  test.each([...opTable.keys()])(
    "%s: floors and caps where an infinity in one float operand never comes out",
    (name) => {
      const holds = (trait: Trait): boolean => HOLDERS[trait].includes(name);
      expect({ floors: screens(name, -Infinity), caps: screens(name, Infinity) }).toEqual({
        floors: holds("floors"),
        caps: holds("caps"),
      });
    },
  );

  test("constexpr: those that MIL names so", () => {
    expect([...opTable.keys()].filter(namesConstexpr).sort()).toEqual(opsWith("constexpr"));
  });

  test("an op that only moves elements rounds none", () => {
    for (const name of opsWith("moves")) expect(opTable.get(name)!.spec.rounds, name).toBe(false);
  });
});

/** A scalar as its origins: the elements it comes from, `whole` when it is one of them as it stands. */
interface Origin {
  readonly from: readonly string[];
  readonly whole: boolean;
}

function derivedFrom(opName: string): Readonly<Record<"moves" | "view", boolean>> {
  const found = { moves: true, view: true };
  for (let seed = 0; seed < 60; seed++) {
    const { graph } = exampleOf(opName, randomFrom(seed));
    for (const { def, type } of schedule(graph)) {
      if (def.kind !== "op" || def.op !== opName) continue;
      const deciders = new Set<string>();
      for (const [flat, ix] of [...indicesOf(type.shape)].entries()) {
        const decided: string[] = [];
        const { from, whole } = meaningOf(tracing(decided), def, type, (x) => traced(x, def))(ix);
        deciders.add(decided.join());
        found.moves &&= whole && deciders.size === 1;
        found.view &&= found.moves && from[0] === `${Object.keys(def.operands)[0]} ${flat}`;
      }
    }
  }
  return found;
}

/** Whether in every example, each float operand in turn filled with an infinity and the others with a half, the result is finite. */
function screens(opName: string, infinity: number): boolean {
  let tried = 0;
  for (let seed = 0; seed < 10; seed++) {
    for (const { def, type } of schedule(exampleOf(opName, randomFrom(seed)).graph)) {
      if (def.kind !== "op" || def.op !== opName) continue;
      for (const filled of operandsOf(def).filter((x) => isFloat(x.type.dtype))) {
        tried++;
        const element = meaningOf(numericReading("fp16", false), def, type, (x) => ({
          ...x.type,
          at: () => (x.def === filled.def ? infinity : isFloat(x.type.dtype) ? 0.5 : 0),
        }));
        for (const ix of indicesOf(type.shape)) if (!Number.isFinite(element(ix))) return false;
      }
    }
  }
  return tried > 0;
}

/** An operand whose elements are their own names. */
function traced(operand: Tensor, def: OpDef): Read<Origin, number> {
  const { shape, dtype } = operand.type;
  const key = Object.keys(def.operands).find((name) => [def.operands[name]].flat().includes(operand));
  const at = (...ix: readonly number[]) => {
    const flat = ix.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);
    return { from: [`${key} ${flat}`], whole: true };
  };
  return { shape, dtype, at };
}

/** Follows elements through a meaning. What decides an index or a choice is added to `decided`; it counts as 0 and true. */
function tracing(decided: string[]): Algebra<Origin, number> {
  const computed = (...from: readonly Origin[]): Origin => ({ from: from.flatMap((x) => x.from), whole: false });
  const { index, plus, times, reindex, piece, within } = numericReading("fp16", true) as unknown as Algebra<
    Origin,
    number
  >;
  return {
    ...{ index, plus, times, reindex, piece, within, num: () => computed(), scalar: () => computed() },
    ...{ add: computed, sub: computed, mul: computed, div: computed, pow: computed },
    ...{ maximum: computed, minimum: computed },
    unary: (_, a) => computed(a),
    compare: (_, a, b) => computed(a, b),
    round: (_, a) => computed(a),
    indexOf(s) {
      decided.push(...s.from);
      return 0;
    },
    select(cond, yes, no) {
      decided.push(...cond.from);
      // A condition of places alone may choose either.
      return cond.from.length > 0 ? yes() : computed(yes(), no());
    },
    sum: (_, term) => computed(term(0)),
    max: (_, term) => computed(term(0)),
    min: (_, term) => computed(term(0)),
    sorted: (_how, _n, _at, element) => computed(element(0)),
    ownOrder: (_op, _at, value) => computed(value),
  };
}
