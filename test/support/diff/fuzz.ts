/** Random pairs of packages with one edit between them: of any field of the protobuf, or of a byte of the weights. */
import type { Random } from "../ops/draw.ts";
import { randomFrom } from "../ops/draw.ts";
import { editModel, fieldsIn } from "./edits.ts";
import { type Judged, judge, type Outcome } from "./judge.ts";
import { type Subject, subjects } from "./subjects.ts";

/** What came of a run. */
export interface Tally {
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Of each edit that was judged wrongly: where it was, and how. */
  readonly wrong: readonly string[];
  /** Fields that were edited. */
  readonly fields: ReadonlySet<string>;
}

/**
 * As many edits as `runs`, a tenth each of weights, of bits of the model file and of what has equal spellings; the same for the
 * same seed.
 */
export async function fuzzDiff(runs: number, seed: number): Promise<Tally> {
  const all = await subjects();
  const random = randomFrom(seed);
  return tallied(Array.from({ length: runs }, (_, n) => () => KINDS[n % KINDS.length]!(all, random)));
}

/** As many edits as `each` of every field that occurs in any of the packages. */
export async function editEveryField(each: number, seed: number): Promise<Tally> {
  const holders = new Map<string, Subject[]>();
  for (const subject of await subjects())
    for (const field of fieldsIn(subject.bytes)) holders.set(field, [...(holders.get(field) ?? []), subject]);
  const random = randomFrom(seed);
  const edits = [...holders].flatMap(([field, all]) =>
    Array.from({ length: each }, () => () => modelEdit([pick(all, random)], random, field)),
  );
  return tallied(edits);
}

function tallied(edits: readonly (() => Edit)[]): Tally {
  const counts = { refused: 0, reported: 0, same: 0, spelling: 0 };
  const [wrong, fields]: [string[], Set<string>] = [[], new Set()];
  for (const [n, edit] of edits.entries()) {
    const { where, judged } = edit();
    counts[judged.outcome] += 1;
    fields.add(where.split(" of ")[0]!);
    if (judged.wrong !== undefined) wrong.push(`edit ${n}, ${where}: ${judged.wrong}`);
  }
  return { counts, wrong, fields };
}

const RICH = ["everything", "two", "literals", "spelt"];

interface Edit {
  readonly where: string;
  readonly judged: Judged;
}

const pick = <X>(list: readonly X[], random: Random): X => list[Math.floor(random() * list.length)]!;

/** Half of the edits are of the models that say most, and of the one that has equal spellings. */
function modelEdit(all: readonly Subject[], random: Random, only = ""): Edit {
  const rich = all.filter(({ name }) => RICH.includes(name));
  const subject = pick(rich.length > 0 && random() < 0.5 ? rich : all, random);
  const { field, bytes } = editModel(subject.bytes, random, only);
  return { where: `${field} of ${subject.name}`, judged: judge(subject, { ...subject, bytes }) };
}

function weightsEdit(all: readonly Subject[], random: Random): Edit {
  const subject = pick(
    all.filter(({ weights }) => weights !== undefined),
    random,
  );
  const weights = Uint8Array.from(subject.weights!);
  const at = Math.floor(random() * weights.length);
  weights[at]! ^= 1 << Math.floor(random() * 8);
  return { where: `byte of weights ${at} of ${subject.name}`, judged: judge(subject, { ...subject, weights }) };
}

/** Of the whole numbers among the literals: bounds of slices, axes. */
function spellingEdit(all: readonly Subject[], random: Random): Edit {
  const subject = all.find(({ name }) => name === "spelt")!;
  const { field, bytes } = editModel(subject.bytes, random, "MILSpec.TensorValue.RepeatedInts");
  return { where: `${field} of ${subject.name}`, judged: judge(subject, { ...subject, bytes }) };
}

/** Of one bit of the model file, whatever it makes of it. */
function bitEdit(all: readonly Subject[], random: Random): Edit {
  const subject = pick(all, random);
  const bytes = Uint8Array.from(subject.bytes);
  bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
  return { where: `a bit of the file of ${subject.name}`, judged: judge(subject, { ...subject, bytes }) };
}

const KINDS = [...Array.from({ length: 7 }, () => modelEdit), spellingEdit, bitEdit, weightsEdit];
