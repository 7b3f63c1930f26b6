/** What is made when it is first asked for: a command does not wait for tables that it never reads. */

/** A function that gives what `make` gives, and calls it once. `make` must depend on nothing that changes. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
