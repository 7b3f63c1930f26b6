/** At which numbers of tokens the packages of a build can be called, and how each is asked for. */
import { UserError } from "../dsl/user-error.ts";
import type { LiftOptions } from "../emit/read/lift/lift.ts";
import { identifier } from "../emit/write/names.ts";

/** Every number of tokens from the one to the other; one program for all of them where they differ. */
export interface TokenRange {
  readonly from: number;
  readonly to: number;
}

/** A function of a package, and how many tokens it takes. */
export interface FunctionSize {
  readonly name: string;
  readonly tokens: number;
}

/** One program over a range, or a function for each of several sizes, one of which takes a single token. */
export type TokenSizes = TokenRange | { readonly functions: readonly FunctionSize[] };

/** The numbers of tokens, in rising order. */
export function countsIn(sizes: TokenSizes): readonly number[] {
  if ("functions" in sizes) return sizes.functions.map(({ tokens }) => tokens).toSorted((a, b) => a - b);
  const { from, to } = sizes;
  return Array.from({ length: to - from + 1 }, (_, k) => from + k);
}

/** The largest of them. */
export const widest = (sizes: TokenSizes): number => countsIn(sizes).at(-1)!;

/** Tokens of a block for a host that names no function: what its calls reach then is the default one. */
export const runtimeBlock = (sizes: TokenSizes): number => ("functions" in sizes ? 1 : sizes.to);

/** `1..4`, `4`, or `infer=1,prefill64=64`. */
export function sizesText(sizes: TokenSizes): string {
  if ("functions" in sizes) return sizes.functions.map(({ name, tokens }) => `${name}=${tokens}`).join();
  const { from, to } = sizes;
  return from === to ? `${to}` : `${from}..${to}`;
}

/** Which of its two settings it is, by the option's name. */
export const sizesSetting = (sizes: TokenSizes): Readonly<Record<string, string>> => ({
  ["functions" in sizes ? "functions" : "tokens"]: sizesText(sizes),
});

/** How a package is asked for its graph at so many tokens. A package of one size says itself which it is. */
export function liftAt(sizes: TokenSizes, count: number): LiftOptions {
  if ("functions" in sizes) return { function: functionAt(sizes.functions, count).name };
  return sizes.from === sizes.to ? {} : { tokens: count };
}

/** The function of so many tokens; there is one. */
export const functionAt = (functions: readonly FunctionSize[], count: number): FunctionSize =>
  functions.find(({ tokens }) => tokens === count)!;

/** The function of a single token: the others are proven against it, and it is the default one. */
export const stepIn = (functions: readonly FunctionSize[]): FunctionSize => functionAt(functions, 1);

/**
 * What `sizesSetting` says, read again; undefined for what it does not say.
 */
export function sizesOf({
  tokens,
  functions,
}: {
  readonly tokens?: unknown;
  readonly functions?: unknown;
}): TokenSizes | undefined {
  if (typeof functions === "string")
    return FUNCTION_LIST.test(functions) ? { functions: functionsIn(functions) } : undefined;
  const [from, to = from] = typeof tokens === "string" ? tokens.split("..").map(Number) : [];
  const isRange = Number.isSafeInteger(from) && Number.isSafeInteger(to) && 1 <= from! && from! <= to!;
  return isRange ? { from: from!, to: to! } : undefined;
}

/** The form of a list of functions: see `functionsIn`. */
export const FUNCTION_LIST = /^[A-Za-z_]\w{0,63}(=[1-9]\d{0,3})?(,[A-Za-z_]\w{0,63}(=[1-9]\d{0,3})?)*$/;
const MOST_FUNCTIONS = 8;
const ONE = "infer";

/**
 * The functions that a list names, in its order. An entry is `NAME=T`, a name that ends in its number of tokens (`prefill64`), or `infer`,
 * which takes one.
 * @throws UserError for a list that names no size, one twice, or none of a single token
 */
export function functionsIn(text: string): readonly FunctionSize[] {
  const functions = text.split(",").map(functionIn);
  const twice = functions.find(({ name }, k) => functions.findIndex((other) => other.name === name) < k);
  if (twice) throw new UserError(`the function ${twice.name} is named twice`, "keep one");
  const again = functions.find(({ tokens }, k) => functions.findIndex((other) => other.tokens === tokens) < k);
  if (again) {
    const { name } = functionAt(functions, again.tokens);
    throw new UserError(`${name} and ${again.name} are the same function, of ${again.tokens} tokens`, "keep one");
  }
  if (functions.length === 1)
    throw new UserError(`${text} is one function alone`, "give --tokens for a package of one function");
  if (functions.length > MOST_FUNCTIONS)
    throw new UserError(`${functions.length} functions are named`, `give ${MOST_FUNCTIONS} at most`);
  if (!functions.some(({ tokens }) => tokens === 1))
    throw new UserError(
      `none of the functions ${text} takes one token, and the others are proven against that one`,
      `add ${ONE}`,
    );
  return functions;
}

function functionIn(entry: string): FunctionSize {
  const [name, given] = entry.split("=") as [string, string?];
  if (identifier(name) !== name)
    throw new UserError(`"${name}" cannot be the name of a function: MIL has a use for it`);
  const count = given ?? /[1-9]\d*$/.exec(name)?.[0] ?? (name === ONE ? "1" : undefined);
  if (count === undefined)
    throw new UserError(
      `the function "${name}" does not say how many tokens it takes`,
      `give ${name}=T, such as ${name}=64`,
    );
  return { name, tokens: Number(count) };
}
