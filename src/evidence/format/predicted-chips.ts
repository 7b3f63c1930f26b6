/** The chips for which a prediction of the engine's results may stand in fixtures. */

/** Chips whose engine's arithmetic was measured (src/passes/engine/chips.ts); what is merely consistent with it widens no bound. */
export const PREDICTED_CHIPS = ["m4", "m6"] as const;
/** One of them. */
export type PredictedChip = (typeof PREDICTED_CHIPS)[number];
