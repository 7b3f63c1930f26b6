/** How many of a thing, in words. */

/** `1 tensor`, `3 tensors`; a plural of its own where the noun has one. */
export const counted = (n: number, one: string, several = `${one}s`): string => `${n} ${n === 1 ? one : several}`;
