/** Allocations that failed: no fault of graphc, but more than this machine, or JavaScript, can hold. */
import { UserError } from "../../dsl/user-error.ts";
import type { Options } from "../options/option.ts";

/** What V8 and Node say of one, by what it was that could not be made. */
const SAID: readonly (readonly [message: RegExp, what: string])[] = [
  [/^Array buffer allocation failed$/, "a buffer"],
  [/^Invalid (typed array|array buffer|DataView) length/, "a buffer"],
  [/^WebAssembly\.Memory\(\): could not allocate memory/, "the memory of a run"],
  [/^Invalid string length$/, "a text"],
  [/^Cannot create a string longer than/, "a text"],
  [/^(Map|Set) maximum size exceeded$/, "a table"],
  [/^Failed to allocate memory$/, "a buffer"],
];

/** Options that make what a command works on smaller, in the order in which to try them. */
const SMALLER = ["max-seq", "tokens", "layers"] as const;

/** The failure as a sentence with what to lower; undefined when the error is another. */
export function outOfMemory(error: unknown, options: Options = {}): UserError | undefined {
  if (!(error instanceof RangeError || (error as { code?: unknown } | undefined)?.code === "ERR_STRING_TOO_LONG"))
    return undefined;
  const { message } = error as Error;
  const what = SAID.find(([said]) => said.test(message))?.[1];
  if (what === undefined) return undefined;
  const names = SMALLER.filter((name) => Object.hasOwn(options, name)).map((name) => `--${name}`);
  const lower = names.length > 0 ? `lower ${names.join(", ")}, or ` : "";
  return new UserError(
    `${what} could not be allocated (${message})`,
    `${lower}give a smaller input, or run it where more memory is free`,
  );
}
