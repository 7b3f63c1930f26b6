/**
 * A set of files and folders that appears in one folder all at once or not at all.
 *
 * Everything is written into a hidden folder of the target folder, `.graphc-emit-…`, which is the lock too (lock.ts). It
 * holds `new/` with the set under its final names, `old/` with what was moved aside, and `plan.json` from before the
 * first move until after the last (placing.ts). So, whenever the process dies:
 *
 *   no plan.json   the old set stands (nothing was moved yet) or the new one does (all was): the hidden folder is waste
 *   plan.json      the moves were under way: what stands is a part of the old set or of the new, never of both
 *
 * The next transaction in the folder takes the moves back where there is a plan, and removes the hidden folder. Taking
 * back may itself be killed, and is taken up again.
 */
import { mkdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { isUserError, UserError } from "../dsl/user-error.ts";
import { reasonOf, refusing } from "./files.ts";
import { giveSignsOfLife, type Lock, takeLock } from "./lock.ts";
import { makeFolder, removeEmpty } from "./made-folder.ts";
import { forgetPlan, placeSet, planFor, putBack, type Room, stagingOf } from "./placing.ts";
import { checkTargets, type Target } from "./target.ts";
import { syncFolder, syncTree } from "./whole.ts";

/** A set under way. */
export interface Transaction {
  /** Where its files and folders are to be written, under their final names. */
  readonly staging: string;
  /**
   * Places what was staged under these names, and removes what stood under the others. Then the set stands for good.
   * @returns warnings: what could not be tidied up
   * @throws UserError when it is refused: then the old set stands, and `abandon` is due
   */
  commit(staged: readonly string[]): Promise<readonly string[]>;
  /** Removes all that was staged, and the folders that were made for it. @returns warnings: what could not be tidied up */
  abandon(): Promise<readonly string[]>;
}

/** A set for one folder. */
export interface TransactionRequest {
  /** An absolute path; it is made when it is not there. */
  readonly folder: string;
  /** Its names; what speaks of others comes behind them. */
  readonly targets: readonly Target[];
  /** Told what a killed process had left, and of what cannot be tidied up before there is a transaction. */
  warn?(text: string): void;
}

/**
 * Takes the folder for this set; missing folders are made. What a killed process left there is tidied up first.
 * @throws UserError when another is at work there, a name is taken, or the file system refuses.
 */
export async function openTransaction(request: TransactionRequest): Promise<Transaction> {
  const { folder, targets, warn } = request;
  const shown = join(folder, targets[0]!.name);
  const made = await makeFolder(folder, shown);
  const lock = await refusing(shown, "write", () => takeLock(folder)).catch(async (error: unknown) => {
    await removeEmpty(folder, made);
    throw error;
  });
  const transaction = transactionIn({ request, room: { folder, hidden: join(folder, lock.own) }, lock, made, shown });
  try {
    for (const name of lock.left) await tidyUp({ folder, hidden: join(folder, name) }, warn);
    await checkTargets(folder, targets);
    await refusing(shown, "write", () => mkdir(transaction.staging));
    return transaction;
  } catch (error) {
    for (const text of await transaction.abandon()) warn?.(text);
    throw error;
  }
}

interface Opened {
  readonly request: TransactionRequest;
  readonly room: Room;
  readonly lock: Lock;
  /** The outermost folder that was made. */
  readonly made: string | undefined;
  /** The path that stands for the set in sentences. */
  readonly shown: string;
}

function transactionIn({ request: { folder, targets }, room, lock, made, shown }: Opened): Transaction {
  const stopSigns = giveSignsOfLife(folder, lock.own);
  let kept = false;
  return {
    staging: stagingOf(room),
    async commit(staged) {
      await refusing(shown, "write", () => syncTree(stagingOf(room)));
      await checkTargets(folder, targets);
      const names = targets.map(({ name }) => name);
      await refusing(shown, "write", () => placeForGood(room, names, staged)).catch(async (error: unknown) => {
        await putBack(room).catch((second: unknown) => {
          kept = true;
          throw notPutBack(error, second, room);
        });
        throw error;
      });
      await stopSigns();
      return [...(await syncNames(room, made, shown)), ...(await removeHidden(room))];
    },
    async abandon() {
      await stopSigns();
      if (kept) return [];
      const warnings = await removeHidden(room);
      await removeEmpty(folder, made);
      return warnings;
    },
  };
}

async function placeForGood(room: Room, names: readonly string[], staged: readonly string[]): Promise<void> {
  await placeSet(room, await planFor(room, names, staged));
  await forgetPlan(room);
}

/** What else stands after the moves is that a loss of power could undo them, as a whole. */
async function syncNames({ folder, hidden }: Room, made: string | undefined, shown: string): Promise<string[]> {
  try {
    await syncFolder(hidden);
    for (let inner = folder; made !== undefined && !relative(made, inner).startsWith(".."); inner = dirname(inner))
      await syncFolder(dirname(inner));
    return [];
  } catch (error) {
    return [`${shown} is written with all that belongs to it, but may not outlast a loss of power: ${whyOf(error)}`];
  }
}

/** Without its files a plan would say something else, so it goes first, and all stays while it does. */
async function removeHidden(room: Room): Promise<readonly string[]> {
  try {
    await forgetPlan(room);
    await rm(room.hidden, { recursive: true, force: true });
    return [];
  } catch (error) {
    return [`${room.hidden} could not be removed: ${whyOf(error)}`];
  }
}

/** Finishes what a killed process left. @throws UserError when a set that was moved aside cannot be put back */
async function tidyUp(room: Room, warn: TransactionRequest["warn"]): Promise<void> {
  const back = await refusing(room.hidden, "read", () => putBack(room));
  if (back) warn?.(`an emit into ${room.folder} was killed while it placed its files: what stood there before is back`);
  for (const text of await removeHidden(room)) warn?.(text);
}

function notPutBack(error: unknown, second: unknown, { folder, hidden }: Room): UserError {
  return new UserError(
    `${whyOf(error)}; what stood in ${folder} could not be put back (${whyOf(second)}) and is kept in ${hidden}`,
    `the next emit into ${folder} puts it back`,
  );
}

const whyOf = (error: unknown): string => (isUserError(error) ? error.message : (reasonOf(error) ?? `${error}`));
