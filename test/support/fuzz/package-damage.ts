/** Damage of packages: of the model's bytes, fields and sizes, of weight.bin, of Manifest.json. */
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import { MANIFEST_PATH, MODEL_PATH, WEIGHTS_PATH } from "../../../src/emit/mil/manifest.ts";
import { editModel } from "../diff/edits.ts";
import type { Random } from "../ops/draw.ts";
import { KINDS, mutate } from "../wire/mutate.ts";

/** Damages the package in this folder; says what was done. */
export type Damage = (folder: string, random: Random) => string;

const int = (random: Random, n: number): number => Math.floor(random() * n);
const pick = <X>(random: Random, list: readonly X[]): X => list[int(random, list.length)]!;

/** Sizes that fit into a large memory, so that running them is work that was asked for and no fault. */
export const isWork = (what: string): boolean => /every size \d+ is (2147483647|4294967296)$/.test(what);

/** Sizes and offsets that a file may claim: at the ends of what numbers hold, and too large to be there. */
const ODD = [
  0n,
  1n,
  63n,
  64n,
  65n,
  1n << 20n,
  (1n << 31n) - 1n,
  1n << 32n,
  1n << 40n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
];

/** The kinds of damage by name. */
export const DAMAGES: Readonly<Record<string, Damage>> = {
  wire(folder, random) {
    const file = join(folder, MODEL_PATH);
    const bytes = readFileSync(file);
    const mutated = mutate(bytes, pick(random, KINDS), random) ?? mutate(bytes, "bytes", random)!;
    writeFileSync(file, mutated.bytes);
    return mutated.what;
  },
  field(folder, random) {
    const file = join(folder, MODEL_PATH);
    const { field, bytes } = editModel(readFileSync(file), random);
    writeFileSync(file, bytes);
    return field;
  },
  size(folder, random) {
    const file = join(folder, MODEL_PATH);
    const model = fromBinary(ModelSchema, readFileSync(file));
    const from = pick(random, [...sizesIn(model)]);
    const to = pick(random, ODD);
    replaceSizes(model, from, to);
    writeFileSync(file, toBinary(ModelSchema, model));
    return `every size ${from} is ${to}`;
  },
  weights(folder, random) {
    const file = join(folder, WEIGHTS_PATH);
    const bytes = readFileSync(file);
    if (bytes.length === 0) {
      appendFileSync(file, "x");
      return "a byte of no weights";
    }
    // Heads of records lie at multiples of 64, where fields of 4 and 8 bytes begin.
    const at =
      random() < 0.5
        ? int(random, bytes.length)
        : (int(random, bytes.length / 64) * 64 + 8 * int(random, 4)) % bytes.length;
    if (at + 8 <= bytes.length && random() < 0.5) bytes.writeBigUInt64LE(pick(random, ODD), at);
    else bytes[at]! ^= 1 << int(random, 8);
    writeFileSync(file, bytes);
    return `weights at ${at}`;
  },
  "length of the weights"(folder, random) {
    const file = join(folder, WEIGHTS_PATH);
    const { size } = statSync(file);
    const length = pick(random, [0, 1, 63, 64, 128, Math.max(0, size - 1), size + 1, 2 ** 30]);
    truncateSync(file, length);
    return `weights of ${length} bytes`;
  },
  "length of the model"(folder, random) {
    const file = join(folder, MODEL_PATH);
    const { size } = statSync(file);
    const length = pick(random, [0, 1, int(random, size), size + 1, size + 1000]);
    truncateSync(file, length);
    return `a model of ${length} bytes`;
  },
  manifest(folder, random) {
    const file = join(folder, MANIFEST_PATH);
    const text = readFileSync(file, "utf8");
    const values = [...text.matchAll(/"[^"]*"/g)];
    const value = pick(random, values);
    const other = pick(random, [
      '""',
      "{}",
      "[]",
      "null",
      "1e999",
      '"__proto__"',
      '"../.."',
      "[".repeat(20_000),
      '"\\ud800"',
      '"constructor"',
      '"com.apple.CoreML"',
    ]);
    writeFileSync(file, text.slice(0, value.index) + other + text.slice(value.index + value[0].length));
    return `${value[0]} of the manifest is ${other.slice(0, 20)}`;
  },
  "bytes of the manifest"(folder, random) {
    const file = join(folder, MANIFEST_PATH);
    const bytes = readFileSync(file);
    for (let n = 1 + int(random, 4); n > 0; n--) bytes[int(random, bytes.length)]! ^= 1 << int(random, 8);
    writeFileSync(file, bytes);
    return "bits of the manifest";
  },
};

/** Every size that the model names: of dimensions, of shapes in the description. */
function sizesIn(value: unknown, found = new Set<bigint>()): ReadonlySet<bigint> {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return found;
  for (const [key, x] of Object.entries(value)) {
    if (key === "size" && typeof x === "bigint") found.add(x);
    else sizesIn(x, found);
  }
  return found;
}

function replaceSizes(value: unknown, from: bigint, to: bigint): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  for (const [key, x] of Object.entries(value)) {
    const isSize = key === "size" && x === from;
    if (isSize) Object.assign(value, { [key]: to });
    else if (key === "shape" && Array.isArray(x)) Object.assign(value, { [key]: x.map((n) => (n === from ? to : n)) });
    else replaceSizes(x, from, to);
  }
}
