/** What differs between two values at the same place of two graphs. */
import type { Tensor } from "../../dsl/tensor.ts";
import { show } from "../../dsl/type.ts";
import { showAttr } from "./canonical.ts";
import { contents, label } from "./label.ts";
import type { Matching, Node } from "./match.ts";

/** One thing about a value that differs. */
export interface Change {
  /** `attribute axis`, `operand y`, `type`, `contents`. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** What differs in the value itself; what only follows from its operands is not among it. */
export const changesOf = (x: Node, y: Node, matching: Matching): readonly Change[] =>
  x.def.kind === "op" ? opChanges(x, y, matching) : literalChanges(x, y);

function opChanges({ def: x }: Node, { def: y }: Node, matching: Matching): readonly Change[] {
  if (x.kind !== "op" || y.kind !== "op") return [];
  const attrs = namesOf(x.attrs, y.attrs).flatMap((name) =>
    change(`attribute ${name}`, shownAttr(x.attrs[name]), shownAttr(y.attrs[name])),
  );
  const operands = namesOf(x.operands, y.operands).flatMap((name) => {
    const [left, right] = [[x.operands[name] ?? []].flat() as Tensor[], [y.operands[name] ?? []].flat() as Tensor[]];
    const same = left.length === right.length && left.every((value, i) => matching.areMatched(value, right[i]!));
    return same ? [] : [{ what: `operand ${name}`, before: listed(left), after: listed(right) }];
  });
  return [...attrs, ...operands];
}

const namesOf = (x: object, y: object): readonly string[] => [...new Set([...Object.keys(x), ...Object.keys(y)])];
const shownAttr = (value: Parameters<typeof showAttr>[0] | undefined): string =>
  value === undefined ? "nothing" : showAttr(value);
const listed = (values: readonly Tensor[]): string => (values.length === 0 ? "nothing" : values.map(label).join(", "));

const change = (what: string, before: string, after: string): readonly Change[] =>
  before === after ? [] : [{ what, before, after }];

/** Inputs and states are matched by name and have their difference in the interface. */
function literalChanges(x: Node, y: Node): readonly Change[] {
  if (x.def.kind === "input" || x.def.kind === "state") return [];
  const types = change("type", show(x.type), show(y.type));
  const [before, after] = [contents(x), contents(y)];
  return types.length > 0 ? types : [{ what: "contents", before, after: before === after ? "other numbers" : after }];
}
