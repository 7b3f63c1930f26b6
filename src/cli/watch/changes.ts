/** Waits until a file changes, however an editor writes it: in place, by a rename, or after it was away for a while. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** An editor that empties a file before it writes it is waited for, in ms. */
const SETTLED = 15;
/** Where the system tells of no change, such as on a drive in the network, in ms. */
const LOOK_AGAIN = 1000;

/** What of a file tells that it is another one; a missing one has a state of its own. */
function stateOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : "missing";
}

/** The states of files, to be taken before they are read: what changes while they are read is a change. */
export const statesOf = (paths: readonly string[]): ReadonlyMap<string, string> =>
  new Map(paths.map((path) => [path, stateOf(path)]));

/** The files that are not as they were any more; empty only when the signal is aborted. */
export async function changed(before: ReadonlyMap<string, string>, stop: AbortSignal): Promise<readonly string[]> {
  const differing = () => [...before].filter(([path, state]) => stateOf(path) !== state).map(([path]) => path);
  while (!stop.aborted && differing().length === 0) await somethingMoved([...before.keys()], stop);
  await new Promise((done) => setTimeout(done, SETTLED));
  return stop.aborted ? [] : differing();
}

/** Until the system tells of a change beside the files, a second has gone, or the signal is aborted. */
async function somethingMoved(paths: readonly string[], stop: AbortSignal): Promise<void> {
  const names = new Set(paths.map((path) => basename(path)));
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let end = () => {};
  await new Promise<void>((done) => {
    end = done;
    timer = setTimeout(done, LOOK_AGAIN);
    stop.addEventListener("abort", end, { once: true });
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      const watcher = watcherOf(folder, (name) => (name === null || names.has(name) ? done() : undefined));
      if (watcher) watchers.push(watcher);
    }
  });
  clearTimeout(timer);
  stop.removeEventListener("abort", end);
  for (const watcher of watchers) watcher.close();
}

/** None where the folder is away, or the system has no more of them to give: then it is looked at every second. */
function watcherOf(folder: string, onMove: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, (_, name) => onMove(name)).on("error", () => {});
  } catch {
    return undefined;
  }
}
