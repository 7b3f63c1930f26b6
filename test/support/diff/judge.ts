/**
 * What `diff` makes of an edit, held against the oracle: "no difference" is right when every field is the same, or when
 * a literal is spelt otherwise and both graphs give the same bits when they are run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph } from "../../../src/dsl/graph.ts";
import { roundTo } from "../../../src/dsl/number.ts";
import { isFloat, sizeOf, type TensorType } from "../../../src/dsl/type.ts";
import { isUserError } from "../../../src/dsl/user-error.ts";
import type { GraphDifference } from "../../../src/emit/diff/diff.ts";
import { diffPackages } from "../../../src/emit/diff/package.ts";
import { milJson } from "../../../src/emit/mil/json.ts";
import { packageArray } from "../../../src/emit/read/blobs/package-store.ts";
import { graphOf, type Package } from "../../../src/emit/read/read.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { modelOfJson } from "../inspect-json.ts";
import { type Random, randomFrom } from "../ops/draw.ts";
import { fieldsOf, sameFields } from "./fields.ts";
import { openIn, type Subject } from "./subjects.ts";

/** `same`: no field differs. `spelling`: fields differ, and what is computed does not. */
export type Outcome = "refused" | "reported" | "same" | "spelling";

/** One edit judged; `wrong` says what diff, check or inspect got wrong. */
export interface Judged {
  readonly outcome: Outcome;
  readonly wrong?: string;
}

/** What the commands make of a package. */
interface Answers {
  /** Forwards and backwards; undefined where it was refused. */
  readonly diffs: readonly (readonly GraphDifference[] | undefined)[];
  readonly isGraph: boolean;
}

type Edited = Pick<Subject, "bytes" | "weights">;

/** The edited model and weights beside the subject's own. */
export function judge(subject: Subject, edited: Edited): Judged {
  const root = mkdtempSync(join(tmpdir(), "graphc-diff-"));
  try {
    const same =
      isReadable(edited.bytes) && sameFields(subject.bytes, edited.bytes) && isSame(subject.weights, edited.weights);
    const before = openIn(join(root, "before"), subject.bytes, subject.weights);
    const after = tried(() => openIn(join(root, "after"), edited.bytes, edited.weights));
    if (!after) return same ? { outcome: "refused", wrong: "the same model is refused" } : { outcome: "refused" };
    if (!isReadable(edited.bytes)) return { outcome: "reported", wrong: "bytes that are no message are read" };
    if (!printsAll(after, edited.bytes)) return { outcome: "reported", wrong: "inspect --json loses something" };
    return verdict(answersOf(before, after), same, () => spellingFault(before, after, subject, edited));
  } catch (error) {
    return { outcome: "refused", wrong: (error as Error).stack ?? String(error) };
  } finally {
    rmSync(root, { recursive: true });
  }
}

function isReadable(bytes: Uint8Array): boolean {
  try {
    return fieldsOf(bytes) !== undefined;
  } catch {
    return false;
  }
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  Buffer.compare(a ?? new Uint8Array(), b ?? new Uint8Array()) === 0;

function tried<X>(make: () => X): X | undefined {
  try {
    return make();
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
}

function printsAll({ model }: Package, bytes: Uint8Array): boolean {
  const text = JSON.stringify(milJson(model, () => "0".repeat(64)));
  return sameFields(encodeModel(modelOfJson(text)), bytes);
}

function answersOf(before: Package, after: Package): Answers {
  const { functions } = after.model;
  return {
    diffs: [tried(() => diffPackages(before, after)), tried(() => diffPackages(after, before))],
    isGraph: functions.every(({ name }) => tried(() => graphOf(after, { function: name })) !== undefined),
  };
}

function verdict({ diffs, isGraph }: Answers, same: boolean, spelling: () => string | undefined): Judged {
  const [forward, backward] = diffs;
  const outcome = !forward || !backward ? "refused" : forward.length > 0 ? "reported" : same ? "same" : "spelling";
  const is = (wrong: string | undefined): Judged => ({ outcome, ...(wrong ? { wrong } : {}) });
  if (!forward !== !backward) return is("refused in one direction alone");
  if (!forward === isGraph) return is(`diff ${forward ? "reads" : "refuses"} it, check does not`);
  if (!forward || !backward) return is(same ? "the same model is refused" : undefined);
  if (forward.length > 0 !== backward.length > 0) return is("a difference in one direction alone");
  if (forward.length > 0) return is(same ? `a difference between equal models: ${JSON.stringify(forward)}` : undefined);
  return is(same ? undefined : spelling());
}

/** Where the fields may differ without a difference. */
const LITERAL =
  /\.operations\.\d+\.(inputs\.\w+\.arguments\.\d+\.value|attributes\.val)\.immediateValue\.tensor\.(ints|bools)\b/;

function spellingFault(before: Package, after: Package, a: Edited, b: Edited): string | undefined {
  if (!isSame(a.weights, b.weights)) return '"no difference", and a byte of the weights differs';
  const stray = pathsApart(fieldsOf(a.bytes), fieldsOf(b.bytes)).find((path) => !LITERAL.test(path));
  if (stray !== undefined) return `"no difference", and ${stray} differs`;
  for (const { name } of before.model.functions) {
    const graphs = [before, after].map((pkg) => graphOf(pkg, { function: name }));
    for (let seed = 0; seed < 3; seed++) {
      const [x, y] = graphs.map((graph) => resultsOf(graph, randomFrom(seed)));
      if (!sameNumbers(x!, y!)) return `"no difference", and "${name}" computes something else`;
    }
  }
  return undefined;
}

function pathsApart(a: unknown, b: unknown, path = ""): readonly string[] {
  if (Object.is(a, b)) return [];
  const isObject = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null;
  if (!isObject(a) || !isObject(b)) return [path];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    pathsApart(a[key], b[key], `${path}.${key}`),
  );
}

function resultsOf(graph: Graph, random: Random): readonly number[] {
  const fed = ({ dtype, shape }: TensorType) =>
    arrayOf(
      dtype,
      shape,
      Array.from({ length: sizeOf(shape) }, () =>
        roundTo(dtype, isFloat(dtype) ? 4 * random() - 2 : Math.floor(2 * random())),
      ),
    );
  const leaves = [...graph.inputs, ...graph.states.map(({ entry }) => entry)];
  const values = Object.fromEntries(leaves.map((leaf) => [leaf.name!, fed(leaf.type)]));
  const { outputs, states } = evaluate(graph, { values, weight: packageArray });
  return [...Object.values(outputs), ...Object.values(states)].flatMap(({ data }) => [...data]);
}

const sameNumbers = (x: readonly number[], y: readonly number[]): boolean =>
  x.length === y.length && x.every((one, i) => Object.is(one, y[i]));
