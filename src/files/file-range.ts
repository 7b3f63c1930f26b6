/** A stretch of a file. */

/** Where it lies, in bytes. */
export interface FileRange {
  readonly begin: number;
  readonly bytes: number;
}
