/** Opens a package folder or a bare model file, whoever wrote it: records, blobs, graphs. */
import type { Graph } from "../../dsl/graph.ts";
import { printable } from "../../dsl/printable.ts";
import { isUserError, UserError } from "../../dsl/user-error.ts";
import { readRegularSync, statOfSync } from "../../files/regular.ts";
import type { MilModel } from "../mil/records.ts";
import { type Blobs, type KnownDigest, openBlobs } from "./blobs/blob.ts";
import { decodeModel } from "./decode/decode.ts";
import { checkDescribed } from "./described.ts";
import { type Lifted, type LiftOptions, liftFunction } from "./lift/lift.ts";
import { rootItemOf } from "./manifest.ts";

/** A package that was opened: its records are in memory, its weights are not. */
export interface Package {
  /** As given: the package folder or the model file. */
  readonly path: string;
  readonly modelFile: string;
  readonly model: MilModel;
  /** The blobs that the model refers to; looked up when asked for. */
  readonly blobs: Blobs;
}

/**
 * Reads a `.mlpackage` folder, or a `.mlmodel` file that stands alone (its weights, if any, lie beside it).
 * @throws UserError when the path is no package, the manifest breaks a rule, or the model is not an ML Program.
 */
export function readPackage(path: string, digestOf?: KnownDigest): Package {
  const modelFile = modelFileOf(path);
  const bytes = readRegularSync(modelFile);
  const model = naming(path, () => decodeModel(bytes));
  return { path, modelFile, model, blobs: openBlobs(modelFile, digestOf) };
}

/**
 * A function of the package as a graph.
 * @throws UserError as `liftedOf` does
 */
export const graphOf = (pkg: Package, options: LiftOptions = {}): Graph => liftedOf(pkg, options).graph;

/**
 * A function of the package as a graph, with what its names stand for.
 * @throws UserError that names the package, the function, the op and its position; and when the description
 * contradicts the function.
 */
export const liftedOf = ({ path, model, blobs }: Package, options: LiftOptions = {}): Lifted =>
  naming(path, () => {
    const lifted = liftFunction(model, blobs, options);
    checkDescribed(model, lifted.function);
    return lifted;
  });

function modelFileOf(path: string): string {
  const stat = statOfSync(path);
  if (!stat) throw new UserError(`${path} does not exist`);
  if (!stat.isDirectory()) return path;
  const root = rootItemOf(path);
  if (statOfSync(root)?.isDirectory())
    throw new UserError(`${path}: the root item of the manifest is a folder, not a model file`);
  return root;
}

/** Puts the path in front of what `read` complains of, on one line whatever the names in the file hold. */
function naming<X>(path: string, read: () => X): X {
  try {
    return read();
  } catch (error) {
    if (isUserError(error)) throw new UserError(printable(`${path}: ${error.message}`), error.mend);
    throw error;
  }
}
