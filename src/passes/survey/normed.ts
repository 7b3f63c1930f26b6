/** Which values of a graph are normed (RMSNorm): found by what is done to them, whatever they are called. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { sizeOf } from "../../dsl/type.ts";

/** A value that is divided by the root of its own mean square. */
export interface Normed {
  readonly value: Tensor;
  /** The axes that the mean goes over: a row is what lies along them. */
  readonly axes: readonly number[];
  /** Added to the mean square of the value, as far as the graph's dtype kept it; absent where it was not understood. */
  readonly eps?: number;
}

/**
 * Every fp16 value that is normed, once, in the graph's order. Understood are √ or rsqrt of a mean of squares, of the value
 * itself or scaled by a number or row by row, and layer_norm of [x, −x].
 */
export function normedValues(graph: Graph): readonly Normed[] {
  const values = schedule(graph);
  const users = usersOf(values);
  const found = values.flatMap((value) => normOf(value, users) ?? []);
  const key = ({ value, axes }: Normed): string => `${values.indexOf(value)} ${axes}`;
  return [...new Map(found.toReversed().map((norm) => [key(norm), norm])).values()].toReversed();
}

type Users = ReadonlyMap<Tensor, readonly Tensor[]>;

function usersOf(values: readonly Tensor[]): Users {
  const users = new Map<Tensor, Tensor[]>(values.map((value) => [value, []]));
  for (const value of values)
    if (value.def.kind === "op") for (const x of new Set(operandsOf(value.def))) users.get(x)!.push(value);
  return users;
}

function normOf(value: Tensor, users: Users): Normed | undefined {
  const norm = ofMirrored(value) ?? ofMeanSquare(value, users);
  return norm?.value.type.dtype === "fp16" ? norm : undefined;
}

/** layer_norm of [x, −x], whose mean is 0 and whose variance is mean(x²). */
function ofMirrored(value: Tensor): Normed | undefined {
  const norm = isOp(value, "layer_norm");
  const both = norm && isOp(operandsOf(norm)[0]!, "concat");
  if (!norm || !both) return undefined;
  const [x, mirrored, ...more] = operandsOf(both);
  const negated = mirrored && isOp(mirrored, "mul");
  if (!x || !negated || more.length > 0) return undefined;
  const axes = norm.attrs.axes as readonly number[];
  const isMirror = operandsOf(negated).includes(x) && operandsOf(negated).some((c) => numberOf(c) === -1);
  if (!isMirror || !axes.includes(both.attrs.axis as number)) return undefined;
  return { value: x, axes, eps: norm.attrs.epsilon as number };
}

/** A mean of squares whose root is taken, with eps or without. */
function ofMeanSquare(mean: Tensor, users: Users): Normed | undefined {
  const def = isOp(mean, "reduce_mean");
  const z = def && squared(operandsOf(def)[0]!);
  if (!def || !z) return undefined;
  const axes = def.attrs.axes as readonly number[];
  const scaled = unscaled(z, axes);
  const roots = users.get(mean)!.flatMap((user) => rootOf(user, mean, users));
  if (roots.length === 0) return undefined;
  const eps = roots.map((root) => epsOf(root, scaled)).find((e) => e !== undefined);
  return { value: scaled.value, axes, ...(eps === undefined ? {} : { eps }) };
}

/** What is squared: square(z) or z · z. */
function squared(value: Tensor): Tensor | undefined {
  const square = isOp(value, "square");
  if (square) return operandsOf(square)[0];
  const [a, b] = operandsOfOp(value, "mul");
  return a === b ? a : undefined;
}

/** z = value · factor / divisor. */
interface Scaled {
  readonly value: Tensor;
  readonly factor: number;
  /** One number a row. */
  readonly divisor?: Tensor;
}

function unscaled(z: Tensor, axes: readonly number[]): Scaled {
  const [a, b] = operandsOfOp(z, "mul");
  const [times, factor] = a && numberOf(a) !== undefined ? [b, numberOf(a)] : [a, b && numberOf(b)];
  if (times && factor !== undefined) return { value: times, factor };
  const [value, divisor] = operandsOfOp(z, "real_div");
  if (!value || !divisor) return { value: z, factor: 1 };
  const number = numberOf(divisor);
  if (number !== undefined) return { value, factor: 1 / number };
  const perRow = divisor.type.shape.length === z.type.shape.length && axes.every((a) => divisor.type.shape[a] === 1);
  return perRow ? { value, factor: 1, divisor } : { value: z, factor: 1 };
}

/** What is added to a mean square before its root is taken: a value, and the root's own epsilon. */
interface Root {
  readonly added?: Tensor;
  readonly epsilon: number;
}

function rootOf(user: Tensor, mean: Tensor, users: Users): readonly Root[] {
  const root = isOp(user, "sqrt") ?? isOp(user, "rsqrt");
  if (root) return [{ epsilon: (root.attrs.epsilon as number | undefined) ?? 0 }];
  const [a, b] = operandsOfOp(user, "add");
  if (!a || !b) return [];
  const added = a === mean ? b : a;
  return users
    .get(user)!
    .flatMap((next) => (isOp(next, "add") ? [] : rootOf(next, user, users)))
    .map((next) => ({ ...next, added }));
}

/** eps of the value from eps of what was scaled: (c·x)² has eps·c², and (x/m)² has eps/m², which is divided step by step. */
function epsOf({ added, epsilon }: Root, { factor, divisor }: Scaled): number | undefined {
  if (!divisor) {
    const number = added ? numberOf(added) : 0;
    return number === undefined ? undefined : (number + epsilon) / factor ** 2;
  }
  const [once, last] = added ? operandsOfOp(added, "real_div") : [];
  const [eps, first] = once ? operandsOfOp(once, "real_div") : [];
  return eps && first === divisor && last === divisor && epsilon === 0 ? numberOf(eps) : undefined;
}

const isOp = ({ def }: Tensor, op: string): OpDef | undefined => (def.kind === "op" && def.op === op ? def : undefined);

const operandsOfOp = (value: Tensor, op: string): readonly Tensor[] => {
  const def = isOp(value, op);
  return def ? operandsOf(def) : [];
};

/** The number that a constant of one element is. */
const numberOf = ({ def, type }: Tensor): number | undefined =>
  def.kind === "const" && sizeOf(type.shape) === 1 ? def.data[0] : undefined;
