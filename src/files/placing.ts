/**
 * The moves by which a set of files takes the place of another in one folder, and the way back. All is told by what
 * lies where, so that the way back can be taken by another process, and from any point of either way.
 */
import { lstat, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isUserError, UserError } from "../dsl/user-error.ts";
import { codeOf } from "./files.ts";
import { strictJson } from "./json.ts";
import { fields, list, recordOf, shaped } from "./json-shape.ts";
import { syncFolder } from "./whole.ts";

/** What a set of files takes the place of: written before the first move, removed after the last. */
export interface Plan {
  /** Every name that the set may take or leave empty; what speaks of others comes behind them. */
  readonly names: readonly string[];
  /** The names that it has, with the file system's number of each: a stranger at its place is told apart. */
  readonly staged: Readonly<Record<string, string>>;
}

/** The folder of the set, and the hidden one in it that holds what is not in its place. */
export interface Room {
  readonly folder: string;
  readonly hidden: string;
}

/** Where the set is written, under its final names. */
export const stagingOf = ({ hidden }: Room): string => join(hidden, "new");
const asideOf = ({ hidden }: Room): string => join(hidden, "old");
const planOf = ({ hidden }: Room): string => join(hidden, "plan.json");

/** The plan by which what was staged takes the place of all that stands under the names. @throws the system's error */
export async function planFor(room: Room, names: readonly string[], staged: readonly string[]): Promise<Plan> {
  const numbers: [name: string, number: string][] = [];
  for (const name of names.filter((one) => staged.includes(one)))
    numbers.push([name, `${(await lstat(join(stagingOf(room), name), { bigint: true })).ino}`]);
  return { names, staged: Object.fromEntries(numbers) };
}

/**
 * Writes the plan down and makes the moves: all that stands goes aside, what speaks of others first; then all that is
 * staged takes its place, what speaks of others last. So no old file ever stands beside a new one, and what speaks of
 * others never stands without them.
 * @throws the system's error; then `putBack` is due
 */
export async function placeSet(room: Room, plan: Plan): Promise<void> {
  await mkdir(asideOf(room), { recursive: true });
  const beside = `${planOf(room)}.tmp`;
  await writeFile(beside, JSON.stringify(plan), { flush: true });
  await rename(beside, planOf(room));
  await syncFolder(room.hidden);
  for (const name of plan.names.toReversed()) await moveIfThere(join(room.folder, name), join(asideOf(room), name));
  for (const name of Object.keys(plan.staged)) await rename(join(stagingOf(room), name), join(room.folder, name));
  await syncFolder(room.folder);
}

/** From here on the set stands: whoever finds the hidden folder removes it. @throws the system's error */
export const forgetPlan = (room: Room): Promise<void> => rm(planOf(room), { force: true });

/**
 * Takes back what was placed and puts back what went aside, as far as there is a plan; true when there was one.
 * @throws UserError when the plan is none or a place is taken, and the system's error; the way back can be tried again
 */
export async function putBack(room: Room): Promise<boolean> {
  const plan = await readPlan(room);
  if (!plan) return false;
  for (const name of plan.names.toReversed()) {
    const [staged, place] = [join(stagingOf(room), name), join(room.folder, name)];
    const number = plan.staged[name];
    const placed = number !== undefined && (await numberOf(staged)) === undefined;
    if (placed && (await numberOf(place)) === number) await rename(place, staged);
  }
  for (const name of plan.names) {
    const [aside, place] = [join(asideOf(room), name), join(room.folder, name)];
    if ((await numberOf(aside)) === undefined) continue;
    if ((await numberOf(place)) !== undefined)
      throw new UserError(`${place} is in the way of what stood there before, which is ${aside}`, "move one of them");
    await rename(aside, place);
  }
  await syncFolder(room.folder);
  return true;
}

async function readPlan(room: Room): Promise<Plan | undefined> {
  const text = await readFile(planOf(room), "utf8").catch(undefinedIfAbsent);
  if (text === undefined) return undefined;
  const plan = asPlan(text, planOf(room));
  if (!plan) throw new UserError(`${planOf(room)} does not tell what an emit that was killed moved aside`);
  return plan;
}

const PLAN = fields({ names: list("file name"), staged: recordOf("string") });

function asPlan(text: string, where: string): Plan | undefined {
  try {
    return shaped(strictJson(text, where), PLAN, (problem) => new UserError(problem));
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  if ((await numberOf(from)) !== undefined) await rename(from, to);
}

/** The file system's number of what has this name, links not followed; undefined for nothing. */
async function numberOf(path: string): Promise<string | undefined> {
  const found = await lstat(path, { bigint: true }).catch(undefinedIfAbsent);
  return found?.ino.toString();
}

/** The folders are known to be there, so that nothing else means that a name is not. */
function undefinedIfAbsent(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}
