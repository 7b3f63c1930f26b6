/** Tensors of a store that are read as one matrix, the rows of each below those of the one before. */
import { UserError } from "../dsl/user-error.ts";
import { sourceBytes } from "./convert.ts";
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
    read: (target, offset) => readAcross(parts, width * sourceBytes[first.dtype], target, offset),
  };
}

/** Fills `target` with the bytes from `offset` on of the tensors one after another. */
async function readAcross(
  parts: readonly ReadableTensor[],
  rowBytes: number,
  target: Uint8Array,
  offset: number,
): Promise<void> {
  const jobs: Promise<void>[] = [];
  let begin = 0;
  for (const part of parts) {
    const end = begin + matrixOf(part.shape)[0] * rowBytes;
    const [from, to] = [Math.max(begin, offset), Math.min(end, offset + target.length)];
    if (from < to) jobs.push(part.read(target.subarray(from - offset, to - offset), from - begin));
    begin = end;
  }
  await Promise.all(jobs);
}
