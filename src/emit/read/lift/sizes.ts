/** The sizes that a program leaves open, chosen: a graph has none. */
import { type Shape, sameShape } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { MilDim, MilFeature, MilFunction, MilInterface } from "../../mil/records.ts";

/** What to put in place of open sizes. Without either, each input has the default shape of its description. */
export interface ChosenSizes {
  /**
   * T: the size of every token axis. The token axes are the open axes that may have the same sizes as the first open
   * axis of the signature, and have the same default.
   */
  readonly tokens?: number;
  /** Shapes of inputs by name. They win over `tokens`. */
  readonly dims?: Readonly<Record<string, Shape>>;
}

/** An open axis: which sizes its input's description allows. */
interface OpenAxis {
  readonly input: string;
  readonly axis: number;
  readonly fallback: number;
  /** Equal for axes that may have the same sizes and have the same default. */
  readonly family: string;
  allows(size: number): boolean;
}

/**
 * The shape of every input and state of the function by name.
 * @throws UserError when a size is open and not described, or a chosen one is not allowed.
 */
export function inputShapes(
  fn: MilFunction,
  described: MilInterface | undefined,
  sizes: ChosenSizes,
): Readonly<Record<string, Shape>> {
  const features = new Map(described?.inputs.map((x) => [x.name, x]));
  const declared = fn.inputs.map(({ name, type }) => ({
    name,
    shape: type.kind === "state" ? type.tensor.shape : type.shape,
  }));
  const known = new Set(declared.map(({ name }) => name));
  const stray = Object.keys(sizes.dims ?? {}).find((name) => !known.has(name));
  if (stray !== undefined) throw new UserError(`dims names "${stray}", which is no input of "${fn.name}"`);
  const openOf = new Map(declared.map(({ name, shape }) => [name, openAxes(name, shape, features.get(name))]));
  const token = sizes.tokens === undefined ? undefined : tokenFamily([...openOf.values()].flat(), sizes.tokens);
  return Object.fromEntries(
    declared.map(({ name, shape }) => {
      const open = openOf.get(name)!;
      const given = Object.hasOwn(sizes.dims ?? {}, name) ? sizes.dims![name] : undefined;
      const chosen = given ?? fill(shape, open, token, sizes.tokens);
      return [name, checked(name, chosen, shape, features.get(name), open)];
    }),
  );
}

function openAxes(input: string, shape: readonly MilDim[], feature: MilFeature | undefined): readonly OpenAxis[] {
  return shape.flatMap((n, axis) => {
    if (n !== undefined) return [];
    const fallback = feature?.shape?.[axis] ?? feature?.enumerated?.[0]?.[axis] ?? feature?.range?.[axis]?.[0];
    if (fallback === undefined)
      throw new UserError(`input "${input}" has an open size in axis ${axis}, and the description does not bound it`);
    const [low, high] = feature?.range?.[axis] ?? [fallback, fallback];
    const listed = feature?.enumerated?.map((one) => one[axis]!).toSorted((a, b) => a - b);
    const allows = (size: number) => (listed ? listed.includes(size) : size >= low && size <= high);
    const family = `${fallback} of ${listed ? listed.join(",") : `${low}..${high}`}`;
    return [{ input, axis, fallback, family, allows }];
  });
}

function tokenFamily(open: readonly OpenAxis[], tokens: number): string | undefined {
  const [first] = open;
  if (first && !first.allows(tokens))
    throw new UserError(`${tokens} tokens: axis ${first.axis} of input "${first.input}" is ${first.family}`);
  return first?.family;
}

function fill(
  shape: readonly MilDim[],
  open: readonly OpenAxis[],
  token: string | undefined,
  tokens: number | undefined,
): Shape {
  return shape.map((n, axis) => {
    if (n !== undefined) return n;
    const { family, fallback } = open.find((x) => x.axis === axis)!;
    return tokens !== undefined && family === token ? tokens : fallback;
  });
}

function checked(
  name: string,
  chosen: Shape,
  shape: readonly MilDim[],
  feature: MilFeature | undefined,
  open: readonly OpenAxis[],
): Shape {
  const shown = `[${chosen.join(",")}]`;
  const fits = chosen.length === shape.length && shape.every((n, axis) => n === undefined || n === chosen[axis]);
  if (!fits) throw new UserError(`input "${name}" cannot be ${shown}: it is [${shape.map((n) => n ?? "?").join(",")}]`);
  const wrong = open.find((x) => !x.allows(chosen[x.axis]!));
  if (wrong) throw new UserError(`input "${name}" cannot be ${shown}: axis ${wrong.axis} is ${wrong.family}`);
  const listed = feature?.enumerated;
  if (listed && shape.includes(undefined) && !listed.some((one) => sameShape(one, chosen)))
    throw new UserError(`input "${name}" cannot be ${shown}: it is not among its ${listed.length} enumerated shapes`);
  return chosen;
}
