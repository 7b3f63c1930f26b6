/**
 * What is asked before a verdict is told: the attack on a proof, and two prime fields. Both run the graphs, or those of the
 * same model at small sizes where these can be built.
 */
import type { Graphs } from "../../../dsl/host/twins.ts";
import type { Mode } from "../logic/setting.ts";
import { type ProvenPair, provenPair } from "../program/pair.ts";
import { type Attacked, attack, type Claim } from "./attack.ts";
import { ProofContradicted } from "./contradicted.ts";
import { costOf, smallOrNone } from "./cost.ts";
import { fingerprint, PRIMES } from "./fingerprint.ts";
import { bothRunner, type OwnRuns, type RunBoth, runWhereDefined } from "./sample.ts";

/** What they may use. */
export interface OpinionOptions {
  readonly seed?: number;
  /** The same graphs at their smallest sizes. */
  readonly small?: (tokens: number) => Graphs;
  readonly ownRuns?: OwnRuns;
}

/** What evaluation over a prime field says. */
export interface SecondOpinion {
  readonly prime: number;
  readonly equal: boolean;
  /** The first place that differs. */
  readonly at?: string;
}

/** Both opinions; the small graphs are built when the first is asked for. */
export interface Opinions {
  /**
   * Undefined where the graphs are too large to be run.
   * @throws ProofContradicted when a run of the graphs says otherwise.
   */
  attacked(claim: Omit<Claim, "seed">): Attacked | undefined;
  /**
   * What two prime fields say; without a level, of graphs that were not proven. Over the reals it is told and no more: a root has no sign there.
   * @throws ProofContradicted when both tell the graphs of an exact proof apart, and follow all that these do.
   */
  fields(claim: { readonly level?: Mode } & Pick<Claim, "contiguous" | "within">): {
    readonly secondOpinion?: readonly SecondOpinion[];
  };
}

/** Scalar operations above which the fields are not asked. */
const FIELDS_LIMIT = 3e5;
/** Scalar operations of a run up to which graphs are attacked at their own sizes: a witness is then one of what was claimed. */
const OWN_LIMIT = 1e6;

/**
 * Opinions on one pair. Small graphs of which `isClaimed` denies the claim are not those of the same model, and contradict nothing: the pair
 * itself is asked then.
 */
export function newOpinions(
  pair: ProvenPair,
  { small, ownRuns, seed = 1 }: OpinionOptions,
  isClaimed: (graphs: Graphs, level: Mode) => boolean = () => true,
): Opinions {
  let built: ProvenPair | undefined;
  const runner = onceCompiled();
  const graphs = (): ProvenPair => {
    if (!built) {
      const made = smallOrNone(small, Math.min(2, pair.tokens));
      built = made ? smaller(pair, made) : pair;
    }
    return built;
  };
  return {
    attacked: (claim) =>
      unlessOther(() => {
        const own = costOf(pair) * (pair.tokens + 1) > OWN_LIMIT ? graphs() : pair;
        const found = attack(own, { ...rowsOf(own, claim), seed }, claim.padding ? undefined : ownRuns, runner);
        if (found?.contradiction)
          throw new ProofContradicted(own, claim.level, { by: "run", found: found.contradiction });
        return found && { ...found, small: own !== pair };
      }),
    fields: (claim) => unlessOther(() => fieldsOf(graphs(), { ...rowsOf(graphs(), claim), seed })),
  };

  function unlessOther<X>(ask: () => X): X {
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof ProofContradicted) || error.pair === pair || isClaimed(error.pair, error.level))
        throw error;
      built = pair;
      return ask();
    }
  }

  /** P2 tells rows of the graphs that were proven. */
  function rowsOf<C extends Pick<Claim, "within">>(own: ProvenPair, { within, ...claim }: C) {
    return own === pair && within ? { ...claim, within } : claim;
  }
}

/** The ops of a pair are compiled once, however often it is attacked. */
function onceCompiled(): typeof bothRunner {
  const known = new Map<string, { readonly pair: ProvenPair; readonly run: RunBoth }>();
  return (pair, precision) => {
    const found = known.get(precision);
    const run = found?.pair === pair ? found.run : bothRunner(pair, precision);
    known.set(precision, { pair, run });
    return run;
  };
}

/** Graphs of the same model at other sizes. */
const smaller = (stored: ProvenPair, { block, step }: Graphs): ProvenPair => provenPair(block, step, stored);

function fieldsOf(
  pair: ProvenPair,
  { level, seed, ...rows }: Pick<Claim, "contiguous" | "within" | "seed"> & { readonly level?: Mode },
): ReturnType<Opinions["fields"]> {
  if (costOf(pair) > FIELDS_LIMIT) return {};
  const over = (prime: number) => ({
    prime,
    ...fingerprint(pair, { prime, seed, ...rows, rounds: level !== "reals" }),
  });
  const found = runWhereDefined(() => {
    const first = over(PRIMES[0]);
    // Equal elements may be a chance of one in millions; elements that differ are a charge, and looked at twice.
    return first.equal ? [first] : [first, over(PRIMES[1])];
  });
  if (!found) return {};
  if (level === "exact" && found.every(({ equal, sure }) => !equal && sure))
    throw new ProofContradicted(pair, level, { by: "fields", seed, found });
  return { secondOpinion: found.map(({ sure: _, ...told }) => told) };
}
