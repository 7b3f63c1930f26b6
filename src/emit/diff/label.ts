/** Values of a graph in the words of a difference. */
import type { Tensor } from "../../dsl/tensor.ts";
import { show } from "../../dsl/type.ts";
import { showAttr, sourceText } from "./canonical.ts";

const MAX_SHOWN = 8;

/** What a literal holds, as far as a line has room. */
export function contents({ def, type }: Tensor): string {
  if (def.kind === "weight") return sourceText(def.source);
  if (def.kind !== "const") return show(type);
  const more = def.data.length > MAX_SHOWN ? `,… (${def.data.length})` : "";
  return `${showAttr(Array.from(def.data).slice(0, MAX_SHOWN))}${more}`;
}

/** A value as a reader finds it: by name where it has one. */
export function label(value: Tensor): string {
  const { def, name, type } = value;
  if (def.kind === "input" || def.kind === "state") return `${def.kind} "${def.name}"`;
  const what = def.kind === "op" ? def.op : def.kind;
  if (name !== undefined) return `${what} "${name}"`;
  return `${what} ${def.kind === "op" ? show(type) : contents(value)}`;
}

/** The same where the op is named beside it. */
export function ownLabel(value: Tensor): string {
  if (value.name !== undefined) return `"${value.name}"`;
  return value.def.kind === "op" ? "(unnamed)" : contents(value);
}
