/** `graphc check`: every check that needs no run and no proof, and a verdict. */

import type { CheckedGraph } from "../../api/checked-graph.ts";
import { type FoundRole, foundRoles, rolesAlone } from "../../api/found-roles.ts";
import { type CheckedSubject, judge } from "../../api/judge-graph.ts";
import { isFlexible, ownInputs, packageSubjects } from "../../api/package-subjects.ts";
import { meetInputs } from "../../dsl/host/twins.ts";
import { packageWeights } from "../../emit/read/blobs/package-store.ts";
import { readPackage } from "../../emit/read/read.ts";
import type { WeightRanges } from "../../passes/lint/constants.ts";
import type { WeightStore } from "../../weights/store.ts";
import { chipsOf, placedJson, placementText, TARGET_OPTION } from "../check/placement.ts";
import { checkText } from "../check/text.ts";
import { authorFrame } from "../errors/report.ts";
import { annotationLine } from "../format/github.ts";
import { type GivenInterface, givenRoles, ROLE_OPTIONS } from "../interface/given.ts";
import type { Args, Command, ExitCode, Graphc } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import { CHECKPOINT_OPTION, requestedSize, SIZE_OPTIONS, TOKENS_OF_PACKAGES } from "../options/size-options.ts";
import { FORMAT_OPTION } from "../options/verdict-options.ts";
import { type Card, cardText } from "../subject/card.ts";
import { EACH_KIND_NOTE, type Told, tellOfEachKind } from "../subject/each-kind.ts";
import type { ModelKinds } from "../subject/subject.ts";
import { subjectOf } from "../subject/target.ts";
import type { Io } from "../terminal/io.ts";
import { rolesText } from "../verdict/roles-text.ts";

/** Every graph of the operand, each with its findings; one that keeps a graph off the engine is a no. */
export const checkCommand: Command = {
  name: "check",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts | X.mlpackage | --incidents [ID ...]",
  arity: [1, 1],
  needs: "a model (phi4-mini), a graph file or a package",
  example: "phi4-mini",
  options: {
    weights: { ...CHECKPOINT_OPTION, for: ["model", "graph"] },
    ...SIZE_OPTIONS,
    ...TOKENS_OF_PACKAGES,
    ...ROLE_OPTIONS,
    ...TARGET_OPTION,
    ...FORMAT_OPTION,
    incidents: {
      kind: "flag",
      help: "replay the field's known incidents, all or those that are named, and say which check catches each",
      instead: { form: /^[A-Z]+-\d+$/, like: "the numbers of incidents, such as I-01" },
    },
  },
  notes: [
    "A graph file is held against a checkpoint by the name and the shape of every weight; the rules look at the contents.",
    EACH_KIND_NOTE,
    "Of a package also what it says of itself: versions, names, description, states, sizes.",
    "With --target, what is on record of such ops: which the engine can take, and where the planner would put them.",
    "Exit code 1 when a rule says that the engine, or Core ML, will not take it; warnings do not change it.",
    "With --incidents: 0 when every incident is caught by the check that is named for it, and mended passes that check.",
  ],
  run: (args, io, graphc) => (args.flag("incidents") ? incidents(args, io, graphc) : tellOfEachKind(args, io, told)),
};

/** Loaded only then: it can run every other command. */
const incidents = async (args: Args, io: Io, graphc: Graphc): Promise<ExitCode> =>
  (await import("../incidents/tell.ts")).tellOfIncidents(args, io, graphc);

async function told(args: Args, io: Io): Promise<Told> {
  const { subjects, roles, card, openWeights, model } = await checkedOf(args, io);
  const store = await openWeights?.();
  try {
    const verdicts: CheckedGraph[] = [];
    const ranges: WeightRanges = new Map();
    const chips = chipsOf(args);
    for (const subject of subjects) verdicts.push(await judge(subject, store, { ranges, chips, roles }));
    // The card is of the model: it is printed with the first of its kinds.
    const shown = args.given("layer") || args.whole("layer") === 0 ? card : undefined;
    const texts = [
      cardText(shown),
      ...verdicts.flatMap((verdict) => [checkText(verdict), ...verdict.placement.map(placementText)]),
      rolesText(roles),
    ];
    if (!args.flag("json")) for (const text of texts) if (text !== "") io.out(text);
    if (args.text("format") === "github") for (const line of verdicts.flatMap(annotations)) io.out(line);
    const isRefused = verdicts.some(({ findings }) => findings.some((f) => f.severity === "error"));
    return { code: isRefused ? 1 : 0, json: verdicts.map(plain(roles, card)), ...(model ? { model } : {}) };
  } finally {
    await store?.close();
  }
}

/** What is checked, and what is known of its inputs. */
interface Checked {
  readonly subjects: readonly CheckedSubject[];
  readonly roles: readonly FoundRole[];
  /** What the checkpoint is, where the operand is one. */
  readonly card?: Card;
  readonly model?: ModelKinds;
  /** Absent where the contents of the weights are not known: without a checkpoint they are made up. */
  openWeights?(): Promise<WeightStore>;
}

/** The block and the step graph of a model, or the graph of each function of a package. */
async function checkedOf(args: Args, io: Io): Promise<Checked> {
  const [operand] = args.operands as [string];
  const { rolesOf } = await givenRoles(args);
  if (isPackage(operand)) return checkedPackage(operand, args, rolesOf);
  const subject = await subjectOf(operand, args, io);
  const size = requestedSize(args);
  const [block, step] = [subject.build(size), subject.build({ ...size, tokens: 1 })];
  const graphs = size.tokens === 1 ? [block] : [block, step];
  await subject.checkWeights(graphs);
  return {
    subjects: graphs.map((graph) => ({ graph, skipped: [], findings: [], unknown: [] })),
    roles: foundRoles(meetInputs(block, step, rolesOf([block, step]))),
    ...(subject.card ? { card: subject.card } : {}),
    ...(subject.model ? { model: subject.model } : {}),
    ...(subject.storedWeights ? { openWeights: () => subject.openWeights(block) } : {}),
  };
}

/** A package alone has nothing to be compared with: of its roles only those are known that are stated or named. */
function checkedPackage(operand: string, args: Args, rolesOf: GivenInterface["rolesOf"]): Checked {
  const pkg = readPackage(operand);
  const flexible = pkg.model.functions.some(({ name }) => isFlexible(pkg, name));
  args.settle(operand, flexible ? ["package", "flexible package"] : ["package"]);
  const sizes = flexible && args.given("tokens") ? { tokens: args.whole("tokens") } : {};
  const subjects = packageSubjects(pkg, sizes);
  const graphs = subjects.map(ownInputs);
  return { subjects, roles: rolesAlone(graphs, rolesOf(graphs)), openWeights: async () => packageWeights() };
}

/** A line for each finding, at the author's line where it is about a value that has one. */
const annotations = ({ graph, findings }: CheckedGraph): readonly string[] =>
  findings.map((finding) =>
    annotationLine({
      level: finding.severity === "error" ? "error" : "warning",
      title: `${finding.rule} (${graph})`,
      text: `${finding.text}\nsource: ${finding.source}`,
      at: "value" in finding ? authorFrame(finding.value.site) : undefined,
    }),
  );

const plain =
  (roles: Checked["roles"], card: Card | undefined) =>
  ({ findings, placement, ...rest }: CheckedGraph) => ({
    ...rest,
    ...(placement.length > 0 ? { placement: placement.map(placedJson) } : {}),
    ...(card ? { checkpoint: Object.fromEntries(card) } : {}),
    roles,
    findings: findings.map((finding) => {
      if (!("value" in finding)) return finding;
      const { value, ...others } = finding;
      return { ...others, value: value.name, at: authorFrame(value.site) };
    }),
  });
