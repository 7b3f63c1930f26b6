/** What the file system refuses, as sentences for the user: one table for every open, read, write and rename. */
import { UserError } from "../dsl/user-error.ts";

/** By the system's code; each continues `cannot read FILE: …`. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EISDIR", "it is a folder, not a file"],
  ["ENOTDIR", "a part of its path is a file, not a folder"],
  ["EEXIST", "something is there already"],
  ["ENOTEMPTY", "the folder is not empty"],
  ["ENAMETOOLONG", "its name is too long"],
  ["ELOOP", "its symbolic links lead in a circle"],
  ["EILSEQ", "its name cannot be expressed on this disk"],
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the disk quota is used up"],
  ["EROFS", "the disk is read-only"],
  ["EFBIG", "the file is larger than the disk or the process may hold"],
  ["EOVERFLOW", "the file is larger than the system can address"],
  ["ERR_FS_FILE_TOO_LARGE", "the file is too large to be read at once"],
  ["EXDEV", "it would have to move to another disk"],
  ["EBUSY", "something else is using it"],
  ["ETXTBSY", "a program is running from it"],
  ["EMFILE", "too many files are open in this process"],
  ["ENFILE", "too many files are open on this machine"],
  ["EMLINK", "its folder holds too many entries"],
  ["ENOMEM", "the system is short of memory"],
  ["ENOBUFS", "the system is short of memory"],
  ["EAGAIN", "the system is short of resources"],
  ["EINTR", "the system broke the call off"],
  ["ENXIO", "it is a device or a socket, not a file"],
  ["ENODEV", "it is a device or a socket, not a file"],
  ["EIO", "the disk reports an error"],
  ["EREMOTEIO", "the disk reports an error"],
  ["EUCLEAN", "the file system is damaged"],
  ["ESTALE", "it is gone from the server"],
  ["ETIMEDOUT", "the disk does not answer"],
  ["ENOTCONN", "the disk does not answer"],
  ["EINVAL", "the disk does not allow that"],
  ["ENOSYS", "the disk does not allow that"],
  ["ENOTSUP", "the disk does not allow that"],
  ["EOPNOTSUPP", "the disk does not allow that"],
]);

/** Of these a caller of ours is guilty, and nobody else. */
const OURS: ReadonlySet<string> = new Set(["EBADF", "EFAULT", "ENOTTY"]);

/** The system's code of an error, such as `ENOENT`; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** Why the system refused, such as `the disk is full`; undefined for an error that is not the system's. */
export function reasonOf(error: unknown): string | undefined {
  const code = codeOf(error);
  if (code === undefined || OURS.has(code)) return undefined;
  return REASONS.get(code) ?? (/^E[A-Z0-9]+$/.test(code) ? `the system refuses it (${code})` : undefined);
}

/** A failure of the file system as a UserError; any other error as it is. */
export function fileError(error: unknown, path: string, doing: "read" | "write"): unknown {
  const zero = codeOf(error) === "ERR_INVALID_ARG_VALUE" && path.includes("\0");
  const reason = zero ? "its path holds a zero byte" : reasonOf(error);
  return reason === undefined ? error : new UserError(`cannot ${doing} ${path}: ${reason}`);
}

/** What `work` gives; a refusal of the file system is about this path. @throws UserError for what the file system refuses */
export async function refusing<X>(path: string, doing: "read" | "write", work: () => Promise<X>): Promise<X> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, path, doing);
  }
}

/** As `refusing`, for a call that does not wait. @throws UserError for what the file system refuses */
export function refusingSync<X>(path: string, doing: "read" | "write", work: () => X): X {
  try {
    return work();
  } catch (error) {
    throw fileError(error, path, doing);
  }
}

/** A refusal that nobody on the way knew a better sentence for; undefined for an error that is not the system's. */
export function systemRefusal(error: unknown): UserError | undefined {
  const { path, syscall } = (error ?? {}) as { path?: unknown; syscall?: unknown };
  const reason = reasonOf(error);
  if (reason === undefined || typeof syscall !== "string") return undefined;
  if (syscall === "uv_cwd") return new UserError(`the working folder cannot be told: ${reason}`, "change into another");
  return new UserError(`the system refused ${typeof path === "string" ? `${syscall} ${path}` : syscall}: ${reason}`);
}
