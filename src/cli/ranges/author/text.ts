/** What `graphc ranges` prints of an author's graph. */
import type { Tensor } from "../../../dsl/tensor.ts";
import { sourceName, type WeightSource } from "../../../dsl/weight-source.ts";
import { keeps, type ValueBound } from "../../../passes/ranges/graph/judged.ts";
import { GIVEN_OF_SUMS, LIMITS } from "../../../passes/ranges/limits.ts";
import { authorFrame, place } from "../../errors/report.ts";
import { table } from "../../terminal/table.ts";
import { wrapLine } from "../../terminal/wrap.ts";
import { type AuthorRanges, authorHolds } from "./author.ts";

/** What is taken for granted of an author's graph. */
export const GIVEN_OF_GRAPHS: readonly string[] = [
  ...GIVEN_OF_SUMS,
  "masks hold their two numbers, write masks one 1 for each token, each in a row of its own, and cos and sin nothing above 1 unless --bound says more (LongRoPE and YaRN multiply both by a factor above 1), and cos² + sin² no more than the square of that",
  "caches begin as zeros, and hold what earlier calls of the same graphs wrote, whose inputs had the same bounds",
  "every other op comes out as fp16 rounds it, an activation within 0.016 of that",
];

/** A bound for people. */
export const figure = (x: number): string =>
  !Number.isFinite(x) ? "not bounded" : x >= 1e6 ? x.toExponential(1) : x >= 100 ? x.toFixed(0) : x.toPrecision(3);

const nameOf = ({ name, def }: Tensor): string => name ?? (def.kind === "op" ? def.op : def.kind);

const sourceText = (source: WeightSource): string => (source.from === "checkpoint" ? sourceName(source) : source.file);

const whereOf = (value: Tensor): string => {
  const frame = value.def.kind === "op" ? authorFrame(value.site) : undefined;
  return frame ? ` (${place(frame)})` : "";
};

/** The index in every axis. */
function indexOf({
  value: {
    type: { shape },
  },
  at,
}: ValueBound): string {
  let rest = at;
  const index: number[] = [];
  for (const n of shape.toReversed()) {
    index.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return `[${index.join(",")}]`;
}

/** What samples reach of a value; of a sum inside its op nothing was seen. */
const reachedBy = ({ kind, value }: ValueBound, reached: AuthorRanges["reached"]): number | undefined =>
  kind === "sum" ? undefined : reached.get(value);

/** What is said of each input. */
export const givenWords = (given: AuthorRanges["given"]): readonly string[] =>
  [...given].map(([input, { most, norms }]) =>
    [
      `|${input}| ≤ ${most}`,
      ...norms.map((one) => `rows of ${input} along axis ${one.axis} no longer than ${one.most}`),
    ].join(", "),
  );

/** Its name, and the author's line. */
export const valueWords = (value: Tensor): string =>
  value.def.kind === "weight" ? `weight ${sourceText(value.def.source)}` : `${nameOf(value)}${whereOf(value)}`;

/** What is wrong with a value that does not keep its limit. */
export function boundWords(one: ValueBound): string {
  const { unknown, value, most, kind, limit } = one;
  if (unknown?.def.kind === "weight") return `${valueWords(unknown)} holds what is not finite`;
  if (unknown?.def.kind === "op")
    return `${valueWords(unknown)} is not bounded: of ${unknown.def.op} nothing is known here`;
  if (!Number.isFinite(most)) return `${valueWords(value)} is not bounded`;
  return `${valueWords(value)} may be ${figure(most)}, above ${kind} ${limit}, at ${indexOf(one)}`;
}

/** A line a sum or named value, those that break a limit, and what holds. */
export function authorText(ranges: AuthorRanges): string {
  const { name, bounds, given, free, reached, factor } = ranges;
  const told = bounds.values.filter(
    (one) => ["accumulator", "score"].includes(one.kind) || one.value.name !== undefined || !keeps(one),
  );
  const rows = told.map((one) => [
    nameOf(one.value),
    one.kind,
    figure(one.most),
    figure(reachedBy(one, reached) ?? Number.NaN).replace("not bounded", "–"),
    keeps(one) ? "holds" : "NO",
  ]);
  const inputs = givenWords(given);
  return [
    `${name}: bounds for every input with ${inputs.length > 0 ? inputs.join("; ") : "nothing free"}, from the fp16 weights alone`,
    ...GIVEN_OF_GRAPHS.map((one) => wrapLine(`  given that ${one}`)),
    table(["value", "limit", "at most", "samples", ""], rows),
    ...brokenLines(ranges),
    ...(authorHolds(ranges)
      ? [
          wrapLine(
            `every value is bounded and keeps its limit. ORDER-FREE (engine), given the above: no sum of products can reach ${LIMITS.accumulator} in any order, no number and no sum of a mean ${LIMITS.fp16}`,
          ),
        ]
      : [wrapLine(mendText(free, given, factor))]),
  ].join("\n");
}

/** The first value that is not bounded, then those that break a limit, in the order of the graph. */
function brokenLines({ bounds: { values, growing, unscored }, reached }: AuthorRanges): readonly string[] {
  const first = values.find(({ unknown }) => unknown && (unknown.def.kind === "weight" || unknown.def.kind === "op"));
  const grows = growing.map((name) =>
    wrapLine(`  NO: state ${name} is not bounded: as far as is known it grows from call to call`),
  );
  const broken = values.filter((one) => !keeps(one) && one.unknown === undefined);
  return [
    ...grows,
    ...unscored.map((value) =>
      wrapLine(
        `  NO: ${nameOf(value)}${whereOf(value)} takes a mask otherwise than by adding it: its scores are not known`,
      ),
    ),
    ...(first ? [wrapLine(`  NO: ${boundWords(first)}`)] : []),
    ...broken.map((one) => {
      const own = reachedBy(one, reached);
      const beside = own === undefined ? "" : `; samples reach ${figure(own)}`;
      return wrapLine(`  NO: ${boundWords(one)}${beside}${madeOf(one)}`);
    }),
  ];
}

/** What the largest row is made of, where a few elements are much of it. */
function madeOf({ blame }: ValueBound): string {
  if (!blame) return "";
  const units = blame.units.slice(0, 3).map(({ unit, share }) => `${unit} (${(100 * share).toFixed(0)} %)`);
  return `; of row ${blame.row} of its weight, each element by itself, these make most: ${units.join(", ")}`;
}

function mendText(free: readonly string[], given: AuthorRanges["given"], factor: number | undefined): string {
  if (factor === undefined) return "no bound of the inputs was found with which everything holds";
  const names = free.length > 0 ? free : [...given.keys()];
  const bounds = names.map((name) => `--bound ${name}=${floored(given.get(name)!.most * factor)}`);
  return `everything holds with all bounds of rows ${factor.toPrecision(3)} times as large: ${bounds.join(" ")}`;
}

/** Three digits, none larger. */
function floored(x: number): number {
  const unit = 10 ** (Math.floor(Math.log10(x)) - 2);
  return Number((Math.floor(x / unit) * unit).toPrecision(3));
}

/** For JSON. */
export const authorRecord = (ranges: AuthorRanges) => ({
  holds: authorHolds(ranges),
  given: GIVEN_OF_GRAPHS,
  inputs: Object.fromEntries(ranges.given),
  free: ranges.free,
  ...(ranges.factor === undefined ? {} : { factor: ranges.factor }),
  growing: ranges.bounds.growing,
  values: ranges.bounds.values.map((one) => {
    const at = one.value.def.kind === "op" ? authorFrame(one.value.site) : undefined;
    return {
      value: nameOf(one.value),
      kind: one.kind,
      limit: one.limit,
      most: Number.isFinite(one.most) ? one.most : null,
      index: indexOf(one),
      reached: reachedBy(one, ranges.reached) ?? null,
      holds: keeps(one),
      ...(one.blame ? { blame: one.blame } : {}),
      ...(at ? { at } : {}),
    };
  }),
});
