/** Judges whether a prediction's outputs stand where another one's must: digests of outputs are all that is told of them. */
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import type { CrossCheck } from "../format/ran.ts";

/**
 * The first prediction that gave what another gave. Outputs of more tokens have more bytes, so that no step gives a block's; and rows that are equal on the
 * engine are equal on the CPU as well, but where they are not the usual ones, of which an engine may lose what tells them apart.
 */
export function copiedProblem(
  { calls, block }: Pick<FixtureManifest, "calls" | "block">,
  crossCheck: readonly CrossCheck[],
): string | undefined {
  const seen = new Map<string, CrossCheck>();
  for (const run of crossCheck.filter(({ call }) => calls[call]?.draw.kind === "usual"))
    for (const digest of [run.engine.sha256, run.cpuOnly.sha256]) {
      const like = seen.get(digest);
      const isSameSize = like?.role === run.role || block.tokens === 1;
      if (like && !(isSameSize && isPossible(like, run)))
        return `${run.role}: ${placeOf(run)}: it gave what the ${like.role} gave in ${placeOf(like)}`;
      seen.set(digest, run);
    }
  return undefined;
}

const isPossible = (a: CrossCheck, b: CrossCheck): boolean =>
  a.engine.sha256 !== b.engine.sha256 || a.cpuOnly.sha256 === b.cpuOnly.sha256;

/** A prediction, for people. */
export const placeOf = ({
  call,
  token,
}: {
  readonly call: number;
  readonly token?: number | null | undefined;
}): string => `call ${call}${(token ?? undefined) === undefined ? "" : `, step of token ${token}`}`;
