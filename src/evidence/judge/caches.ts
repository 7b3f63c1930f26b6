/** Judges whether the caches that the host keeps were fed by its rule: zeros at first, then with the rows of accepted tokens at their slots. */
import { createHash } from "node:crypto";
import { sizeOf } from "../../dsl/type.ts";
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import type { FedCache } from "../format/parity.ts";
import { ROLES } from "../format/ran.ts";
import { predictedFor, within } from "./bounds.ts";
import { placeOf } from "./copied.ts";
import { figuresProblem } from "./figures.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";
import { type BoundsOfRows, boundsAt, boundsFor, keptKey, type RowBounds } from "./row-bounds.ts";

/** The finding's item. */
export const CACHES_FED = "caches fed";

type Role = (typeof ROLES)[number];
type Cache = NonNullable<FixtureManifest["caches"]>[number];

/** One finding where the build has such caches, none where it has not. */
export function judgeCaches(
  manifest: FixtureManifest,
  evidence: Evidence,
  bounds?: BoundsOfRows,
): readonly GateFinding[] {
  const { caches: given, calls } = manifest;
  const { parity } = evidence;
  const wide = boundsFor(bounds, predictedFor(manifest, evidence));
  const caches = given ?? [];
  if (caches.length === 0) return parity?.caches ? [no(CACHES_FED, "the host keeps no caches of this build")] : [];
  if (!parity?.caches) return [missing(CACHES_FED, "what the caches were fed was not recorded")];
  const { fed, kept } = parity.caches;
  const names = new Set(caches.map(({ name }) => name));
  const stranger = [...fed, ...kept].find(({ cache }) => !names.has(cache));
  if (stranger) return [no(CACHES_FED, `${stranger.cache} is no cache of this build`)];
  for (const role of ROLES) {
    const wanted = wantedWrites(calls, role);
    for (const cache of caches) {
      const own = fed.filter((one) => one.role === role && one.cache === cache.name);
      const wrong =
        firstWrong(wanted, own, cache) ??
        keptWrong(
          calls,
          kept.filter((one) => one.role === role && one.cache === cache.name),
          sizeOf(cache.shape) / cache.shape[cache.rowAxis]!,
          wide,
        );
      if (wrong !== undefined) return [no(CACHES_FED, `${cache.name} of the ${role}: ${wrong}`)];
    }
  }
  return [
    yes(CACHES_FED, `${fed.length} predictions and caches by the host's rule, ${kept.length} rows kept within bounds`),
  ];
}

/** What the host has to write after a prediction. */
interface WantedWrite {
  readonly call: number;
  readonly token: number | undefined;
  /** The cache rows, in the order of the tokens. */
  readonly slots: readonly number[];
  /** Whether what it keeps outlasts the call: a rejected token's row does not. */
  readonly lasts: boolean;
}

/** A block writes the rows of its accepted tokens. A step writes its own, which the later tokens of its call see even where it is rejected. */
function wantedWrites(calls: FixtureManifest["calls"], role: Role): readonly WantedWrite[] {
  return calls.flatMap(({ rows, accepted, steps }, call): readonly WantedWrite[] => {
    const slots = (tokens: readonly number[]) => tokens.flatMap((token) => rows[token] ?? []);
    if (role === "block")
      return [{ call, token: undefined, slots: slots([...rows.keys()].slice(0, accepted)), lasts: true }];
    return steps.map((token) => ({ call, token, slots: slots([token]), lasts: token < accepted }));
  });
}

/** The first prediction that was fed something else than what the host had to keep by then. */
function firstWrong(wanted: readonly WantedWrite[], fed: readonly FedCache[], cache: Cache): string | undefined {
  if (fed.length !== wanted.length) return `it was recorded at ${fed.length} of ${wanted.length} predictions`;
  // What outlasts the calls so far, and what the next prediction is fed.
  let [lasting, next] = [digestOfZeros(cache), digestOfZeros(cache)];
  const before = new Set([lasting]);
  for (const [n, want] of wanted.entries()) {
    const one = fed[n]!;
    if (n > 0 && wanted[n - 1]!.call !== want.call) next = lasting;
    const wrong = wrongAt(want, one, next);
    if (wrong !== undefined) return `${placeOf(want)}: ${wrong}`;
    // What was written is kept, so that no write leads back.
    if (want.slots.length > 0 && before.has(one.after))
      return `${placeOf(want)}: it is again what it was before an earlier write`;
    next = one.after;
    if (want.lasts) {
      lasting = next;
      before.add(next);
    }
  }
  return undefined;
}

function wrongAt(want: WantedWrite, one: FedCache, expected: string | undefined): string | undefined {
  if (one.call !== want.call || (one.token ?? undefined) !== want.token) return "another prediction stands there";
  if (one.before !== expected) return "it was not fed what the host has to keep by then";
  if (one.written.join() !== want.slots.join())
    return `rows [${one.written.join(", ")}] were written, not [${want.slots.join(", ")}]`;
  if (want.slots.length > 0 && one.after === one.before) return "the write was lost";
  if (want.slots.length === 0 && one.after !== one.before) return "it changed, and no token was accepted";
  return undefined;
}

/** Every row that an accepted token wrote is there after the last call, and within bounds; the tool itself asks zeros of the others. */
function keptWrong(
  calls: FixtureManifest["calls"],
  kept: NonNullable<NonNullable<Evidence["parity"]>["caches"]>["kept"],
  size: number,
  wide: RowBounds | undefined,
): string | undefined {
  const wanted = new Set(calls.flatMap(({ rows, accepted }) => rows.slice(0, accepted)));
  const compared = new Set(kept.map(({ row }) => row));
  const absent = [...wanted].filter((row) => row !== null && !compared.has(row));
  if (absent.length > 0) return `row ${absent[0]} was not compared after the last call`;
  const stranger = kept.find(({ row }) => !wanted.has(row));
  if (stranger) return `row ${stranger.row}, which no accepted token wrote, was compared after the last call`;
  if (compared.size < kept.length) return "a row was compared twice after the last call";
  const bad = kept.find((one) => !within(one, boundsAt(wide, keptKey(one.cache, one.row))) || !one.passes);
  if (bad) return `row ${bad.row} is out of bounds after the last call`;
  const odd = kept.find(({ figures }) => figuresProblem(figures, size) !== undefined);
  if (odd) return `row ${odd.row} after the last call: ${figuresProblem(odd.figures, size)}`;
  // What is kept is held against the very row that its bits are held against.
  const torn = kept.find(({ equalBits, figures }) => equalBits !== (figures.relativeL2 === 0));
  return (
    torn &&
    `row ${torn.row} after the last call has ${torn.equalBits ? "equal" : "other"} bits, and relative L2 ${torn.figures.relativeL2}`
  );
}

/** Larger caches are no device's. */
const MOST_BYTES = 2 ** 32;

/** Of fp16 zeros; undefined, which no evidence tells, for a cache that nothing could hold. */
function digestOfZeros({ shape }: Cache): string | undefined {
  const bytes = 2 * sizeOf(shape);
  if (!(bytes <= MOST_BYTES)) return undefined;
  const hash = createHash("sha256");
  const piece = new Uint8Array(Math.min(bytes, 1 << 20));
  for (let done = 0; done < bytes; done += piece.length) hash.update(piece.subarray(0, bytes - done));
  return hash.digest("hex");
}
