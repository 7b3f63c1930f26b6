/** The file of `build --report`: what quantising cost each matrix and each layer. */
import { dirname, join, resolve } from "node:path";
import { type LayerError, layerErrors } from "../../build/layer-errors.ts";
import { losses } from "../../build/losses.ts";
import { UserError } from "../../dsl/user-error.ts";
import { statOf } from "../../files/regular.ts";
import { writeWhole } from "../../files/whole.ts";
import type { QuantisingStore } from "../../weights/quantise/quantise.ts";
import type { Args } from "../options/command.ts";
import type { Io } from "../terminal/io.ts";
import type { WholeModel } from "./model.ts";

/** Hours may lie before the report. @throws UserError for a path at which none can stand */
export async function checkReport(path: string | undefined, folder: string): Promise<void> {
  if (path === undefined) return;
  const file = resolve(path);
  if (file === folder || file.startsWith(join(folder, "/")))
    throw new UserError(`--report ${path} lies in the build's own folder`, "give a place beside it");
  if ((await statOf(file))?.isDirectory()) throw new UserError(`--report ${path} is a folder`, "name a file");
  if (!(await statOf(dirname(file)))?.isDirectory()) throw new UserError(`--report ${path}: its folder does not exist`);
}

interface ReportJob {
  readonly args: Args;
  readonly io: Io;
  readonly store: QuantisingStore;
}

/** What each layer lost, and the file that says so; undefined where it was not asked for. @throws UserError for what disk or weights refuse */
export async function lossReport(
  { plan }: WholeModel,
  { args, io, store }: ReportJob,
): Promise<readonly LayerError[] | undefined> {
  const path = args.text("report");
  if (path === undefined) return undefined;
  const progress = io.progress("comparing layers");
  const job = { plan, store, signal: io.signal, onProgress: progress.update };
  const layers = await layerErrors(job).finally(progress.end);
  const matrices = await losses(plan, store, io.signal);
  const text = `${JSON.stringify({ matrices, layers }, null, 2)}\n`;
  await writeWhole(resolve(path), async (handle) => void (await handle.writeFile(text)));
  return layers;
}
