/** What quantising cost a weight, summed row by row while it streams. */

/** Errors are relative to the length of what they are of; 0 for a row of zeros that stayed one, infinite for one that did not. */
export interface QuantiseCost {
  /** ‖w − what is stored‖ / ‖w‖ over all of it. */
  readonly error: number;
  /** The same of its worst row, and which that is. */
  readonly worstRow: number;
  readonly row: number;
  /** Bytes of what is stored. */
  readonly bytes: number;
}

/** Takes rows in order. */
export interface CostTally {
  /** The sums of a row's squares and of the squares of what it is off by. */
  row(squares: number, errors: number): void;
  cost(bytes: number): QuantiseCost;
}

const share = (errors: number, squares: number): number => (errors === 0 ? 0 : Math.sqrt(errors / squares));

/** One that has seen no row. */
export function costTally(): CostTally {
  let [squares, errors, worstRow, row, rows] = [0, 0, 0, 0, 0];
  return {
    row(square, error) {
      squares += square;
      errors += error;
      const own = share(error, square);
      if (own > worstRow) [worstRow, row] = [own, rows];
      rows++;
    },
    cost: (bytes) => ({ error: share(errors, squares), worstRow, row, bytes }),
  };
}
