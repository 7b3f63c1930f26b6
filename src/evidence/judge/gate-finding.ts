/** What the judge says of one thing that must hold before more than one layer is built. */

/** One line of `graphc gate`. */
export interface GateFinding {
  /** What is judged, such as `resident block`. */
  readonly item: string;
  /** Is it so? `missing`: nobody has looked. `not shown`: somebody has, and it could be otherwise. */
  readonly status: "yes" | "no" | "missing" | "not shown";
  /** On what ground, or what is wrong. */
  readonly note: string;
}

/** It is so. */
export const yes = (item: string, note: string): GateFinding => ({ item, status: "yes", note });
/** It was looked at and is not so. */
export const no = (item: string, note: string): GateFinding => ({ item, status: "no", note });
/** Nobody has looked. */
export const missing = (item: string, note: string): GateFinding => ({ item, status: "missing", note });
/** It was looked at, and what was seen is seen where it is not so as well. */
export const notShown = (item: string, note: string): GateFinding => ({ item, status: "not shown", note });
