/** Tensors of a store that are read as one matrix, the rows of each below those of the one before. */
import { UserError } from "../../dsl/user-error.ts";
import { sourceBytes } from "./convert.ts";
import type { PackedElements } from "./packed.ts";
import { type CheckpointSource, matrixOf, type ReadableTensor } from "./rectangle.ts";

/**
 * What a weight is read out of: its tensor, or all that are joined.
 * @param find The tensor of a name; throws UserError where there is none.
 * @throws UserError where joined tensors do not fit each other
 */
export function readableOf(
  { tensor, joined }: CheckpointSource,
  find: (tensor: string) => ReadableTensor,
): ReadableTensor {
  if (!joined) return find(tensor);
  const parts = joined.map((part) => find(part.tensor));
  const first = parts[0]!;
  const width = matrixOf(first.shape)[1];
  for (const [i, { name, where, dtype, shape }] of parts.entries()) {
    const seen = `${where}: tensor "${name}" is ${dtype} [${shape.join(",")}]`;
    const wanted = joined[i]!.rows;
    if (matrixOf(shape)[0] !== wanted) throw new UserError(`${seen}, and the graph takes ${wanted} rows of it`);
    if (dtype !== first.dtype || matrixOf(shape)[1] !== width)
      throw new UserError(
        `${seen}, which does not stand below tensor "${first.name}", ${first.dtype} [${first.shape.join(",")}]`,
        "give both one dtype and one width",
      );
  }
  const rows = joined.reduce((sum, part) => sum + part.rows, 0);
  return {
    name: joined.map((part) => part.tensor).join(" + "),
    where: first.where,
    dtype: first.dtype,
    shape: [rows, ...first.shape.slice(1)],
    read: readAcross(parts, width * sourceBytes[first.dtype]),
    packed: packedAcross(parts, width),
  };
}

/** All parts in blocks of one kind: joined they are, too. */
function packedAcross(parts: readonly ReadableTensor[], width: number): PackedElements | undefined {
  const packed = parts.flatMap((part) => (part.packed ? [{ shape: part.shape, ...part.packed }] : []));
  const first = packed[0];
  if (!first || packed.length < parts.length || packed.some(({ code }) => code !== first.code)) return undefined;
  const { code, elements, bytes } = first;
  return { code, elements, bytes, read: readAcross(packed, (width / elements) * bytes) };
}

type Rows = Pick<ReadableTensor, "shape" | "read">;

/** Fills a target with the bytes from an offset on of tensors one after another, whose rows have so many bytes. */
const readAcross =
  (parts: readonly Rows[], rowBytes: number): ReadableTensor["read"] =>
  async (target, offset) => {
    const jobs: Promise<void>[] = [];
    let begin = 0;
    for (const part of parts) {
      const end = begin + matrixOf(part.shape)[0] * rowBytes;
      const [from, to] = [Math.max(begin, offset), Math.min(end, offset + target.length)];
      if (from < to) jobs.push(part.read(target.subarray(from - offset, to - offset), from - begin));
      begin = end;
    }
    await Promise.all(jobs);
  };
