/** `--engine-safe` of an author's graph: the powers of two, and if asked the clamps, with which every limit holds for every input within the bounds. */
import type { Size, SizedModel } from "../../../dsl/model.ts";
import { UserError } from "../../../dsl/user-error.ts";
import { type Clamp, withoutClamps } from "../../../passes/ranges/held/clamps.ts";
import { boundedOf, planPackages } from "../../emit/plan.ts";
import type { Args } from "../../options/command.ts";
import { type Subject, smallPair } from "../../subject/subject.ts";
import type { Io } from "../../terminal/io.ts";
import { clampAt, type Reached, reachedOn } from "../clamp.ts";
import { marginOf } from "../clamp-options.ts";
import { type Clipped, type HeldGraphs, heldWith, type NotHeld, type OpenedAs } from "./held-with.ts";

/** A value that is clipped, and what samples reached of it. */
interface ClampedValue extends Clipped {
  readonly reached: number;
}

/** Values that are clipped, at so many times what so many blocks of samples reached. */
export interface Clamps {
  readonly margin: number;
  readonly blocks: number;
  readonly tokens: number;
  /** None where nothing is clipped. */
  readonly values: readonly ClampedValue[];
}

/** What was chosen, and what is known of the graphs with it. */
export interface SafeGraph extends Pick<HeldGraphs, "exponents" | "bounded" | "held"> {
  readonly kind: "safe";
  /** Where clamps were asked for. */
  readonly clamps?: Clamps;
  /** Graphs of any size without. */
  readonly plain: SizedModel;
}

/** No powers of two do, and why. */
export interface UnsafeGraph {
  readonly kind: "unsafe";
  readonly why: string;
  readonly mend: string;
}

const BOUNDS = "give smaller bounds with --bound, or scale it in the graph";
const CLAMP = `${BOUNDS}, or clip it at 4 times what samples reach: --clamp 4`;

/**
 * Chooses powers of two, and where none does and a margin is given, clamps, and powers of two again; and bounds what was chosen.
 * @throws UserError where block and step are not made alike, and for what the weights refuse
 */
export async function safeGraphOf(
  plain: SizedModel,
  openedAs: OpenedAs,
  args: Args,
  io: Io,
): Promise<SafeGraph | UnsafeGraph> {
  const margin = marginOf(args);
  const clamps = new Map<number, Clamp>();
  for (let reached: Reached | undefined; ; ) {
    const found = await heldWith(plain, [...clamps.values()], openedAs, args, io);
    if (found.kind === "held") {
      const { exponents, bounded, held, clips } = found;
      const told = margin === undefined ? {} : { clamps: { margin, ...toldOf(clips, reached) } };
      return { kind: "safe", exponents, bounded, held, plain, ...told };
    }
    const { why, results, below, mend = BOUNDS } = found;
    const places = missingIn(found, clamps);
    if (places.length === 0)
      return { kind: "unsafe", why: `${why}${clamps.size > 0 ? ", with clamps too" : ""}`, mend };
    if (margin === undefined) return { kind: "unsafe", why, mend: CLAMP };
    reached ??= await reachedOn(openedAs(plain), args, io);
    for (const place of places) {
      const own = clampAt(place, reached, margin, below);
      if (typeof own === "string") return { kind: "unsafe", why: `${why}, and ${own}`, mend: BOUNDS };
      clamps.set(place, { ...own, results });
    }
  }
}

/** The places where there is no clamp yet, or none of a result where one is asked for. */
const missingIn = ({ places, results }: NotHeld, clamps: ReadonlyMap<number, Clamp>): readonly number[] =>
  places.filter((place) => !clamps.has(place) || (results && !clamps.get(place)!.results));

const toldOf = (clips: readonly Clipped[], reached: Reached | undefined) => ({
  blocks: reached?.blocks ?? 0,
  tokens: reached?.tokens ?? 0,
  values: clips.map((one) => ({ ...one, reached: reached!.most.get(one.place)! })),
});

/** The subject with its graphs held, block and step at the same powers, if the options ask for it. @throws UserError where no powers do */
export async function safeSubject(subject: Subject, args: Args, io: Io): Promise<Subject> {
  if (subject.config || !args.flag("engine-safe")) return subject;
  const openedAs: OpenedAs = (build) => boundedOf(subject, planPackages({ ...subject, build }, args));
  const safeGraph = await safeGraphOf(subject.build, openedAs, args, io);
  if (safeGraph.kind === "unsafe")
    throw new UserError(`--engine-safe cannot make this graph safe: ${safeGraph.why}`, safeGraph.mend);
  const { plain, held: build } = safeGraph;
  const clamps = safeGraph.clamps?.values ?? [];
  return {
    ...subject,
    build,
    kinds: (size) => [{ graph: build(size), layers: [] }],
    small: smallPair(build),
    safeGraph,
    plain: (size) => ({
      graph: plain(size),
      residual: 0,
      clamps,
      small: () => ({ block: withoutClamps(build(SMALL), clamps), step: plain(SMALL) }),
    }),
  };
}

/** One token beside two cache rows. */
const SMALL: Size = { tokens: 1, maxSeq: 2 };
