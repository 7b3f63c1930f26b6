/** How far from the usual ones the rows of fixtures are, and what that says of the packages. */
import { FACTORS, SPECIAL_KINDS, type SpecialKind } from "../../passes/parity/record/draws.ts";
import type { Recording } from "../../passes/parity/record/recording.ts";

/** Of one kind of rows: the factor that is fed, null where none is borne, and the one that was tried first. */
export interface FedRows {
  readonly kind: SpecialKind;
  readonly factor: number | null;
  readonly tried: number;
}

/** Of each kind that was tried. */
export const rowsFed = ({ calls, leftOut }: Pick<Recording, "calls" | "leftOut">): readonly FedRows[] =>
  SPECIAL_KINDS.flatMap((kind) => {
    const factor = calls.find(({ call }) => call.draw?.kind === kind)?.call.draw?.factor;
    if (factor === undefined && !leftOut.includes(kind)) return [];
    return [{ kind, factor: factor ?? null, tried: FACTORS[kind][0]! }];
  });

const WHAT: Readonly<Record<SpecialKind, string>> = {
  outliers: "outlier channels",
  large: "large rows",
  small: "small rows",
};

const times = (factor: number): string => (factor < 1 ? `1/${1 / factor}` : `${factor} times`);

/** One line for each kind. */
export const fedLine = ({ kind, factor, tried }: FedRows): string => {
  const fed = factor === null ? "none" : `${times(factor)} the usual`;
  const less =
    factor === tried
      ? ""
      : `, not ${times(tried)}: there fp16 is not finite, or too far from fp64 to judge a device by`;
  return `fixtures: ${WHAT[kind]}: ${fed}${less}`;
};
