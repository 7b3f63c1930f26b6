/** A mistake of the user's outside any graph: what is wrong, and what to do about it. Exit code 2. */

/** The message says what is wrong, in one clear sentence that names the thing; `mend` says what to do about it. */
export class UserError extends Error {
  override readonly name = "UserError";
  /** Without the message before it, such as `raise max_seq`. */
  readonly mend?: string;

  constructor(message: string, mend?: string) {
    super(message);
    if (mend !== undefined) this.mend = mend;
  }
}

/** By name, not by instanceof: the author's file may have loaded its own copy of the library. */
export const isUserError = (error: unknown): error is UserError => error instanceof Error && error.name === "UserError";

/** The whole sentence: what is wrong; what to do. @throws UserError for what has no message, or a mend that is no text */
export function sentenceOf(error: { readonly message: string; readonly mend?: string }): string {
  const { message, mend } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof message !== "string") throw new UserError("what a sentence is made of must be an error with a message");
  if (mend !== undefined && typeof mend !== "string") throw new UserError("the mend of an error must be a text");
  return mend === undefined ? message : `${message}; ${mend}`;
}
