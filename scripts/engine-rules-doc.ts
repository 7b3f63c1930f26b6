/** docs/engine-rules.md, printed from the rules about graphs and packages. test/passes/lint/doc.test.ts holds the file to it. */
import { formWord } from "../src/build/quantize.ts";
import { packageRules } from "../src/emit/rules/package-rules.ts";
import { lintRules } from "../src/passes/lint/lint.ts";
import type { LintRule, Severity } from "../src/passes/lint/lint-rule.ts";
import { formRecords } from "../src/passes/lint/quantised-forms.ts";
import { CHIPS, PLACEMENT_SOURCE, SUPPORT_EVIDENCE } from "../src/passes/placement/chips.ts";
import { SUPPORT_RULES } from "../src/passes/placement/support.ts";
import { FORMS as PLACED, UNSPELLED } from "../test/passes/placement/recorded.ts";
import {
  keptScore,
  keptScores,
  ROWS,
  ruleScore,
  type Score,
  SEEDS,
  scoreOf,
  unspelledText,
} from "../test/passes/placement/score.ts";

const INTRODUCTION = `# What is known about the engine

Printed from the rules in \`src/passes/lint\` and \`src/emit/rules\` by \`npx vitest run test/passes/lint/doc.test.ts -u\`; a test fails when this file
differs from them. \`graphc check\` holds every function against every rule, with the author's line and the mend. A rule that asks for a
constant asks for its contents: weights are streamed, and what is computed from constants is evaluated in fp16, up to a limit of memory
and time. What no rule saw is listed as "not looked at". Of a package, an op that graphc does not know is listed as "not read", with what the
record in \`src/passes/lint/placement-record.ts\` says of it; the rules see what leads to it and what follows.

The engine has no public specification: each rule rests on what somebody measured or wrote down in public, which is its
source. The source "graphc" marks a rule about the graph itself.
`;

const MEANS: Readonly<Record<Severity, string>> = {
  error: "the engine will not take it, or gives wrong numbers; `check` exits with 1",
  warning: "it may not, or numbers may suffer",
  note: "worth knowing",
};

const PACKAGES = `## What is known about packages

What a file says of itself, and what Core ML or coremltools is known to refuse in it, or to crash on. \`graphc check\` holds every package
against these rules as well; \`graphc inspect\` prints what they find below the program.
`;

const FORMS = `## What is known about quantised matrices

By chip, in the words of \`graphc build --quantize\`; \`--target\` of \`plan\` and \`build\` prints what is on record for a chip. What is not here is not known.

| form | chips | what was seen | source |
|---|---|---|---|`;

const PLACEMENT = `## Where ops are expected to run

\`graphc check --target CHIP\` asks of each op whether the engine **can** take it, by the rules below, and whether it **will** be given it: the planner takes the path of least
estimated time through the ops in the order of the file, with 0.125 ms to begin on the engine, for each change of processor and for a result that leaves it. That rule gave the device's own
answer for 440 of 482 models, a tie for 41 and another for one. The estimates are the planner's, not measurements; \`test/passes/placement\` replays them and every form on record. States, flexible
sizes, several functions and ops without a record are said to be outside of it, and so are
forms of types that none on record had: fp32 but for casts between fp16, fp32 and bool, int16 and uint16 but for the indices of gather_along_axis and gather_nd. Source: ${PLACEMENT_SOURCE}.

Precision is the share of rows that a rule refuses which the device's planner refuses as well, recall the share of all that the planner refuses which the rule refuses; a row may be
refused by several.

| the engine takes an op where | else | kind of refusal | precision | recall |
|---|---|---|---|---|`;

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

const support: readonly string[] = SUPPORT_RULES.map((rule) => {
  const { fires, refused, all } = ruleScore(rule);
  const precision =
    fires === 0 ? "no row of the record tries it" : `${percent(refused, fires)} (${refused} of ${fires})`;
  return `| ${rule.says} | ${rule.mend} | ${rule.refusal} | ${precision} | ${percent(refused, all)} (${refused} of ${all}) |`;
});

const answers = ({ rows, right, wrong, unanswered }: Score): string => {
  const others = [
    wrong.length > 0 && `wrong: ${wrong.join(", ")}`,
    unanswered.length > 0 && `${unanswered.length} not answered`,
  ];
  return [`${right} of ${rows} right (${percent(right, rows)})`, ...others.filter((text) => text !== false)].join("; ");
};

const { byOp, byClass } = keptScore();
const many = keptScores();
const [byClassRight, byClassWrong] = [byClass.right - byOp.right, byClass.wrong.length - byOp.wrong.length];
const over = ([rows, right, wrong]: readonly [number, number, number]): string =>
  `${percent(right, rows)} right, ${percent(wrong, rows)} wrong`;

const scores: readonly string[] = [
  `All rules together, on the rows that graphc has words for: ${answers(scoreOf(PLACED))}. Of the ${ROWS} rows ${UNSPELLED.size} cannot be spelled:`,
  `${unspelledText()}.`,
  "",
  "What that is worth for rows that nobody has seen: the record is divided by a seed, so that of every op with two cases or more both halves have some. One half says of each op whether it is taken, and which",
  "rules hold: those that refuse some of its rows and none that was taken. What the rules are, and their numbers (the longest axis, the widest kernel), was written with all of the record in view and is not fitted. On the rows that were kept aside:",
  "",
  `| answered by | rows kept aside | of those answered | in the mean of ${SEEDS} divisions |`,
  "|---|---|---|---|",
  `| rules, and rows of the same op | ${answers(byOp)} | ${percent(byOp.right, byOp.right + byOp.wrong.length)} right | ${over(many.byOp)} |`,
  `| the same; where the op has no row in the half, what was seen of ops of its class | ${answers(byClass)} | ${percent(byClass.right, byClass.right + byClass.wrong.length)} right | ${over(many.byClass)} |`,
  "",
  `The class alone is right for ${byClassRight} of ${byClassRight + byClassWrong} rows (${percent(byClassRight, byClassRight + byClassWrong)}): most ops have a single row in the record, so that a half cannot know of them. \`graphc check\` does not answer by classes:`,
  "an op without a record is said to be without one. So 98 % is reached of the rows that are answered, and not of all that were kept aside.",
];

const chips: readonly string[] = [
  "| chip | platform | evidence | longest axis | widest kernel |",
  "|---|---|---|---|---|",
  ...[...CHIPS.values()].map(
    (chip) =>
      `| ${chip.name} | ${chip.platform} | ${SUPPORT_EVIDENCE[chip.support]} | ${chip.longestAxis} | ${chip.widestKernel} |`,
  ),
];

/** The whole page. */
export function engineRulesDoc(): string {
  const means = Object.entries(MEANS).map(([severity, text]) => `- **${severity}**: ${text}`);
  return [
    INTRODUCTION,
    ...means,
    "",
    ...table(lintRules),
    "",
    PACKAGES,
    ...table(packageRules),
    "",
    FORMS,
    ...forms,
    "",
    PLACEMENT,
    ...support,
    "",
    ...scores,
    "",
    ...chips,
    "",
  ].join("\n");
}

const forms: readonly string[] = formRecords.map(
  ({ forms: of, chips, says, source }) =>
    `| ${of.map(formWord).join(", ")} | ${chips.length === 0 ? "not named" : chips.join(", ")} | ${says} | ${source} |`,
);

type Rule = Pick<LintRule, "id" | "severity" | "says" | "source">;

const table = (rules: readonly Rule[]): readonly string[] => [
  "| rule | severity | what it says | source |",
  "|---|---|---|---|",
  ...rules.map(row),
];

const row = ({ id, severity, says, source }: Rule): string => `| \`${id}\` | ${severity} | ${says} | ${source} |`;
