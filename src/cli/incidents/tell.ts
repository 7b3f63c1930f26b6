/** `graphc check --incidents`: every incident that needs no Mac is replayed, and it is said which check caught it. */
import { UserError } from "../../dsl/user-error.ts";
import { Interrupted } from "../errors/interrupted.ts";
import type { Args, ExitCode, Graphc } from "../options/command.ts";
import type { Io } from "../terminal/io.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { Incident, NotReplayed } from "./incident.ts";
import { INCIDENTS } from "./known/index.ts";
import { answersOf, isReplay, judged, type Replayed } from "./replay.ts";

/** All of them, or those that the operands name; a no where one is not caught by its check, or its mended twin does not pass. */
export async function tellOfIncidents(
  args: Args,
  io: Io,
  graphc: Graphc,
  known: readonly Incident[] = INCIDENTS,
): Promise<ExitCode> {
  const asked = askedFor(args.operands, known);
  const results = await replayAll(asked, io, graphc);
  const wrong = results.filter((one) => !isCaught(one));
  const rest = asked.flatMap((incident) => (isReplay(incident.replay) ? [] : [{ ...incident, ...incident.replay }]));
  if (args.flag("json"))
    io.out(JSON.stringify({ incidents: results.map(plain), notReplayed: rest.map(plainRest) }, null, 2));
  else
    for (const line of [
      ...results.map(resultText),
      ...restLines(rest, args.operands.length > 0),
      ...verdict(results, wrong),
    ])
      io.out(line);
  return wrong.length === 0 && results.length > 0 ? 0 : 1;
}

/** Whether the named check saw the fault, and has nothing to say of the mended twin. */
export const isCaught = ({ sentence, twinPasses }: Replayed): boolean => sentence !== undefined && twinPasses;

/** Those of the given numbers, all without any. @throws UserError for a number that nobody knows */
function askedFor(ids: readonly string[], known: readonly Incident[]): readonly Incident[] {
  if (ids.length === 0) return known;
  const unknown = ids.find((id) => !known.some((one) => one.id === id));
  if (unknown !== undefined)
    throw new UserError(`there is no incident "${unknown}"`, `they are ${known.map(({ id }) => id).join(", ")}`);
  return known.filter(({ id }) => ids.includes(id));
}

/** Replays what can be; an interrupt is heard between two of them, when no folder is left. */
async function replayAll(
  incidents: readonly Incident[],
  io: Pick<Io, "progress" | "signal">,
  graphc: Graphc,
): Promise<readonly Replayed[]> {
  const results: Replayed[] = [];
  const progress = io.progress("replaying incidents");
  const { signal } = io;
  try {
    for (const [n, incident] of incidents.entries()) {
      if (signal.aborted) throw new Interrupted("interrupted");
      progress.update(n, incidents.length);
      if (isReplay(incident.replay)) {
        results.push(judged(incident, incident.replay, await answersOf(incident.replay, graphc)));
      }
    }
    return results;
  } finally {
    progress.end();
  }
}

function resultText({ incident, command, sentence, twinPasses }: Replayed): string {
  const { id, happened, replay } = incident;
  const standsFor = isReplay(replay) && replay.standsFor !== undefined ? [`  replayed: ${replay.standsFor}`] : [];
  return [
    `${id}  ${happened}`,
    ...standsFor,
    sentence === undefined ? `  NOT CAUGHT by ${command}` : `  caught by ${command}`,
    ...(sentence === undefined ? [] : [`    ${sentence}`]),
    twinPasses ? "  mended, it passes the same check" : "  NO: mended, it does not pass the same check",
  ]
    .map(wrapLine)
    .join("\n");
}

/** Who could have seen an incident, in words. */
export const NEEDS: Readonly<Record<NotReplayed["needs"], string>> = {
  device: "seen on a device alone",
  host: "in the code around the model",
  outside: "no part of model or host",
  none: "no check of graphc sees it",
};

type Rest = Incident & NotReplayed;

/** Of those that were named each with its reason; of all of them their numbers. */
function restLines(rest: readonly Rest[], named: boolean): readonly string[] {
  if (named)
    return rest.flatMap(({ id, happened, needs, why }) =>
      [`${id}  ${happened}`, `  not replayed, ${NEEDS[needs]}: ${why}`].map(wrapLine),
    );
  return Object.entries(NEEDS).flatMap(([needs, says]) => {
    const ids = rest.filter((one) => one.needs === needs).map(({ id }) => id);
    return ids.length === 0 ? [] : [wrapLine(`not replayed, ${says}: ${ids.join(", ")}`)];
  });
}

function verdict(results: readonly Replayed[], wrong: readonly Replayed[]): readonly string[] {
  if (results.length === 0) return ["NO: nothing was replayed"];
  if (wrong.length === 0)
    return [`${results.length} of ${results.length} caught by the check that is named; every mended twin passes it`];
  const ids = wrong.map(({ incident }) => incident.id).join(", ");
  return [wrapLine(`NO: ${wrong.length} of ${results.length} not caught, or not passed by the mended twin: ${ids}`)];
}

const plain = ({ incident, command, sentence, twinPasses }: Replayed) => ({
  id: incident.id,
  happened: incident.happened,
  sources: incident.sources,
  command,
  ...("caught" in incident.replay ? { check: incident.replay.caught } : {}),
  ...("standsFor" in incident.replay ? { standsFor: incident.replay.standsFor } : {}),
  says: sentence ?? null,
  twinPasses,
});

const plainRest = ({ id, happened, sources, needs, why }: Rest) => ({ id, happened, sources, needs, why });
