/** Which stop tokens a manifest with room for two of them gets: the runtime stops at its eos and at its bos. */
import type { StopTokens } from "../weights/text/stop-tokens.ts";
import type { AneBookManifest, StopIds } from "./manifest.ts";

/**
 * The first end that is not the begin as eos: where the two are one, chat models end their turn with another. What there is no room for is
 * told.
 */
export function stopIds({ ends, begin, from }: StopTokens): { readonly ids: StopIds; readonly note: string } {
  const eos = ends.find((id) => id !== begin) ?? ends[0]!;
  const bos = begin ?? ends.find((id) => id !== eos) ?? eos;
  const left = ends.filter((id) => id !== eos && id !== bos);
  const more =
    left.length > 0
      ? `; there is no room for ${left.join(", ")}, at which the runtime will not stop, and generate does`
      : "";
  const all = [...new Set([eos, bos, ...ends])];
  return {
    ids: { eos, bos, all },
    note: `the runtime stops at ${[...new Set([eos, bos])].join(" and ")} (${from})${more}`,
  };
}

/** Every end of an answer that the model has; the runtime's manifest has room for two. */
export function ownStops({ graphc }: AneBookManifest): readonly number[] {
  const stops = (graphc as { readonly stops?: unknown } | null | undefined)?.stops;
  return Array.isArray(stops) ? stops.filter((id) => Number.isSafeInteger(id)) : [];
}
