/** Powers: those of floats as IEEE 754 has them, those of integers exactly. */

/**
 * x to the power y by IEEE 754-2019, 9.2.1, and numpy: 1 to any power is 1, NaN included, and so is −1 to ±∞. ECMAScript's `**`,
 * which gives NaN for these, agrees with it everywhere else.
 */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return x ** y;
}

/** x to the power y of two int32, wrapped as products are. Below power 0 the quotient, which the result's dtype truncates. */
export function integerPower(x: number, y: number): number {
  if (y < 0) return x ** y;
  let [result, square] = [1, x];
  for (let bits = y; bits > 0; bits = Math.floor(bits / 2)) {
    if (bits % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}
