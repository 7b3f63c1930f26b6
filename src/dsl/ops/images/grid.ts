/** Where the samples of a resized axis lie among its elements, by the five conventions that MIL names. */

/** How the samples of an axis are laid over its elements. */
export const SAMPLING_MODES = [
  "DEFAULT",
  "STRICT_ALIGN_CORNERS",
  "ALIGN_CORNERS",
  "OFFSET_CORNERS",
  "UNALIGN_CORNERS",
] as const;
/** One of them. */
export type SamplingMode = (typeof SAMPLING_MODES)[number];

/** Two neighbours for each sample, and how much of the second. */
export interface Grid {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly share: readonly number[];
}

/** Distance of the samples, and the place of the first (docstring of `resize_bilinear`, coremltools 9.0). */
function steps(mode: SamplingMode, size: number, samples: number): readonly [spacing: number, first: number] {
  const [whole, one] = [size / samples, samples === 1];
  switch (mode) {
    case "DEFAULT":
      return [whole, 0];
    case "STRICT_ALIGN_CORNERS":
      return [one ? 0 : (size - 1) / (samples - 1), 0];
    case "ALIGN_CORNERS":
      return one ? [0, (size - 1) / 2] : [(size - 1) / (samples - 1), 0];
    case "OFFSET_CORNERS": {
      const delta = Math.max(1, size - 1) / samples;
      return [delta, 0.5 * delta];
    }
    case "UNALIGN_CORNERS":
      return [whole, 0.5 * whole - 0.5];
  }
}

/** The neighbours of every sample of an axis of `size`. */
export function gridOf(mode: SamplingMode, size: number, samples: number): Grid {
  const [spacing, first] = steps(mode, size, samples);
  const places = Array.from({ length: samples }, (_, i) => Math.min(size - 1, Math.max(0, first + i * spacing)));
  const low = places.map(Math.floor);
  return { low, high: low.map((i) => Math.min(i + 1, size - 1)), share: places.map((x, i) => x - low[i]!) };
}

/** The element that stands for each sample where none are mixed: ⌊i · size / samples⌋. */
export const nearestOf = (size: number, samples: number): readonly number[] =>
  Array.from({ length: samples }, (_, i) => Math.floor((i * size) / samples));
