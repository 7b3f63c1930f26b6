/** An overlay with nothing to show, which says why. */
import type { Overlay } from "../data.ts";

/** `title` is that of the overlay. */
export const notComputed = (title: Pick<Overlay, "id" | "title">, why: string): Overlay => ({
  ...title,
  state: "none",
  says: [`not computed: ${why}`],
  legend: [],
  marks: [],
});
