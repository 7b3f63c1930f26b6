/** What the rules about the engine find, where ops are expected to run or were planned on a device, and what they are estimated to cost. */

import type { CheckedGraph } from "../../api/checked-graph.ts";
import { counted } from "../../dsl/counted.ts";
import { figure } from "../../dsl/figure.ts";
import type { Graph } from "../../dsl/graph.ts";
import { schedule } from "../../dsl/graph.ts";
import type { Def } from "../../dsl/tensor.ts";
import { DEVICES, type PlannedOperation } from "../../evidence/format/evidence.ts";
import type { Cost } from "../../passes/placement/cost.ts";
import type { PlacedOp, Prediction } from "../../passes/placement/predict.ts";
import type { Mark, Overlay, Tone } from "../data.ts";

const LEGEND: Overlay["legend"] = [
  ["bad", "the engine will not take it, or it was planned elsewhere"],
  ["warn", "it may not, or numbers may suffer"],
  ["note", "worth knowing"],
  ["good", "planned on the engine, by a device's own plan"],
];
const COSTS = ["plain", "the bar: its share of the estimated cost of all ops; an estimate, no measurement"] as const;

const TONES: Readonly<Record<string, Tone>> = { error: "bad", warning: "warn", note: "note" };
const [ENGINE, , , , UNDETERMINED] = DEVICES;

/** Where a device's plan has the ops of a graph. */
export interface MeasuredPlan {
  /** Whose plan it is: the chip and its system. */
  readonly device: string;
  readonly file: string;
  /** Tokens of a call of the function that was planned. */
  readonly tokens: number;
  /** By the op's result; only those that are computed. */
  readonly ops: ReadonlyMap<Def, PlannedOperation>;
  /** Computed operations of the plan that no value of the graph stands for. */
  readonly beside: number;
  /** Whether the units of the plan were read back from Core ML. */
  readonly isReadBack: boolean;
}

/** One thing that is said of a value. */
interface Said {
  readonly tone: Tone;
  readonly says: string;
  readonly short: string;
  readonly bar?: number;
}

/** The findings of `check` at their values; with a chip what is predicted of each op, with a device's plan what that says. */
export function engineOverlay(graph: Graph, checked: CheckedGraph, measured?: MeasuredPlan): Overlay {
  const { findings, notLookedAt, placement } = checked;
  const all = new Map<Def, Said[]>();
  const add = (def: Def, said: Said) => all.set(def, [...(all.get(def) ?? []), said]);
  for (const finding of findings)
    if ("value" in finding) {
      const says = `${finding.severity} [${finding.rule}]: ${finding.text} (${finding.source})`;
      add(finding.value.def, { tone: TONES[finding.severity]!, says, short: finding.rule });
    }
  for (const [def, op] of measured?.ops ?? []) add(def, plannedSaid(op, measured!.device));
  for (const prediction of placement)
    for (const op of prediction.ops) add(op.value.def, predictedSaid(op, prediction, measured === undefined));
  const beside = findings.flatMap((finding) => ("value" in finding ? [] : [finding.text]));
  const hasBars = placement.length > 0 || measured !== undefined;
  return {
    id: "engine",
    title: "engine",
    state: "shown",
    says: [
      ...summary(findings.length),
      ...(measured ? measuredLines(measured) : ["no placement was measured: say --evidence FILE for a package"]),
      ...predictedLines(placement),
      ...beside,
      ...notLookedAt.map((what) => `not looked at: ${what}`),
    ],
    legend: hasBars ? [...LEGEND, COSTS] : LEGEND,
    marks: schedule(graph).flatMap(({ def }, node) => {
      const said = all.get(def);
      return said ? [markOf(node, said)] : [];
    }),
  };
}

const RANK: readonly Tone[] = ["bad", "warn", "note", "good", "plain"];

/** The worst of it gives tone and short text, the first share of a cost the bar. */
function markOf(node: number, said: readonly Said[]): Mark {
  const [worst] = said.toSorted((a, b) => RANK.indexOf(a.tone) - RANK.indexOf(b.tone));
  const bar = said.find((one) => one.bar !== undefined)?.bar;
  const told = { node, tone: worst!.tone, says: said.map(({ says }) => says), short: worst!.short };
  return bar === undefined ? told : { ...told, bar };
}

function plannedSaid({ device, supported, cost }: PlannedOperation, where: string): Said {
  const share = cost ?? undefined;
  const others = supported.length > 0 ? `; it could run on ${supported.join(", ")}` : "";
  const part = share === undefined ? "" : `; ${percent(share)} of the cost of the whole, as Core ML estimates it`;
  return {
    tone: device === ENGINE ? "good" : device === UNDETERMINED ? "warn" : "bad",
    says: `${where}: planned on the ${device}${others}${part}`,
    short: share === undefined ? device : `${device} ${percent(share)}`,
    ...(share === undefined ? {} : { bar: Math.min(1, Math.max(0, share)) }),
  };
}

/** `hasBar`: a device's own shares of the cost come before those of the estimate. */
function predictedSaid({ place, support, cost }: PlacedOp, { chip, ops }: Prediction, hasBar: boolean): Said {
  const all = ops.reduce((sum, one) => sum + atPlace(one), 0);
  const own = atPlace({ place, cost });
  const share = all > 0 ? own / all : 0;
  const each = `the engine ${figure(cost.ane)} ms, the CPU ${figure(onCpu(cost))} ms`;
  return {
    tone: "plain",
    says: `${chip.name}: expected on ${PLACES[place]}; can the engine take it: ${support.can}. Estimated, not measured: ${each}; ${percent(share)} of the cost of all ops where they are expected`,
    short: `${place} ${percent(share)}`,
    ...(hasBar ? { bar: share } : {}),
  };
}

const PLACES = { engine: "the engine", CPU: "the CPU", tie: "either (a tie)" } as const;

const onCpu = ({ bnns, classic }: Cost): number => Math.min(bnns, classic);

/** What an op is estimated to take where it is expected; in a tie what it takes at the least. */
function atPlace({ place, cost }: Pick<PlacedOp, "place" | "cost">): number {
  if (place === "engine") return cost.ane;
  return place === "CPU" ? onCpu(cost) : Math.min(cost.ane, onCpu(cost));
}

const percent = (share: number): string => `${figure(Number((100 * share).toPrecision(2)))} %`;

const summary = (findings: number): readonly string[] => [
  findings === 0 ? "no rule found anything in what was looked at" : `the rules found ${counted(findings, "thing")}`,
];

function measuredLines({ device, file, tokens, ops, beside, isReadBack }: MeasuredPlan): readonly string[] {
  // One with several results has several values.
  const planned = new Set(ops.values());
  const engine = [...planned].filter((op) => op.device === ENGINE).length;
  const rest =
    beside > 0
      ? `; ${counted(beside, "operation")} more of the plan ${beside === 1 ? "is" : "are"} no value of the picture`
      : "";
  return [
    `measured: Core ML's plan on ${device} has ${engine} of ${counted(planned.size, "op")} on the ${ENGINE}, for ${counted(tokens, "token")} a call${rest}`,
    `That is what ${file} says; it is of the bytes of this package, and whether it holds together as a whole graphc gate judges.${isReadBack ? "" : " With which units the plan was loaded was not read back."}`,
  ];
}

const predictedLines = (placement: CheckedGraph["placement"]): readonly string[] => [
  ...(placement.length === 0 ? ["no placement or cost was predicted: say --target CHIP"] : []),
  ...placement.flatMap(({ chip, ops, milliseconds, outside }) => [
    `predicted for ${chip.name}: ${ops.filter(({ place }) => place === "engine").length} of ${counted(ops.length, "op")} on the engine; the planner's own estimate, no measurement: ${figure(Number(milliseconds.toPrecision(3)))} ms a call`,
    ...outside.map((what) => `${chip.name}: not on record, ${what}`),
  ]),
];
