/** The data of a page as its file has them: layers of one kind have the same said of them, which is written once. */
import type { Mark, Overlay, PageData } from "./data.ts";

/** What is said, and of which values. */
type Said = readonly [said: Omit<Mark, "node">, nodes: readonly number[]];

/** A page with its marks by what they say. */
export interface PackedPage extends Omit<PageData, "overlays"> {
  readonly overlays: readonly (Omit<Overlay, "marks"> & { readonly marks: readonly Said[] })[];
}

/** The same page. */
export const packed = (data: PageData): PackedPage => ({
  ...data,
  overlays: data.overlays.map((overlay) => ({ ...overlay, marks: packedMarks(overlay.marks) })),
});

function packedMarks(marks: readonly Mark[]): readonly Said[] {
  const all = new Map<string, { readonly said: Omit<Mark, "node">; readonly nodes: number[] }>();
  for (const { node, ...said } of marks) {
    const key = JSON.stringify(said);
    const known = all.get(key);
    if (known) known.nodes.push(node);
    else all.set(key, { said, nodes: [node] });
  }
  return [...all.values()].map(({ said, nodes }) => [said, nodes]);
}

/** And back, in the order of the values. */
export const unpacked = (page: PackedPage): PageData => ({
  ...page,
  overlays: page.overlays.map((overlay) => ({
    ...overlay,
    marks: overlay.marks
      .flatMap(([said, nodes]) => nodes.map((node) => ({ node, ...said })))
      .toSorted((a, b) => a.node - b.node),
  })),
});
