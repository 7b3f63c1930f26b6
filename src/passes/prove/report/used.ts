/** The preconditions that a proof used, each as a sentence about this pair's own inputs. */

import { PRECONDITIONS, type Precondition } from "../logic/preconditions.ts";
import type { Record } from "../logic/setting.ts";
import type { Used } from "./verdict.ts";

/** In the order of their numbers; those that say nothing about this pair are left out. */
export function usedOf(record: Record): readonly Used[] {
  return (Object.keys(PRECONDITIONS) as Precondition[]).flatMap((id) => {
    const names = record.used.get(id);
    const says = names && sentence(id, [...names], record);
    return says === undefined ? [] : [{ id, says }];
  });
}

function sentence(
  id: Precondition,
  names: readonly string[],
  { gap, rowAxes, leastRow, rings, roundedPlaces }: Record,
): string | undefined {
  const { says } = PRECONDITIONS[id];
  switch (id) {
    case "P2":
      return says
        .replace("[0", `[${leastRow}`)
        .replace("max_seq", rowAxes.size > 0 ? String(Math.min(...rowAxes)) : rings.size > 0 ? "2^31" : "max_seq");
    case "P2'": {
      const sizes = [...rings].sort((a, b) => a - b).join(" and ");
      return rings.size > 0
        ? `${says}; rows of the ring of ${sizes} are these modulo it, and may wrap within the block`
        : says;
    }
    case "P6":
      return names.length > 0 ? `${says}: ${names.join(", ")}` : says;
    case "P7":
      return names.length > 0
        ? `${says}; but of ${names.join(", ")}, and of what is computed from it, no result is infinite and nothing is NaN or +Inf: −Inf may be added to scores, as long as a row sees one`
        : says;
    case "P8":
      return Number.isFinite(gap) ? says : undefined;
    case "P9":
      return names.length > 0 ? `${says}: ${names.join(", ")}` : undefined;
    case "P10":
      return names.length > 1 ? `${says}: ${names.join(", ")}` : undefined;
    case "P12": {
      const named = names.length > 0 ? `${says}: ${names.join(", ")}` : says;
      return roundedPlaces
        ? `${named}; and where it is computed from floats, that their roundings leave it the number that it is over the reals`
        : named;
    }
    default:
      return says;
  }
}
