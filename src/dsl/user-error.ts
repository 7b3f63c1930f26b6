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

/** The whole sentence: what is wrong; what to do. */
export const sentenceOf = ({ message, mend }: { readonly message: string; readonly mend?: string }): string =>
  mend === undefined ? message : `${message}; ${mend}`;
