/** The order in which elements are put: the one text of it, for every reading in numbers. */

/** The places of the elements in rising or falling order: NaN last either way, of equal ones the lower place first. */
export function placesInOrder(elements: ArrayLike<number>, descending: boolean): readonly number[] {
  const places = Array.from({ length: elements.length }, (_, k) => k);
  const sign = descending ? -1 : 1;
  return places.sort((i, j) => {
    const [a, b] = [elements[i]!, elements[j]!];
    if (a < b) return -sign;
    if (b < a) return sign;
    return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j;
  });
}
