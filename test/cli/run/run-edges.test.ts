/** `run` at the edges of ops: powers of what is no number, slices that fall past the front, positions below 0. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fp16Bits, fp16Value } from "../../../src/dsl/number.ts";
import { readArrays } from "../../../src/weights/safetensors/arrays.ts";
import { fileOf, folderOf, graphc, testFolder } from "../../support/cli.ts";

const SOURCE = `
import { gather, graph, input, pow, slice_by_index } from "graphc";
export default () => {
  const [x, e, p] = [input("x", [4]), input("e", [4]), input("p", [1], "int32")];
  const back = slice_by_index(x, [2], [-5], { stride: [-1] });
  return graph({ name: "g", inputs: [x, e, p], outputs: { power: pow(x, e), back, at: gather(x, p) } });
};`;

const half = (name: string, ...numbers: readonly number[]) => ({
  name,
  dtype: "F16",
  shape: [numbers.length],
  data: new Uint8Array(Uint16Array.from(numbers, fp16Bits).buffer),
});
const whole = (name: string, n: number) => ({
  name,
  dtype: "I32",
  shape: [1],
  data: new Uint8Array(Int32Array.of(n).buffer),
});

/** Runs the graph at a position. */
async function run(position: number) {
  const tensors = [half("x", 1, -1, 3, 2), half("e", Number.NaN, Infinity, 0, -1), whole("p", position)];
  const folder = folderOf({ "g.ts": SOURCE, "in.safetensors": fileOf(tensors) });
  const out = join(testFolder(), "out.safetensors");
  const options = ["--inputs", join(folder, "in.safetensors"), "--role", "p=shared", "--out", out];
  return { out, outcome: await graphc(["run", join(folder, "g.ts"), ...options]) };
}

describe("run", () => {
  test("powers are those of IEEE 754, and a falling slice meets the first element", async () => {
    const { out, outcome } = await run(3);
    expect(outcome).toMatchObject({ code: 0, err: "" });
    const numbers = Object.entries(await readArrays(out)).map(([name, { data }]) => [
      name,
      Array.from(data, fp16Value),
    ]);
    expect(Object.fromEntries(numbers)).toEqual({ power: [1, 1, 1, 0.5], back: [3, -1, 1], at: [2] });
  });

  test.each([-1, -4, 4])("a gather at %s is outside", async (position) => {
    const { outcome } = await run(position);
    expect(outcome.code).toBe(2);
    expect(outcome.err).toContain(`error: gather: position ${position} is outside an axis of size 4`);
    expect(outcome.err.includes("add the size of the axis to it in the graph")).toBe(position < 0);
  });
});
