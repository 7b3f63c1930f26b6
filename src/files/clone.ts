/** Copies of whole files, which share their blocks with the original where the file system can do that. */
import { constants, copyFile } from "node:fs/promises";

/**
 * Copies a file to a place where there is none. Where the file system has copy-on-write (APFS, Btrfs, XFS) nothing is moved; a
 * hard link it never is, so that a change of one leaves the other as it was.
 * @throws the system's error when that is refused
 */
export const cloneFile = (from: string, to: string): Promise<void> =>
  copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
