/** Whether a checkpoint holds every weight that a graph names, in a shape that gives it; no element is read. */
import type { Tensor } from "../dsl/tensor.ts";
import { type Shape, show } from "../dsl/type.ts";
import { isUserError, UserError } from "../dsl/user-error.ts";
import { isSourceDType } from "./convert/convert.ts";
import { readableOf } from "./convert/joined.ts";
import { type ReadableTensor, rectangleOf } from "./convert/rectangle.ts";

/** A tensor of a checkpoint as its header announces it. */
interface Announced {
  readonly dtype: string;
  readonly shape: Shape;
}

/**
 * Holds every weight among `values` against the tensors of a checkpoint.
 * @param where The checkpoint's folder, for messages.
 * @throws UserError with the first problem and how many more there are.
 */
export function checkWeights(values: Iterable<Tensor>, tensors: ReadonlyMap<string, Announced>, where: string): void {
  const problems = new Set<string>();
  for (const value of values) {
    const problem = problemOf(value, tensors, where);
    if (problem !== undefined) problems.add(problem);
  }
  const [first, ...more] = problems;
  if (first === undefined) return;
  throw new UserError(more.length > 0 ? `${first} (and ${more.length} more problems like this)` : first);
}

function problemOf({ def, type }: Tensor, tensors: ReadonlyMap<string, Announced>, where: string): string | undefined {
  if (def.kind !== "weight" || def.source.from !== "checkpoint") return undefined;
  const find = (tensor: string): ReadableTensor => {
    const stored = tensors.get(tensor);
    if (!stored) throw new UserError(`${where}: tensor "${tensor}" is missing; the graph wants ${show(type)}`);
    const { dtype, shape } = stored;
    if (!isSourceDType(dtype))
      throw new UserError(`${where}: tensor "${tensor}" has dtype ${dtype}, which is not supported`);
    return { name: tensor, where, dtype, shape, read: unread };
  };
  try {
    rectangleOf(readableOf(def.source, find), def.source, type);
    return undefined;
  } catch (error) {
    if (isUserError(error)) return error.message;
    throw error;
  }
}

/** The shape alone is judged. */
const unread = (): never => {
  throw new Error("a weight was read where only its shape is checked");
};
