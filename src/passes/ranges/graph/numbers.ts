/** Plain numbers of bounds. */

/** Numbers, or weights as they are stored. */
export type Numbers = Float64Array | Float32Array;
