/** Arrays of the user's, read in the precision that a run takes. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArrays, writeArrays } from "../../src/weights/safetensors/arrays.ts";
import { refusal, testFolder } from "../support/weights/weights-files.ts";

const DOUBLES = { dtype: "fp16", shape: [3], data: Float64Array.of(0.1, 1e-9, 70000) } as const;

test("doubles are read as they were written where an evaluation in fp64 takes them", async () => {
  const path = join(await testFolder(), "x.safetensors");
  await writeArrays(path, { x: DOUBLES });
  expect(await readArrays(path, () => "fp16")).toEqual({ x: DOUBLES });
});

test("doubles are refused elsewhere, and where integers belong", async () => {
  const path = join(await testFolder(), "x.safetensors");
  await writeArrays(path, { x: DOUBLES });
  const says = 'tensor "x" is F64; inputs are F16, F32 or I32, and in fp64 F64';
  expect(await refusal(() => readArrays(path))).toContain(says);
  expect(await refusal(() => readArrays(path, () => "int32"))).toContain(says);
});

test("fp16 is kept as bits, fp32 and int32 as numbers", async () => {
  const path = join(await testFolder(), "x.safetensors");
  const arrays = {
    a: { dtype: "fp16", shape: [1, 2], data: Uint16Array.of(0x3c00, 0x8000) },
    b: { dtype: "fp32", shape: [1], data: Float32Array.of(0.1) },
    c: { dtype: "int32", shape: [2], data: Int32Array.of(-1, 7) },
  } as const;
  await writeArrays(path, arrays);
  expect(await readArrays(path)).toEqual(arrays);
});
