/** A package that a caller of the library gives. It stands by itself: what the declarations of the public types need is kept small. */

import { type Fields, isFields, shown } from "../dsl/given/values.ts";
import { UserError } from "../dsl/user-error.ts";
import type { Package } from "../emit/read/read.ts";

/** @throws UserError where it was not read by `readPackage` */
export function packageGiven(value: unknown, what: string): Package {
  const read = isFields(value) && typeof value.path === "string" && isFields(value.model) && isFields(value.blobs);
  if (read && Array.isArray((value.model as Fields).functions)) return value as unknown as Package;
  throw new UserError(`${what} must be a package, not ${shown(value)}`, "readPackage() reads one");
}
