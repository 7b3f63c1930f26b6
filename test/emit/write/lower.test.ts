/** Lowering a graph to MIL records: operands and consts, states and their order, outputs. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, graph, resultsOf } from "../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../src/dsl/number.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, named, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { MilFunction, MilOperation } from "../../../src/emit/mil/records.ts";
import { printMil } from "../../../src/emit/mil/text.ts";
import { lower } from "../../../src/emit/write/lower.ts";

const mainOf = (g: Graph): MilFunction => lower(g).model.functions[0]!;
/** The ops that are not constants, as `type name`. */
const opsOf = (g: Graph) =>
  mainOf(g)
    .operations.filter((op) => op.type !== "const")
    .map((op) => `${op.type} ${op.outputs.map((x) => x.name).join(" ")}`.trim());
/** The printed body. */
const bodyOf = (g: Graph) => printMil(lower(g).model).split("\n").slice(3).join("\n");

describe("operands and attributes", () => {
  test("every attribute is a const just before its op, defaults included", () => {
    const x = input("x", [2, 3]);
    const { operations } = mainOf(
      graph({ name: "g", inputs: [x], outputs: { y: o.softmax(o.matmul(x, x, { transpose_y: true })) } }),
    );
    expect(operations.map((op) => `${op.type} ${op.name}`)).toEqual([
      "const matmul_0_transpose_x",
      "const matmul_0_transpose_y",
      "matmul matmul_0",
      "const y_axis",
      "softmax y",
    ]);
    expect(operations[0]!.value).toEqual({ type: { kind: "tensor", dtype: "bool", shape: [] }, data: [0] });
    expect(operations[3]!.value).toEqual({ type: { kind: "tensor", dtype: "int32", shape: [] }, data: [1] });
  });

  test("a float attribute has the dtype of its operand", () => {
    const x = input("x", [2], "fp16");
    const { operations } = mainOf(graph({ name: "g", inputs: [x], outputs: { y: o.rsqrt(x, { epsilon: 1e-5 }) } }));
    expect(operations[0]!.value).toMatchObject({ type: { dtype: "fp16" }, data: [roundFp16(1e-5)] });
  });

  test("a constant that two ops use is one const, before the first of them", () => {
    const x = input("x", [2]);
    const two = constant([2], []);
    const g = graph({ name: "g", inputs: [x], outputs: { y: o.mul(o.exp(o.mul(x, two)), two) } });
    expect(mainOf(g).operations.map((op) => op.name)).toEqual(["mul_0_y", "mul_0", "exp_0", "y"]);
  });

  test("a list operand has one binding an element", () => {
    const x = input("x", [2]);
    const g = graph({ name: "g", inputs: [x], outputs: { y: o.concat([x, constant([1, 2], [2]), x], { axis: 0 }) } });
    expect(mainOf(g).operations.at(-1)!.inputs.values).toEqual([{ name: "x" }, { name: "y_values_1" }, { name: "x" }]);
  });

  test("parts of one op are one op, with the results that the graph does not use", () => {
    const x = input("x", [6]);
    const [a, , c] = o.split(x, { split_sizes: [1, 2, 3], axis: 0 }) as readonly Tensor[];
    const g = graph({ name: "g", inputs: [x], outputs: { y: named("tail", o.exp(c!)), z: o.exp(a!) } });
    const [op] = mainOf(g).operations.filter(({ type }) => type === "split");
    expect(op!.outputs.map(({ name, type }) => [name, type.kind === "tensor" && type.shape])).toEqual([
      ["split_1", [1]],
      ["split_unused", [2]],
      ["split_0", [3]],
    ]);
  });

  test("weights and constants of ten elements go to the weight file, in the order of the ops", () => {
    const x = input("x", [10]);
    const tens = constant(
      Array.from({ length: 10 }, (_, i) => i),
      [10],
    );
    const nine = constant([1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 1]);
    const y = o.mul(o.add(o.mul(x, weight("b", [10])), tens), o.reduce_sum(nine));
    const { model, blobs } = lower(graph({ name: "g", inputs: [x], outputs: { y: o.add(y, weight("a.b", [1])) } }));
    expect(blobs.blobs.map(({ origin, offset }) => [origin.kind, offset])).toEqual([
      ["weight", 64],
      ["const", 192],
      ["weight", 320],
    ]);
    expect(model.functions[0]!.operations.map((op) => op.name)).toContain("a_b");
  });

  test("operands of constexpr ops are literals inside the op", () => {
    const x = input("x", [1, 2, 1, 1]);
    const data = constant([1, 2, 3, 4], [2, 2, 1, 1], "int8");
    const w = o.constexpr_blockwise_shift_scale(data, constant([0.5, 2], [2, 1, 1, 1]));
    const { operations } = mainOf(graph({ name: "g", inputs: [x], outputs: { y: o.conv(x, w) } }));
    expect(operations[0]).toMatchObject({
      type: "constexpr_blockwise_shift_scale",
      inputs: { data: [{ value: { data: [1, 2, 3, 4] } }], scale: [{ value: { data: [0.5, 2] } }] },
    });
  });
});

describe("states", () => {
  test("a state is read before its first use, written at once, and read again for later users", () => {
    const [x, k] = [input("x", [2]), state("k", [2])];
    const fresh = named("k.new", o.add(o.mul(k, o.exp(x)), x));
    const g = graph({ name: "g", inputs: [x], states: [[k, fresh]], outputs: { y: o.mul(fresh, x) } });
    expect(bodyOf(g)).toMatchInlineSnapshot(`
      "func main<CoreML8>(
        x: fp16[2],
        k: state<fp16[2]>,
      ) -> (y) {
        exp_0: fp16[2] = exp(x = x)
        k_read: fp16[2] = read_state(input = k)
        mul_0: fp16[2] = mul(x = k_read, y = exp_0)
        k_new: fp16[2] = add(x = mul_0, y = x)
        write_state(input = k, data = k_new)
        k_updated: fp16[2] = read_state(input = k)
        y: fp16[2] = mul(x = k_updated, y = x)
      }
      "
    `);
  });

  test("a state that is only written is not read, one that is only read is not written", () => {
    const [x, k, v] = [input("x", [2]), state("k", [2]), state("v", [2])];
    const g = graph({
      name: "g",
      inputs: [x],
      states: [
        [k, o.exp(x)],
        [v, v],
      ],
      outputs: { y: o.add(x, v) },
    });
    expect(opsOf(g)).toEqual(["exp exp_0", "write_state", "read_state v_read", "add y"]);
  });

  test("states that swap their contents are both read before either is written", () => {
    const [x, a, b] = [input("x", [2]), state("a", [2]), state("b", [2])];
    const g = graph({
      name: "g",
      inputs: [x],
      states: [
        [a, b],
        [b, a],
      ],
      outputs: { y: o.exp(x) },
    });
    expect(opsOf(g)).toEqual(["read_state a_read", "read_state b_read", "write_state", "write_state", "exp y"]);
  });
});

describe("outputs", () => {
  const [x, k] = [input("x", [2]), state("k", [2])];
  const sum = o.add(k, x);
  const next = o.exp(sum);
  const copies = (outputs: Graph["outputs"]) =>
    opsOf(graph({ name: "g", inputs: [x], states: [[k, next]], outputs })).filter((op) => op.startsWith("identity"));

  test("what is written to a state, and what that depends on, is an output only by a copy", () => {
    expect(copies({ y: next, z: sum })).toEqual(["identity y", "identity z"]);
    expect(copies({ y: o.exp(next) })).toEqual([]);
  });

  test("so are an input, a state's contents, a constant, and a value that is an output already", () => {
    const own = o.sqrt(x);
    expect(copies({ a: x, b: k, c: constant([1, 2], [2]), d: own, e: own })).toEqual([
      "identity a",
      "identity b",
      "identity c",
      "identity e",
    ]);
  });
});

describe("what Core ML cannot have at its border is refused", () => {
  const build =
    (x: Tensor, y: Tensor = o.exp(x)) =>
    () =>
      lower(graph({ name: "g", inputs: [x], outputs: { y } }));

  test("a dtype", () => {
    const x = input("x", [2], "int16");
    expect(build(x, o.cast(x, { dtype: "fp16" }))).toThrow(
      'input "x" is int16[2]; Core ML takes fp16, fp32, int32 there',
    );
    const z = input("z", [2]);
    expect(build(z, o.greater(z, 0))).toThrow('output "y" is bool[2]');
  });

  test("a scalar input", () => {
    expect(build(input("x", []))).toThrow("Core ML has no scalar inputs: give it the shape [1]");
  });
});

/** A value as a text of where it comes from: what the graph says, and what running the ops in order says. */
function meaningOf(value: Tensor): string {
  const { def } = value;
  if (def.kind === "op")
    return `${def.op}(${Object.values(def.operands)
      .flat()
      .map((x) => meaningOf(x as Tensor))})`;
  if (def.kind === "const") return `[${Array.from(def.data)}]`;
  return def.kind === "weight" ? "weight" : `${def.kind} ${def.name}`;
}

/** Runs a function with states that are really overwritten; values are texts. */
function run(main: MilFunction): { outputs: string[]; states: string[] } {
  const isState = (x: MilFunction["inputs"][number]) => x.type.kind === "state";
  const states = new Map(main.inputs.filter(isState).map(({ name }) => [name, `state ${name}`]));
  const values = new Map(main.inputs.filter((x) => !isState(x)).map(({ name }) => [name, `input ${name}`]));
  const nameOf = (op: MilOperation, key: string) => (op.inputs[key]![0] as { name: string }).name;
  for (const op of main.operations) {
    const [output] = op.outputs;
    if (op.type === "write_state") states.set(nameOf(op, "input"), values.get(nameOf(op, "data"))!);
    else if (op.type === "read_state") values.set(output!.name, states.get(nameOf(op, "input"))!);
    else if (op.type === "identity") values.set(output!.name, values.get(nameOf(op, "x"))!);
    else if (op.value) values.set(output!.name, `[${"data" in op.value ? Array.from<unknown>(op.value.data) : ""}]`);
    else values.set(output!.name, `${op.type}(${Object.keys(op.inputs).map((key) => values.get(nameOf(op, key)))})`);
  }
  return { outputs: main.outputs.map((name) => values.get(name)!), states: [...states.values()] };
}

/** A graph whose ops, exits and outputs are chosen among all values by the given numbers. */
function wired(stateCount: number, choices: readonly number[]): Graph {
  const entries = Array.from({ length: stateCount }, (_, i) => state(`s${i}`, [2]));
  const inputs = [input("x0", [2]), input("x1", [2])];
  const values: Tensor[] = [...entries, ...inputs, constant([1, 2], [2]), constant([3, 4], [2])];
  const [picks, ends] = [choices.slice(0, -6), choices.slice(-6)];
  const pick = (n: number) => values[n % values.length]!;
  for (let i = 0; i + 1 < picks.length; i += 2) values.push(o.add(pick(picks[i]!), pick(picks[i + 1]!)));
  const states = entries.map((entry, i) => [entry, pick(ends[i]!)] as const);
  return graph({ name: "g", inputs, states, outputs: { y0: pick(ends[4]!), y1: pick(ends[5]!) } });
}

test("running the ops in order, states overwritten, gives what the graph says", () => {
  const choices = fc.array(fc.nat(20), { minLength: 6, maxLength: 24 });
  fc.assert(
    fc.property(fc.nat(4), choices, (stateCount, numbers) => {
      const g = wired(stateCount, numbers);
      const main = mainOf(g);
      const [exits, outputs] = [resultsOf(g).slice(0, stateCount), resultsOf(g).slice(stateCount)];
      expect(run(main)).toEqual({ states: exits.map(meaningOf), outputs: outputs.map(meaningOf) });
      const written = main.operations.filter((op) => op.type === "write_state").map((op) => op.inputs.data![0]);
      for (const name of main.outputs) expect(written).not.toContainEqual({ name });
      const names = main.operations.flatMap((op) => op.outputs.map((x) => x.name));
      expect(new Set(names).size).toBe(names.length);
    }),
    { numRuns: 1000 },
  );
});
