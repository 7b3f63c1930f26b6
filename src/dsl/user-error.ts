/** A mistake of the user's outside any graph: one clear sentence that names the thing and the mend. Exit code 2. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** By name, not by instanceof: the author's file may have loaded its own copy of the library. */
export const isUserError = (error: unknown): error is UserError => error instanceof Error && error.name === "UserError";
