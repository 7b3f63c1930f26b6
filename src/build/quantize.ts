/** How the matrices of a build are stored, in the words of the command line, of names of files and of the manifest. */
import type { Graph } from "../dsl/graph.ts";
import { UserError } from "../dsl/user-error.ts";
import { type Form, matricesOf, type Quantising, quantised } from "../passes/quantise.ts";

/** fp16 as it is, or in fewer bits; the embedding is always fp16. */
export type Quantize = { readonly how: "none" } | Quantising;

interface Words {
  readonly word: string;
  /** In the names of packages. */
  readonly tag: string;
  /** Of an element. */
  readonly bits: number;
}

const WORDS: Readonly<Record<Form | "none", Words>> = {
  none: { word: "none", tag: "fp16", bits: 16 },
  nearest: { word: "int8", tag: "q8", bits: 8 },
  coremltools: { word: "int8-coremltools", tag: "q8", bits: 8 },
  lut4: { word: "lut4", tag: "lut4", bits: 4 },
  lut6: { word: "lut6", tag: "lut6", bits: 6 },
  lut8: { word: "lut8", tag: "lut8", bits: 8 },
};

/** A form in the word of `--quantize`. */
export const formWord = (how: Form | "none"): string => WORDS[how].word;

/** The form of a word; undefined for `none`. @throws Error for a word that is none */
export function formOfWord(word: string): Form | undefined {
  const [how] = Object.entries(WORDS).find(([, words]) => words.word === word)!;
  return how === "none" ? undefined : (how as Form);
}

/** What the names of packages end in: the form of most of their matrices. */
export const tagOf = ({ how }: Quantize): string => WORDS[how].tag;

/** Bits of an element of most matrices. */
export const bitsOfForm = ({ how }: Quantize): number => WORDS[how].bits;

/** Every form that matrices may have. */
export const formsOf = (quantize: Quantize): readonly Form[] =>
  quantize.how === "none" ? [] : [...new Set([quantize.how, ...quantize.others.map(({ how }) => how)])];

/** In the words of `--quantize`, `--quantize-for` and `--keep`. */
export function quantizeText(quantize: Quantize): string {
  if (quantize.how === "none") return "none";
  const others = quantize.others.map(({ piece, how }) => `${piece}=${formWord(how)}`);
  return [[formWord(quantize.how), ...others].join(" with "), ...quantize.kept].join(" but ");
}

/** A graph as its package stores it. */
export const storedAs = (quantize: Quantize, graph: Graph): Graph =>
  quantize.how === "none" ? graph : quantised(graph, quantize);

/** @throws UserError where nothing would be quantised, or a piece of a name is in none: what was meant would not be done */
export function checkQuantize(quantize: Quantize, graphs: readonly Graph[]): void {
  if (quantize.how === "none") return;
  const names = [...new Set(graphs.flatMap(matricesOf))];
  if (names.length === 0)
    throw new UserError(
      `--quantize ${formWord(quantize.how)} would quantise nothing: all matrices of this model are small`,
      "leave it out",
    );
  const { others, kept } = quantize;
  if (names.every((name) => kept.some((piece) => name.includes(piece))))
    throw new UserError(`--keep ${kept.join(" ")} keeps all that would be quantised`, "give --quantize none");
  const idle = [...others.map(({ piece }) => piece), ...kept].find(
    (piece) => !names.some((name) => name.includes(piece)),
  );
  if (idle !== undefined)
    throw new UserError(
      `no matrix that would be quantised has "${idle}" in its name`,
      `their names are like ${[...new Set([...names.slice(0, 4), names.at(-1)!])].join(", ")}`,
    );
  checkOthers(names, quantize);
}

/** @throws UserError for a form that no matrix gets: what is kept and the forms before it take all that it names */
function checkOthers(names: readonly string[], { others, kept }: Exclude<Quantize, { how: "none" }>): void {
  const shadowed = others.find(({ piece }, k) => {
    const before = [...kept, ...others.slice(0, k).map((one) => one.piece)];
    return names.every((name) => !name.includes(piece) || before.some((other) => name.includes(other)));
  });
  if (shadowed)
    throw new UserError(
      `--quantize-for ${shadowed.piece}=${formWord(shadowed.how)} does nothing: --keep and the forms before it take every matrix that it names`,
      "give the longer piece first",
    );
}
