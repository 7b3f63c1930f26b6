/** Graphs for the reader's tests, and the way through bytes and back. */
import { type Graph, graph } from "../../src/dsl/graph.ts";
import * as o from "../../src/dsl/ops/index.ts";
import { constant, input, named, state, type Tensor, weight } from "../../src/dsl/tensor.ts";
import { hashElements, sourceText, type WeightHash } from "../../src/emit/diff/canonical.ts";
import type { MilFunction, MilModel, MilOperation, MilTensorType, MilValue } from "../../src/emit/mil/records.ts";
import type { Blobs } from "../../src/emit/read/blobs/blob.ts";
import { decodeModel } from "../../src/emit/read/decode/decode.ts";
import { lift } from "../../src/emit/read/lift/lift.ts";
import type { BlobPlan } from "../../src/emit/write/blob.ts";
import { encodeModel } from "../../src/emit/write/encode.ts";
import { lower } from "../../src/emit/write/lower.ts";
import type { Random } from "./ops/draw.ts";

/** Stands for the content of a checkpoint weight where no bytes exist. */
export const pretendHash: WeightHash = (source) => `content of ${sourceText(source)}`;

/** The blobs of a plan that was never written. */
export function plannedBlobs({ blobs }: BlobPlan): Blobs {
  const find = (offset: number) => blobs.find((blob) => blob.offset === offset)!;
  return {
    source({ offset, fileName }) {
      const { origin, type } = find(offset);
      const sha256 = origin.kind === "const" ? hashElements(type, origin.data) : pretendHash(origin.source, type)!;
      return { from: "package", file: fileName, offset, sha256 };
    },
    elements({ offset }) {
      const { origin } = find(offset);
      if (origin.kind !== "const") throw new Error("a weight was asked for its elements");
      return Float64Array.from(origin.data);
    },
    outside: () => "nothing",
  };
}

export const noBlobs: Blobs = plannedBlobs({ blobs: [], bytes: 64 });

/** The graph after a trip through the bytes of a model. */
export function reread(g: Graph): Graph {
  const { model, blobs } = lower(g);
  return lift(decodeModel(encodeModel(model)), plannedBlobs(blobs));
}

const SHAPE = [1, 2, 4, 3] as const;

/** A graph of several ops with shared values, states, weights and split parts: what graphs of one op do not have. */
export function randomGraph(random: Random): Graph {
  const int = (n: number) => Math.floor(random() * n);
  const pick = <X>(list: readonly X[]): X => list[int(list.length)]!;
  const inputs = [input("x", SHAPE), input("mask", SHAPE)].slice(0, 1 + int(2));
  const entries = ["k_state", "v_state", "idle"].slice(0, int(4)).map((name) => state(name, SHAPE));
  const values: Tensor[] = [...inputs, ...entries];
  const any = () => pick(values);
  const steps: readonly (() => Tensor | readonly Tensor[])[] = [
    () => o.add(any(), any()),
    () => o.mul(any(), constant([random()], [1])),
    () => o.sub(any(), weight(`w${int(3)}`, SHAPE, random() < 0.5 ? { rows: [0, 8] } : {})),
    () => o.maximum(any(), constant(Array.from({ length: 24 }, random), SHAPE)),
    () => o.softmax(any(), { axis: int(4) - 4 }),
    () => o.identity(any()),
    () => parts(any()).map((part) => o.concat([part, part], { axis: 1 })),
    () => named(pick(["q.rope", "k.cache", "tensor", "add_0"]), o.exp(any())),
  ];
  for (let n = 2 + int(8); n > 0; n--) values.push(...([pick(steps)()].flat() as readonly Tensor[]));
  const states = entries.map((entry) => [entry, random() < 0.3 ? entry : any()] as const);
  const outputs = Object.fromEntries(["hidden", "second", "third"].slice(0, 1 + int(3)).map((name) => [name, any()]));
  return graph({ name: "random", inputs, states, outputs });
}

const parts = (x: Tensor) => o.split(x, { split_sizes: [1, 1], axis: 1 }) as readonly Tensor[];

// --- programs by hand --------------------------------------------------------------------------------------------

export const tensorType = (
  dtype: MilTensorType["dtype"],
  ...shape: readonly (number | undefined)[]
): MilTensorType => ({
  kind: "tensor",
  dtype,
  shape,
});

export const literal = (type: MilTensorType, ...data: readonly number[] | readonly string[]): MilValue =>
  ({ type, data }) as MilValue;

/** An op that makes one value of its own name. An operand is a name, a list of names or a literal. */
export function operation(
  type: string,
  name: string,
  result: MilTensorType | undefined,
  operands: Readonly<Record<string, string | readonly string[] | MilValue>> = {},
): MilOperation {
  const inputs = Object.fromEntries(
    Object.entries(operands).map(([key, x]) => {
      if (typeof x === "string") return [key, [{ name: x }]];
      return [key, Array.isArray(x) ? x.map((one: string) => ({ name: one })) : [{ value: x as MilValue }]];
    }),
  );
  return { type, name, inputs, outputs: result ? [{ name, type: result }] : [], blocks: [] };
}

export const constOperation = (name: string, value: MilValue): MilOperation => ({
  ...operation("const", name, value.type),
  value,
});

export const X = tensorType("fp16", 2, 3);

/** A program with one function; its input is `x: fp16[2,3]` and its output `y` unless said otherwise. */
export function program(
  operations: readonly MilOperation[],
  more: Partial<MilFunction> = {},
  interfaces: MilModel["interfaces"] = {},
): MilModel {
  const main: MilFunction = {
    name: "main",
    opset: "CoreML8",
    inputs: [{ name: "x", type: X }],
    operations,
    outputs: ["y"],
    ...more,
  };
  return { specificationVersion: 9, functions: [main], interfaces, defaultFunction: "main", metadata: {} };
}
