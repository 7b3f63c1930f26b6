/** What a command answered, as its JSON says it, and whether that is the answer which an incident asks for. */
import { match } from "ts-pattern";
import { type FedRows, fedLine } from "../emit/rows.ts";
import type { ExitCode } from "../options/command.ts";
import type { Caught } from "./incident.ts";

/** What a command came to. */
export interface Answer {
  readonly code: ExitCode;
  /** The one JSON value of its standard output; undefined where there was none. */
  readonly json: unknown;
}

/** The sentence with which the named check tells of the fault; undefined where it says nothing of it, whatever else it says. */
export function told(caught: Caught, answer: Answer): string | undefined {
  const { code, json } = answer;
  // An error of another kind than the one that is asked for is no catch.
  if (code > 1 && caught.by !== "refusal") return undefined;
  return match(caught)
    .with({ by: "rule" }, ({ rule }) =>
      sentence(
        findingsIn(json).find((one) => one.rule === rule),
        "severity",
      ),
    )
    .with({ by: "placement" }, ({ op, refusal }) => {
      const found = placedIn(json).find((one) => one.op === op && one.can === "no" && one.refusal === refusal);
      return found && `${op}: ${found.why}; ${found.mend}`;
    })
    .with({ by: "verdict" }, ({ at }) => refutation(json, at, code))
    .with({ by: "consequence" }, ({ name }) => {
      const found = consequencesIn(json).find((one) => one.name === name);
      return found?.holds === false ? `${name}: ${found.says}` : undefined;
    })
    .with({ by: "refusal" }, ({ says }) => refusal(json, says, code))
    .with({ by: "range" }, ({ quantity }) => beyond(json, quantity))
    .with({ by: "not finite" }, () => notFinite(json, code))
    .with({ by: "engine" }, ({ value, counts }) => counted(json, value, counts))
    .with({ by: "rows" }, ({ kind }) => {
      const found = fedIn(json).find((one) => one.kind === kind);
      return found && found.factor !== found.tried ? fedLine(found as unknown as FedRows) : undefined;
    })
    .with({ by: "place" }, ({ op }) => {
      const found = placedIn(json).find((one) => one.op === op && one.can === "yes" && one.place === "CPU");
      return found && `${op}: the engine can take it, and it is expected on the CPU`;
    })
    .exhaustive();
}

/** Whether the same check answers yes: it looked, and it has nothing to tell. */
export function passes(caught: Caught, answer: Answer): boolean {
  if (answer.code !== 0 || told(caught, answer) !== undefined) return false;
  const { json } = answer;
  return match(caught)
    .with({ by: "rule" }, () => wasChecked(json))
    .with(
      { by: "placement" },
      ({ op }) => placedIn(json).length > 0 && placedIn(json).every((one) => one.can === "yes" || one.op !== op),
    )
    .with({ by: "verdict" }, () => text(asRecord(json).claim).startsWith("PROVEN"))
    .with({ by: "consequence" }, ({ name }) =>
      consequencesIn(json).some((one) => one.name === name && one.holds === true),
    )
    .with({ by: "refusal" }, () => isYes(json))
    .with({ by: "range" }, () => boundedIn(json).length > 0 && boundedIn(json).every(({ holds }) => holds === true))
    .with({ by: "not finite" }, () => asRecord(json).equal === true && callsIn(json).length > 0)
    .with(
      { by: "engine" },
      ({ value, counts }) =>
        engineValue(json, value) !== undefined && (counts !== "behind" || scaleBehind(json) !== undefined),
    )
    .with({ by: "rows" }, ({ kind }) => fedIn(json).some((one) => one.kind === kind && one.factor === one.tried))
    .with({ by: "place" }, ({ op }) => placedIn(json).some((one) => one.op === op && one.place === "engine"))
    .exhaustive();
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (x: unknown): x is Json => typeof x === "object" && x !== null && !Array.isArray(x);
const asRecord = (x: unknown): Json => (isRecord(x) ? x : {});
const asList = (x: unknown): readonly unknown[] => (Array.isArray(x) ? x : []);
const text = (x: unknown): string => (typeof x === "string" ? x : "");

/** What `check` tells of graphs, of every kind of layers where there are several; what `plan` tells of the whole. */
function checkedIn(json: unknown): readonly Json[] {
  const kinds = asList(asRecord(json).kinds).flatMap((one) => asList(asRecord(one).result));
  return [...(Array.isArray(json) ? json : [json]), ...kinds].map(asRecord);
}

const wasChecked = (json: unknown): boolean => checkedIn(json).some(({ findings }) => Array.isArray(findings));

/** What each command that may refuse its input says when all is well. */
const isYes = (json: unknown): boolean =>
  wasChecked(json) || text(asRecord(json).claim).startsWith("PROVEN") || isRecord(asRecord(json).outputs);

const findingsIn = (json: unknown): readonly Json[] =>
  checkedIn(json)
    .flatMap(({ findings }) => asList(findings))
    .map(asRecord);

const sentence = (found: Json | undefined, mark: "severity"): string | undefined =>
  found && `${found[mark]} [${found.rule}] ${found.text ?? found.first}`;

const placedIn = (json: unknown): readonly Json[] =>
  asList(json)
    .flatMap((one) => asList(asRecord(one).placement))
    .flatMap((one) => asList(asRecord(one).ops))
    .map(asRecord);

/** With the value, since a difference that begins elsewhere has another cause. */
function refutation(json: unknown, at: string, code: ExitCode): string | undefined {
  const { claim, finding, counterexample } = asRecord(json);
  const { value, op, where } = asRecord(finding);
  if (code !== 1 || claim !== "REFUTED" || value !== at || !isRecord(counterexample)) return undefined;
  const { name, index, block, step } = asRecord(counterexample.mismatch);
  return `REFUTED: first difference: ${value}${op ? ` (${op})` : ""}, ${where}; run: ${name}[${asList(index)}] is ${block} and ${step}`;
}

const consequencesIn = (json: unknown): readonly Json[] => {
  const { claim, corollaries } = asRecord(json);
  return text(claim).startsWith("PROVEN") ? asList(corollaries).map(asRecord) : [];
};

function refusal(json: unknown, says: readonly string[], code: ExitCode): string | undefined {
  const error = asRecord(asRecord(json).error);
  const [kind, message] = [error.kind, text(error.message)];
  const isMistake = code === 2 && (kind === "user" || kind === "graph");
  return isMistake && says.every((part) => message.includes(part)) ? `error: ${message}` : undefined;
}

const boundedIn = (json: unknown): readonly Json[] => asList(asRecord(json).layers).map(asRecord);

function beyond(json: unknown, quantity: string): string | undefined {
  const limit = asRecord(asRecord(json).limits)[quantity];
  for (const layer of boundedIn(json)) {
    const { value } = asRecord(asRecord(layer.bounds)[quantity]);
    if (typeof value === "number" && typeof limit === "number" && value > limit)
      return `layer ${layer.layer}: ${quantity} may be ${value.toFixed(0)}, above ${limit}`;
  }
  return undefined;
}

const callsIn = (json: unknown): readonly Json[] => asList(asRecord(json).calls).map(asRecord);

/** A pass ends at the call that is not finite; one that decides makes the whole unequal. */
function notFinite(json: unknown, code: ExitCode): string | undefined {
  const call = callsIn(json).find(({ counts }) => counts === "not finite");
  const isNo = code === 1 && asRecord(json).equal === false;
  return isNo && call ? `NOT FINITE: call "${asRecord(call.call).label}" gives an infinity or NaN` : undefined;
}

const fedIn = (json: unknown): readonly Json[] => asList(asRecord(json).rows).map(asRecord);

const engineValue = (json: unknown, value: string): Json | undefined =>
  asList(asRecord(asRecord(json).engine).values)
    .map(asRecord)
    .find((one) => one.value === value);

const scaleBehind = (json: unknown): unknown => asRecord(asRecord(asRecord(json).engine).scaleBehind).overflowed;

function counted(json: unknown, value: string, counts: "overflowed" | "lost" | "behind"): string | undefined {
  const found = engineValue(json, value);
  const count = counts === "behind" ? scaleBehind(json) : found?.[counts];
  if (typeof count !== "number" || count === 0) return undefined;
  if (counts === "lost") return `${value} (${found?.op}): ${count} of ${found?.products} products vanished`;
  const where = counts === "behind" ? ", with the scales behind them" : "";
  return `${value} (${found?.op}): ${count} ${count === 1 ? "sum sticks" : "sums stick"} at infinity${where}`;
}
