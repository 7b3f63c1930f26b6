/** docs/incidents.md, printed from the incidents and what their replays said. test/cli/incidents.test.ts holds the file to it. */
import type { Incident, NotReplayed, Source } from "../src/cli/incidents/incident.ts";
import { INCIDENTS } from "../src/cli/incidents/known/index.ts";
import { isReplay, type Replayed } from "../src/cli/incidents/replay.ts";
import { NEEDS } from "../src/cli/incidents/tell.ts";

const INTRODUCTION = `# What went wrong in the field, and which check catches it

Printed from \`src/cli/incidents/known\` by \`npx vitest run test/cli/incidents.test.ts -u\`; a test fails when this file differs from what the replays say.

\`npx graphc check --incidents\` replays them on your machine, \`check --incidents I-01\` one. A replay writes a small graph, checkpoint or package with the fault, runs
the command that is shown, and asks for the answer of that one check: the rule by its id, the value at which the proof is refuted, the sentence of the refusal. Any other no counts for nothing.
Then it runs the same command on the same thing with the fault mended, which must pass. Exit code 0 only when all of it is so. Numbers that begin with I are faults that somebody shipped or searched for; M what a study of the engine measured.

What a replay cannot show is that a fault looks like the one here in your model: it is the smallest thing that has it.
`;

/** The whole page. */
export function incidentsDoc(results: readonly Replayed[]): string {
  const rest = INCIDENTS.flatMap((one) => (isReplay(one.replay) ? [] : [{ ...one, ...one.replay }]));
  return [
    INTRODUCTION,
    "## Replayed\n",
    ...results.map(entry),
    "## Not replayed\n\nEach with what could have seen it.\n",
    "| | what happened | why not | told in |\n|---|---|---|---|",
    ...rest.map(row),
    "",
  ].join("\n");
}

function entry({ incident, command, sentence, twinPasses }: Replayed): string {
  const { id, happened, sources, replay } = incident;
  const standsFor = isReplay(replay) && replay.standsFor !== undefined ? [`\nReplayed is ${replay.standsFor}.`] : [];
  return [
    `### ${id}\n`,
    `${capital(happened)}. Told in ${links(sources)}.`,
    ...standsFor,
    `\n\`${command}\` says${sentence === undefined ? " nothing of it." : ":\n"}`,
    ...(sentence === undefined ? [] : [`> ${escaped(sentence)}`]),
    twinPasses ? "\nMended, it passes the same check.\n" : "\nMended, it does **not** pass the same check.\n",
  ].join("\n");
}

const row = ({ id, happened, sources, needs, why }: Incident & NotReplayed): string =>
  `| ${id} | ${happened} | ${NEEDS[needs]}: ${why} | ${links(sources)} |`;

const links = (sources: readonly Source[]): string => sources.map(({ text, url }) => `[${text}](${url})`).join(", ");
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const escaped = (text: string): string => text.replaceAll(/[<>*|[\]]/g, (sign) => `\\${sign}`);
