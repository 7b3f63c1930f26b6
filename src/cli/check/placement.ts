/** What `graphc check --target` prints: which ops the engine can take, where they are expected to be put, and what is not on record. */
import { counted } from "../../dsl/counted.ts";
import { CHIPS, type Chip, PLACEMENT_SOURCE, SUPPORT_EVIDENCE } from "../../passes/placement/chips.ts";
import type { PlacedOp, Prediction } from "../../passes/placement/predict.ts";
import type { Place } from "../../passes/placement/segments.ts";
import { authorFrame, place } from "../errors/report.ts";
import type { Args } from "../options/command.ts";
import type { Options } from "../options/option.ts";
import { wrapLine } from "../terminal/wrap.ts";

const NAMES = [...CHIPS.keys()].join("|");

/** The chips of `check --target`. */
export const TARGET_OPTION = {
  target: {
    kind: "form",
    value: "CHIP,...",
    form: new RegExp(`^(${NAMES})(,(${NAMES}))*$`),
    like: `m4 or m4,m6, of ${NAMES.replaceAll("|", ", ")}`,
    help: `where ops are expected to run on these chips (${NAMES.replaceAll("|", ", ")})`,
  },
} as const satisfies Options;

/** Each chip once, in the order in which they were given. */
export const chipsOf = (args: Args): readonly Chip[] =>
  [...new Set(args.text("target")?.split(",") ?? [])].map((name) => CHIPS.get(name)!);

/** Ops that cannot be taken, those of one op and one reason together. */
function refusals(ops: readonly PlacedOp[]): readonly (readonly [PlacedOp, ...PlacedOp[]])[] {
  const groups = new Map<string, [PlacedOp, ...PlacedOp[]]>();
  for (const one of ops) {
    if (one.support.can !== "no") continue;
    const key = `${one.value.def.op} ${one.support.why}`;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}

function refusalText([first, ...others]: readonly [PlacedOp, ...PlacedOp[]]): readonly string[] {
  const { support, value } = first;
  if (support.can !== "no") return [];
  const frame = authorFrame(value.site);
  const more = others.length > 0 ? ` (${others.length + 1})` : "";
  return [
    wrapLine(`    no: ${value.def.op}${more}: ${support.why}; ${support.mend}`),
    ...(frame ? [`      at ${place(frame)}`] : []),
  ];
}

/** Consecutive ops in one place. */
interface Stretch {
  readonly place: Place;
  readonly ops: number;
  readonly first: string;
}

function stretches(ops: readonly PlacedOp[]): readonly Stretch[] {
  const found: Stretch[] = [];
  for (const { place: where, value } of ops) {
    const last = found.at(-1);
    if (last?.place === where) found[found.length - 1] = { ...last, ops: last.ops + 1 };
    else found.push({ place: where, ops: 1, first: value.name ?? value.def.op });
  }
  return found;
}

const SHOWN = 8;
const PLACES = { engine: "on the engine", CPU: "on the CPU", tie: "on either (a tie)" } as const;

function segmentsText(ops: readonly PlacedOp[]): string {
  const all = stretches(ops);
  const told = all.slice(0, SHOWN).map((s) => `${counted(s.ops, "op")} ${PLACES[s.place]} from ${s.first}`);
  return `${told.join(", then ")}${all.length > SHOWN ? `, and ${counted(all.length - SHOWN, "more change")}` : ""}`;
}

const rounded = (milliseconds: number): string => milliseconds.toPrecision(3);

/** Can it, and will it: two questions, answered apart. */
export function placementText({ chip, ops, milliseconds, outside }: Prediction): string {
  const can = ops.filter(({ support }) => support.can === "yes").length;
  const will = outside.length > 0 ? "the record has no model of such; without that, " : "";
  return [
    wrapLine(`  ${chip.name} (${chip.platform}): ${SUPPORT_EVIDENCE[chip.support]}`),
    wrapLine(`    can: the engine takes ${can} of ${counted(ops.length, "op")}`),
    ...refusals(ops).flatMap(refusalText),
    ...(outside.length > 0 ? [wrapLine(`    not in the record: ${outside.join(", ")}`)] : []),
    wrapLine(`    will: ${will}${segmentsText(ops)}`),
    wrapLine(`    the planner's own estimate, no measurement: ${rounded(milliseconds)} ms a call`),
    wrapLine(`    source: ${PLACEMENT_SOURCE}`),
  ].join("\n");
}

/** The same, op by op. */
export const placedJson = ({ chip, ops, milliseconds, outside }: Prediction) => ({
  chip: chip.name,
  platform: chip.platform,
  evidence: SUPPORT_EVIDENCE[chip.support],
  source: PLACEMENT_SOURCE,
  milliseconds,
  outside,
  ops: ops.map(({ value, support, cost, place: where }) => ({
    op: value.def.op,
    ...(value.name === undefined ? {} : { name: value.name }),
    ...support,
    milliseconds: cost,
    place: where,
  })),
});
