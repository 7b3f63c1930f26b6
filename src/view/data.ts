/** What a page shows, as plain data: written by Node, read by the page's own script. */

/** One value of a graph. Its place in `PageData.nodes` is its number. */
export interface PageNode {
  readonly kind: "input" | "state" | "weight" | "const" | "op";
  /** The author's name; for others the op, the tensor of the checkpoint, or the numbers of a small constant. */
  readonly label: string;
  /** Dtype and shape, such as `fp16[1,4,8,1]`. */
  readonly type: string;
  readonly op?: string;
  /** Operands by name, and the number of the value that each is. */
  readonly operands: readonly (readonly [name: string, node: number])[];
  readonly attrs: readonly (readonly [name: string, value: string])[];
  /** `file:line:column` in the author's file; absent for a value that no author's line made. */
  readonly at?: string;
  /** Its name in a package. */
  readonly mil?: string;
  /** Of a weight: where its numbers come from, and their SHA-256 where a file holds them. */
  readonly weight?: { readonly source: string; readonly hash?: string };
  /** Of a weight, and of what one is unpacked from: how far it is off what it was made from, or that it is not known. */
  readonly error?: string;
  /** Where two graphs are drawn: it is of the second alone; and operands that its counterpart in the second has in place of its own. */
  readonly only?: "second";
  readonly beside?: PageNode["operands"];
  /** Names of the outputs and of the states whose contents at exit it is. */
  readonly results: readonly string[];
}

/** Where things are, in pixels from the upper left corner; numbers of nodes are places in `Section.values` or `Section.named`. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Centre and size. */
  readonly boxes: readonly (readonly [x: number, y: number, width: number, height: number])[];
  readonly lines: readonly DrawnLine[];
}

/** An edge as an SVG path, and the place of its label. */
export interface DrawnLine {
  readonly from: number;
  readonly to: number;
  /** Which of the values that the box stands for it carries. */
  readonly inner: number;
  /** Only the second of two graphs has it. */
  readonly beside?: true;
  readonly path: string;
  readonly label: readonly [x: number, y: number];
}

/** A part of a graph that is drawn by itself: a layer, or a stretch of a graph without layers. */
export interface Section {
  readonly title: string;
  /** The values drawn when all ops are shown; some are of other sections, which this one reads. */
  readonly values: readonly number[];
  /** The values drawn when only those with names are. */
  readonly named: readonly number[];
  /** For each of `named` the values that it stands for, itself the last. */
  readonly insides: readonly (readonly number[])[];
  /** Places in `PageData.drawings`: equal sections share one. */
  readonly drawings: { readonly all: number; readonly named: number };
}

/** How a mark is meant. */
export type Tone = "good" | "bad" | "warn" | "note" | "plain";

/** What an overlay says of one value. */
export interface Mark {
  readonly node: number;
  readonly tone: Tone;
  /** Sentences for the panel. */
  readonly says: readonly string[];
  /** A short text at the box. */
  readonly short?: string;
  /** In place of its type on the edges that it goes along. */
  readonly edge?: string;
  /** How far it is along a scale that the legend tells of, from 0 to 1. */
  readonly bar?: number;
  /** How far it can come along that scale, where more is known than what was seen. */
  readonly reach?: number;
  /** A picture of its rows: for each row cells, each the tokens (bit t) that were seen to change a number in it. */
  readonly rows?: readonly (readonly number[])[];
}

/** A layer of marks over the picture. */
export interface Overlay {
  readonly id: string;
  readonly title: string;
  /** `none`: there is nothing to show, and `says` tells why. */
  readonly state: "shown" | "none";
  readonly says: readonly string[];
  readonly legend: readonly (readonly [tone: Tone, text: string])[];
  /** How many colours of tokens the legend has. */
  readonly tokens?: number;
  readonly marks: readonly Mark[];
}

/** One call of a block: of each token and cache row what the host opened and what was seen. */
export interface AttentionCall {
  /** The cache row that each token writes. */
  readonly rows: readonly number[];
  /** By token and cache row, bits: 1 its mask opens it, 2 it writes it, 4 it was seen to read it, 8 it was seen to read what stood there before. */
  readonly cells: readonly (readonly number[])[];
  /** Whether the call left other numbers in a row than it found. */
  readonly wrote: readonly boolean[];
}

/** A block of which some tokens are accepted, and the next one. */
export interface Scenario {
  readonly accepted: number;
  readonly calls: readonly AttentionCall[];
}

/** Cache rows against tokens. */
export interface Attention {
  readonly state: "shown" | "none";
  readonly says: readonly string[];
  readonly tokens: number;
  readonly slots: number;
  readonly scenarios: readonly Scenario[];
}

/** All of a page. */
export interface PageData {
  readonly title: string;
  readonly facts: readonly string[];
  readonly nodes: readonly PageNode[];
  readonly sections: readonly Section[];
  readonly drawings: readonly Drawing[];
  readonly overlays: readonly Overlay[];
  readonly attention: Attention;
  /** The formula of each op. */
  readonly docs: Readonly<Record<string, string>>;
}
