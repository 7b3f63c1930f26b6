/** What attempts at a proof take for granted, in the order in which they are made. */
import type { Assumptions } from "./logic/setting.ts";
import type { ProvenPair } from "./program/pair.ts";

/** What is assumed, weaker claims later. A block that has one position for all of its tokens, or whose positions follow one, has contiguous rows or none. */
export function assumptionsOf({ roles, tokens }: ProvenPair): readonly Assumptions[] {
  const positions = [...roles.values()].filter((role) => role.kind === "position");
  const single = tokens > 1 && positions.some((role) => role.tokenAxis === undefined || role.first !== undefined);
  const layouts = single ? [true] : positions.length > 0 && tokens > 1 ? [false, true] : [false];
  return layouts.flatMap((contiguous) =>
    (["exact", "reals"] as const).flatMap((mode) =>
      [false, true].map((twoValued) => ({ mode, twoValued, contiguous, column: "one" as const })),
    ),
  );
}
