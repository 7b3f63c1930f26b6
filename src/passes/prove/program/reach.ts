/** How long a block may be that is still proven. */
import { UserError } from "../../../dsl/user-error.ts";

/** Terms grow with the square of T and time with its cube: a proof for this many tokens takes hours. */
const MOST_TOKENS = 1024;

/** @throws UserError when a proof for blocks of so many tokens is out of reach */
export function checkProvable(tokens: number): void {
  if (tokens > MOST_TOKENS)
    throw new UserError(
      `a proof for blocks of ${tokens} tokens is out of reach: its terms grow with the square of that`,
      `give ${MOST_TOKENS} --tokens at most`,
    );
}
