/** A constant is the number that it is: every op with constants and weights in place of any of its operands, in every reading. */
import { describe, expect, test } from "vitest";
import { type Graph, schedule } from "../../../src/dsl/graph.ts";
import { integerRange, roundTo } from "../../../src/dsl/number.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { constantOf, type OpDef, type Tensor } from "../../../src/dsl/tensor.ts";
import { type DType, isFloat, type TensorType } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import type { NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../src/passes/interpret/evaluate.ts";
import { expectSameBits } from "../../support/kernels.ts";
import { type Random, randomFrom } from "../../support/ops/draw.ts";
import { type Example, exampleOf } from "../../support/ops/examples.ts";
import { apply, rewrite } from "../../support/phi/rewrite.ts";

/** Examples of an op with some of its operands held, and at most with all of one dtype. */
const EXAMPLES = 40;

/** An operand of an op, with a dtype that it takes. */
interface Place {
  readonly op: string;
  readonly key: string;
  readonly dtype: DType;
}

const textOf = ({ op, key, dtype }: Place): string => `${op}.${key} ${dtype}`;

const placesOf = (op: string): readonly Place[] =>
  Object.entries(opTable.get(op)!.spec.operands).flatMap(([key, { dtypes }]) =>
    dtypes.map((dtype) => ({ op, key, dtype })),
  );

interface Frozen {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, NDArray>;
}

/** The graph with some of its values made constants or weights of the contents that they have. */
function frozen({ graph, inputs }: Example, random: Random): Frozen {
  const contents = evaluateAll(graph, { values: inputs });
  const weights = new Map<string, NDArray>();
  // What an op computes in floats has other contents in fp64: only what is the same in both may stand still.
  const still = schedule(graph).filter(({ def, type }) => def.kind !== "op" || !isFloat(type.dtype));
  const taken = new Map(
    still.flatMap((value, n) => {
      if (random() < 0.4 || value.def.kind === "const") return [];
      const array = contents.get(value)!;
      if (value.type.dtype !== "fp16" || random() < 0.6) return [[value, constantOf(array.data, value.type)]];
      weights.set(`w${n}`, array);
      const source: WeightSource = { from: "checkpoint", tensor: `w${n}` };
      return [[value, { type: value.type, def: { kind: "weight", source }, site: value.site } satisfies Tensor]];
    }),
  );
  return { graph: rewrite(graph, (value) => taken.get(value)), weights };
}

const isHeld = ({ def }: Tensor): boolean => def.kind === "const" || def.kind === "weight";

/** The operand places that hold a constant or a weight. */
const heldPlaces = (graph: Graph, name: string): readonly string[] =>
  schedule(graph)
    .map(({ def }) => def)
    .filter((def): def is OpDef => def.kind === "op" && def.op === name)
    .flatMap(({ operands }) =>
      Object.entries(operands).flatMap(([key, x]) =>
        ([x].flat() as readonly Tensor[])
          .filter(isHeld)
          .map(({ type }) => textOf({ op: name, key, dtype: type.dtype })),
      ),
    );

/** The same with all operands of one dtype made constants of another, as far as its range goes. */
function retyped(graph: Graph, place: Place, contents: ReadonlyMap<Tensor, NDArray>): Graph {
  const rules = opTable.get(place.op)!.spec.operands;
  const kin = (key: string) => rules[key]!.like ?? key;
  const held = (x: Tensor): Tensor => {
    const [least, most] = isFloat(place.dtype) ? [-Infinity, Infinity] : integerRange(place.dtype);
    const data = Array.from(contents.get(x)!.data, (n) => roundTo(place.dtype, Math.min(most, Math.max(least, n))));
    return constantOf(data, { dtype: place.dtype, shape: x.type.shape });
  };
  return rewrite(graph, ({ def }) => {
    if (def.kind !== "op" || def.op !== place.op) return undefined;
    const alike = Object.entries(def.operands).filter(([key]) => kin(key) === kin(place.key));
    const changed = Object.fromEntries(
      alike.map(([key, x]) => [key, Array.isArray(x) ? x.map(held) : held(x as Tensor)]),
    );
    return ([apply(def, changed)].flat() as readonly Tensor[])[def.part ?? 0];
  });
}

/** Expects that the fast kernels give the reference's bits in both precisions. */
async function expectOneReading(graph: Graph, inputs: Example["inputs"], weights: Frozen["weights"]): Promise<void> {
  const weight = (source: WeightSource, type: TensorType) => ({ ...weights.get(checkpointName(source))!, ...type });
  for (const precision of ["fp16", "fp64"] as const)
    await expectSameBits(graph, { values: inputs, weight }, { precision });
}

const checkpointName = (source: WeightSource): string => (source.from === "checkpoint" ? source.tensor : "");

describe.each([...opTable.keys()])("%s", (name) => {
  test("reads constant operands as the reference does, in fp16 and fp64", async () => {
    const unseen = new Map(placesOf(name).map((place) => [textOf(place), place]));
    for (let seed = 1; seed <= EXAMPLES; seed++) {
      const random = randomFrom(seed);
      const example = exampleOf(name, random);
      const { graph, weights } = frozen(example, random);
      await expectOneReading(graph, example.inputs, weights);
      for (const place of heldPlaces(graph, name)) unseen.delete(place);
    }
    // Beyond the dtypes of the examples, whose inputs are those that Core ML takes.
    for (const [text, place] of unseen) {
      for (let seed = 1; seed <= EXAMPLES && unseen.has(text); seed++) {
        const { graph, inputs } = exampleOf(name, randomFrom(seed));
        const changed = retyped(graph, place, evaluateAll(graph, { values: inputs }));
        await expectOneReading(changed, inputs, new Map());
        for (const seen of heldPlaces(changed, name)) unseen.delete(seen);
      }
    }
    expect([...unseen.keys()]).toEqual([]);
  });
});
