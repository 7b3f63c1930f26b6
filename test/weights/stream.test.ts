/** Weights streamed in chunks: rows, columns and transposes of any type, the life of a chunk, refusals. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fp16Bits, roundFp16 } from "../../src/dsl/number.ts";
import { newLosses, type SourceDType, sourceBytes, sourceValue } from "../../src/weights/convert/convert.ts";
import {
  areaOf,
  type CheckpointSource,
  chunksOf,
  matrixOf,
  type ReadableTensor,
  rectangleOf,
} from "../../src/weights/convert/rectangle.ts";
import { openWorkshop, streamFp16, type Workshop } from "../../src/weights/convert/stream.ts";
import { generatedStore } from "../../src/weights/generated.ts";
import { bitsOfBytes, gather, refusal } from "../support/weights/weights-files.ts";
import { random } from "../support/weights/weights-random.ts";

/** A tensor in memory whose reads come back late and out of order, as those of a file may. */
function stored(dtype: SourceDType, shape: readonly number[], bytes: Uint8Array): ReadableTensor {
  return {
    name: "w",
    where: "m.safetensors",
    dtype,
    shape,
    async read(target, offset) {
      await new Promise((done) => setImmediate(done));
      if (offset + target.length > bytes.length) throw new Error("read beyond the tensor");
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
}

/** Random elements of a type, finite and within fp16's range. */
function elements(dtype: SourceDType, count: number, seed: number): Uint8Array {
  const { next } = random(seed);
  const floats = Float32Array.from({ length: count }, () => (next() - 0.5) * 2 ** (8 - next() * 30));
  if (dtype === "F32") return new Uint8Array(floats.buffer);
  const words = new Uint32Array(floats.buffer);
  const half =
    dtype === "BF16" ? Array.from(words, (w) => w >>> 16) : Array.from(floats, (x) => fp16Bits(roundFp16(x)));
  return new Uint8Array(Uint16Array.from(half).buffer);
}

/** What the stream should give, element by element. */
function naive({ dtype, shape }: ReadableTensor, bytes: Uint8Array, source: CheckpointSource): number[] {
  const [height, width] = matrixOf(shape);
  const [rows, columns] = [source.rows ?? [0, height], source.columns ?? [0, width]];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = (row: number, column: number): number => {
    const place = (row * width + column) * sourceBytes[dtype];
    const bits = dtype === "F32" ? view.getUint32(place, true) : view.getUint16(place, true);
    return dtype === "F16" ? bits : fp16Bits(roundFp16(sourceValue[dtype](bits)));
  };
  const out: number[] = [];
  if (source.transform === "transpose")
    for (let c = columns[0]; c < columns[1]; c++) for (let r = rows[0]; r < rows[1]; r++) out.push(at(r, c));
  else for (let r = rows[0]; r < rows[1]; r++) for (let c = columns[0]; c < columns[1]; c++) out.push(at(r, c));
  return out;
}

const range = (size: number) =>
  fc
    .option(fc.tuple(fc.nat(size), fc.nat(size)), { nil: undefined })
    .map((pair) => pair?.toSorted((a, b) => a - b) as [number, number] | undefined);

const weights = fc
  .record({ height: fc.integer({ min: 1, max: 40 }), width: fc.integer({ min: 1, max: 70 }) })
  .chain(({ height, width }) =>
    fc.record({
      shape: fc.constantFrom([height, width], [height, 1, width]),
      dtype: fc.constantFrom<SourceDType>("BF16", "F16", "F32"),
      rows: range(height),
      columns: range(width),
      transpose: fc.boolean(),
      chunk: fc.integer({ min: 1, max: 300 }),
      seed: fc.integer(),
    }),
  );

test("any rows and columns of any type in chunks of any size, straight and transposed", async () => {
  await fc.assert(
    fc.asyncProperty(weights, async ({ shape, dtype, rows, columns, transpose, chunk, seed }) => {
      const bytes = elements(dtype, matrixOf(shape)[0] * matrixOf(shape)[1], seed);
      const tensor = stored(dtype, shape, bytes);
      const source: CheckpointSource = {
        from: "checkpoint",
        tensor: "w",
        ...(rows ? { rows } : {}),
        ...(columns ? { columns } : {}),
        ...(transpose ? { transform: "transpose" } : {}),
      };
      const wanted = naive(tensor, bytes, source);
      const height = rows ? rows[1] - rows[0] : matrixOf(shape)[0];
      const size = [height, height === 0 ? 0 : wanted.length / height];
      if (wanted.length === 0) size[1] = columns ? columns[1] - columns[0] : matrixOf(shape)[1];
      const type = { dtype: "fp16", shape: [...(transpose ? size.toReversed() : size), 1, 1] } as const;
      const chunks = streamFp16(tensor, { source, type }, newLosses(), openWorkshop(chunk));
      expect(bitsOfBytes(await gather(chunks))).toEqual(wanted);
    }),
  );
});

test("chunks partition a rectangle in row-major order and keep to their size", () => {
  const edge = fc.tuple(fc.nat(9), fc.nat(9)).map(([begin, n]) => [begin, begin + n] as const);
  fc.assert(
    fc.property(edge, edge, fc.integer({ min: 1, max: 50 }), (rows, columns, limit) => {
      const chunks = [...chunksOf({ rows, columns }, limit)];
      const cells = chunks.flatMap((chunk) => {
        expect(areaOf(chunk)).toBeLessThanOrEqual(limit);
        const found: string[] = [];
        for (let r = chunk.rows[0]; r < chunk.rows[1]; r++)
          for (let c = chunk.columns[0]; c < chunk.columns[1]; c++) found.push(`${r},${c}`);
        return found;
      });
      const all: string[] = [];
      for (let r = rows[0]; r < rows[1]; r++) for (let c = columns[0]; c < columns[1]; c++) all.push(`${r},${c}`);
      expect(cells).toEqual(all);
    }),
  );
});

test("a tensor of many chunks: chunks of at most 4 MiB, slices and the transposed matrix agree with the whole", async () => {
  const shape = [2100, 3001];
  const store = generatedStore(new Map([["w", shape]]));
  const bits = async (shape: number[], more: Partial<CheckpointSource> = {}) => {
    const chunks: number[] = [];
    const seen = async function* () {
      for await (const chunk of store.stream({ from: "checkpoint", tensor: "w", ...more }, { dtype: "fp16", shape })) {
        chunks.push(chunk.length);
        yield chunk;
      }
    };
    const all = new Uint16Array(new Uint8Array(await gather(seen())).buffer);
    expect(Math.max(...chunks)).toBeLessThanOrEqual(4 << 20);
    return all;
  };
  const whole = await bits(shape);
  expect(whole.length).toBe(2100 * 3001);
  const turned = await bits(shape.toReversed(), { transform: "transpose" });
  const right = await bits([2000, 1500], { rows: [50, 2050], columns: [1501, 3001] });
  let wrong = 0;
  for (let r = 0; r < 2100; r++)
    for (let c = 0; c < 3001; c++) if (whole[r * 3001 + c] !== turned[c * 2100 + r]) wrong++;
  for (let r = 0; r < 2000; r++)
    for (let c = 0; c < 1500; c++) if (whole[(r + 50) * 3001 + c + 1501] !== right[r * 1500 + c]) wrong++;
  expect(wrong).toBe(0);
});

/** A tensor of `rows` rows of 4 elements, all of them distinct in the low byte. */
function ramp(rows: number, first: number): ReadableTensor {
  const elements = Uint16Array.from({ length: rows * 4 }, (_, i) => 0x3f00 + ((first + i) & 0x7f));
  return stored("BF16", [rows, 4], new Uint8Array(elements.buffer));
}

const open = (tensor: ReadableTensor, workshop: Workshop, more: Partial<CheckpointSource> = {}) => {
  const shape = more.transform ? tensor.shape.toReversed() : tensor.shape;
  const source = { from: "checkpoint", tensor: "w", ...more } as const;
  return streamFp16(tensor, { source, type: { dtype: "fp16", shape } }, newLosses(), workshop);
};

test("a chunk stays as it is until the next but one is asked for, from one weight to the next", async () => {
  const weights = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.boolean()), { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(weights, async (drawn) => {
      const workshop = openWorkshop(4);
      let held: { readonly chunk: Uint8Array; readonly copy: Uint8Array } | undefined;
      for (const [w, [rows, turned]] of drawn.entries())
        for await (const chunk of open(ramp(rows, 31 * w), workshop, turned ? { transform: "transpose" } : {})) {
          // The store has time to read ahead, as it has while a chunk is written.
          await new Promise((done) => setImmediate(() => setImmediate(done)));
          if (held) expect(held.chunk).toEqual(held.copy);
          held = { chunk, copy: chunk.slice() };
        }
    }),
  );
});

test("a stream that is abandoned does not disturb the next one", async () => {
  for (const after of [1, 2, 3, 4]) {
    const workshop = openWorkshop(4);
    const tensor = ramp(6, 0);
    const whole = await gather(open(tensor, workshop));
    let seen = 0;
    for await (const _ of open(tensor, workshop)) if (++seen === after) break;
    expect(await gather(open(tensor, workshop))).toEqual(whole);
  }
});

const cutting = (shape: number[], source: Partial<CheckpointSource>, wanted: number[]) =>
  refusal(() =>
    rectangleOf(
      stored("BF16", shape, new Uint8Array()),
      { from: "checkpoint", tensor: "w", ...source },
      { dtype: "fp16", shape: wanted },
    ),
  );

test("a shape may split and merge axes, not reorder them", async () => {
  const accept = (shape: number[], wanted: number[], source: Partial<CheckpointSource> = {}) =>
    rectangleOf(
      stored("BF16", shape, new Uint8Array()),
      { from: "checkpoint", tensor: "w", ...source },
      { dtype: "fp16", shape: wanted },
    );
  accept([6, 4], [6, 4, 1, 1]);
  accept([6, 4], [2, 3, 4]);
  accept([2, 3, 4], [1, 6, 4]);
  accept([8], [1, 8, 1, 1]);
  accept([8], [4], { rows: [2, 6] });
  accept([6, 4], [4, 6], { transform: "transpose" });
  accept([], [1]);
  expect(await cutting([6, 4], {}, [4, 6])).toBe(
    'm.safetensors: tensor "w" [6,4] gives a weight of shape [6,4], but the graph wants fp16[4,6]',
  );
  expect(await cutting([6, 4], { rows: [1, 3] }, [6, 4])).toBe(
    'm.safetensors: tensor "w" [6,4] gives a weight of shape [2,4], but the graph wants fp16[6,4]',
  );
  expect(await cutting([6, 4], { rows: [4, 7] }, [3, 4])).toBe(
    'm.safetensors: tensor "w" [6,4] has no rows 4 to 7; it has 6',
  );
  expect(await cutting([6, 4], { columns: [0, 5] }, [6, 5])).toBe(
    'm.safetensors: tensor "w" [6,4] has no columns 0 to 5; it has 4',
  );
});

test("an overflow is refused with its value and place in the stored tensor", async () => {
  const bytes = elements("F32", 5 * 7, 3);
  new DataView(bytes.buffer).setFloat32(4 * (3 * 7 + 2), -70_000.5, true);
  const run = (source: Partial<CheckpointSource>, shape: number[]) =>
    refusal(() =>
      gather(
        streamFp16(
          stored("F32", [5, 7], bytes),
          { source: { from: "checkpoint", tensor: "w", ...source }, type: { dtype: "fp16", shape } },
          newLosses(),
          openWorkshop(),
        ),
      ),
    );
  const sentence =
    'm.safetensors: tensor "w" has -70000.5 at [3,2], which fp16 cannot hold (its largest number is 65504)';
  expect(await run({}, [5, 7])).toBe(sentence);
  expect(await run({ rows: [2, 4], columns: [1, 3] }, [2, 2])).toBe(sentence);
  expect(await run({ columns: [1, 3], transform: "transpose" }, [2, 5])).toBe(sentence);
});
