/** Replays incidents: runs the command line with the fault and the mended one, and says of each whether the named check saw it. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { match } from "ts-pattern";
import type { Graphc } from "../options/command.ts";
import type { Io } from "../terminal/io.ts";
import { type Answer, passes, told } from "./answer.ts";
import type { Incident, NotReplayed, Replay, Variant, Word } from "./incident.ts";
import { staged } from "./stage.ts";

/** What became of an incident. */
export interface Replayed {
  readonly incident: Incident;
  /** The command line with the fault, as a user would write it. */
  readonly command: string;
  /** What the named check said of the fault; undefined where it did not see it. */
  readonly sentence?: string;
  /** Whether the mended one passes the very same check. */
  readonly twinPasses: boolean;
}

/** Whether there is something to run. */
export const isReplay = (replay: Replay | NotReplayed): replay is Replay => "line" in replay;

/** What the command answered to each of the two, and where they were written, which is gone by now. */
export interface Answers extends Readonly<Record<Variant, Answer>> {
  readonly folder: string;
}

/** Runs both command lines with `graphc`, in a folder of their own that is removed afterwards. */
export async function answersOf(replay: Replay, graphc: Graphc): Promise<Answers> {
  const folder = await mkdtemp(join(tmpdir(), "graphc-incident-"));
  try {
    const faulty = await answered(replay, "faulty", folder, graphc);
    return { folder, faulty, mended: await answered(replay, "mended", folder, graphc) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the named check makes of the answers. */
export function judged(incident: Incident, replay: Replay, { folder, faulty, mended }: Answers): Replayed {
  const sentence = told(replay.caught, faulty)?.replaceAll(`${join(folder, "faulty")}/`, "");
  return {
    incident,
    command: commandOf(replay.line("faulty")),
    ...(sentence === undefined ? {} : { sentence }),
    twinPasses: passes(replay.caught, mended),
  };
}

async function answered({ line }: Replay, variant: Variant, folder: string, graphc: Graphc): Promise<Answer> {
  const own = join(folder, variant);
  await mkdir(own);
  const words = await staged(line(variant), own);
  const [out, io] = collecting();
  // What a command writes beside its answer goes into the same folder.
  const to = match(words[0])
    .with("run", () => ["--out", join(own, "out.safetensors")])
    .with("emit", () => ["--out", join(own, "build")])
    .otherwise(() => []);
  const code = await graphc([...words, ...to, "--json"], io);
  return { code, json: jsonOf(out.join("\n")) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Keeps what is printed; nobody is shown the inner progress. */
function collecting(): readonly [string[], Io] {
  const out: string[] = [];
  const quiet = { update() {}, end() {} };
  const io: Io = {
    out: (line) => void out.push(line),
    part: (text) => void out.push(text),
    err() {},
    signal: new AbortController().signal,
    isUnread: () => false,
    progress: () => quiet,
  };
  return [out, io];
}

/** `graphc prove block.mlpackage step.mlpackage`. */
const commandOf = (words: readonly Word[]): string =>
  ["graphc", ...words.map((word) => (typeof word === "string" ? word : word.name))].join(" ");
