/** Before a no is given that rests on guessed roles: would other roles make it a yes? Then they are asked for. */
import { GraphError, isGraphError } from "../dsl/error.ts";
import { doubtfulRoles, type Graphs, type Twins, twinsOf } from "../dsl/host/twins.ts";
import type { GivenRoles } from "../dsl/role.ts";
import type { Tensor } from "../dsl/tensor.ts";
import { show } from "../dsl/type.ts";
import { type ProveOptions, prove } from "../passes/prove/prove.ts";

/** Inputs of unknown role beyond which no other roles are tried: their number grows with the square. */
const MOST = 6;

type Guess = readonly { readonly input: Tensor; readonly kind: "mask" | "write_mask" }[];

/**
 * Tries an attention mask and a write mask, as far as no input is known to be one, among the inputs that are taken for
 * rows by their shape alone.
 * @throws GraphError that names them, when block and steps are proven equal with such roles
 */
export function askForRoles(
  { block, step }: Graphs,
  given: GivenRoles,
  stored: Pick<ProveOptions, "weightIdentity" | "tableOf"> = {},
): void {
  const twins = twinsOf(block, step, given);
  const doubtful = doubtfulRoles(twins);
  if (doubtful.length > MOST) return;
  const quick = { counterexample: false, secondOpinion: false, corollaries: false, ...stored };
  const proves = (guess: Guess): boolean =>
    unlessUnfit(() => prove(block, step, { ...quick, roles: withGuess(given, guess) }).verdict === "PROVEN");
  // A pair that is proven as it stands differs for another reason, such as padding.
  if (doubtful.length === 0 || proves([])) return;
  const right = guesses(doubtful, twins).find(proves);
  if (right) throw question(right);
}

/** False where a guess does not fit the shape of its input. */
function unlessUnfit(judge: () => boolean): boolean {
  try {
    return judge();
  } catch (error) {
    if (isGraphError(error)) return false;
    throw error;
  }
}

function question(right: Guess): GraphError {
  const inputs = right.map(({ input: { name, type } }) => `"${name}" (${show(type)})`).join(" and ");
  const kinds = right.map(({ kind }) => kind).join(" and ");
  const options = right.map(({ input, kind }) => `--role ${input.name}=${kind}`).join(" ");
  const [them, are] = right.length > 1 ? ["they", "are"] : ["it", "is"];
  return new GraphError(
    `what the host feeds to ${inputs} is not known: block and steps differ if ${them} ${are} rows of tokens, as the shape has it, and not if ${them} ${are} ${kinds}`,
    right[0]!.input.site,
    [],
    `say ${options} (or rows), or declare it where the input is made`,
  );
}

/** One mask, one write mask, or one of each, of those that no other input is. */
function guesses(inputs: readonly Tensor[], { roles }: Twins): readonly Guess[] {
  const known = new Set([...roles.values()].map(({ kind }) => kind));
  const masks = known.has("mask") ? [] : inputs.map((input) => ({ input, kind: "mask" }) as const);
  const told = known.has("write_mask") || known.has("position");
  const writes = told ? [] : inputs.map((input) => ({ input, kind: "write_mask" }) as const);
  const both = masks.flatMap((mask) =>
    writes.flatMap((write) => (mask.input === write.input ? [] : [[mask, write] as const])),
  );
  return [...[...masks, ...writes].map((one) => [one]), ...both];
}

function withGuess(given: GivenRoles, guess: Guess): GivenRoles {
  const roles = new Map(given);
  for (const { input, kind } of guess) roles.set(input.name ?? "", { facts: { kind }, source: "option" });
  return roles;
}
