/** The user's wish to stop, where a job had to tidy up first. Exit code 130, as of a process that an interrupt ends. */

/** The message says that the job was interrupted, and what it left. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
