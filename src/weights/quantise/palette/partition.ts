/**
 * The cheapest division of a sorted histogram into k runs, each told by one fp16 number: one-dimensional k-means, solved and not searched for.
 *
 * The cost of a run is Σ n·(x − c)² for the best c that fp16 holds. Such costs obey the quadrangle inequality, c from all numbers or from a
 * list of them: so the cheapest division at a price for each run is found with one pass over the values (Hirschberg and Larmore 1987), the
 * number of its runs falls as the price rises, and a price that gives k runs gives the best k (Aggarwal, Schieber and Tokuyama 1994,
 * "Finding a minimum-weight k-link path in graphs with the concave Monge property"; Grønlund et al. 2017, arXiv:1701.07204).
 */

/** Sums over the values in rising order, each as far as every value: n + 1 numbers. They count from a place in the middle. */
export interface Sums {
  /** Values. */
  readonly size: number;
  /** Σ n, Σ n·x and Σ n·x². */
  readonly counts: Float64Array;
  readonly firsts: Float64Array;
  readonly seconds: Float64Array;
}

/** Runs of values, cheapest for their number. */
interface Division {
  /** The ends of the runs, the last of them the number of values; the first begins at 0. */
  readonly ends: Int32Array;
  readonly cost: number;
}

/** Rounds a double to 11 bits when it is multiplied and taken away again (Veltkamp's splitting). */
const SPLIT = 2 ** 42 + 1;
/** Added and taken away, it rounds to the spacing of fp16 below its smallest normal number. */
const SPACED = 1.5 * 2 ** 28;
const SMALLEST_NORMAL = 2 ** -14;

/** The nearest number that fp16 holds; none may be above its largest. */
function entry(mean: number): number {
  if (mean < SMALLEST_NORMAL && mean > -SMALLEST_NORMAL) return mean + SPACED - SPACED;
  const wide = mean * SPLIT;
  return wide - (wide - mean);
}

/** The fp16 number that tells the values [begin, end) best. */
export const entryOf = ({ counts, firsts }: Sums, begin: number, end: number): number =>
  entry((firsts[end]! - firsts[begin]!) / (counts[end]! - counts[begin]!));

/** What it costs to tell them by it. */
function costOf({ counts, firsts, seconds }: Sums, begin: number, end: number): number {
  const count = counts[end]! - counts[begin]!;
  const first = firsts[end]! - firsts[begin]!;
  const c = entry(first / count);
  return seconds[end]! - seconds[begin]! - c * (2 * first - c * count);
}

/** Above so many values a coarser histogram tells the price to begin with. */
const COARSE = 1024;
/** Prices that are guessed by the rule that the number of runs falls with the cube root of the price, before chords alone are taken. */
const GUESSES = 4;

/**
 * The division into k runs that costs least, up to the rounding of doubles; into single values where there are no more than k.
 * @returns the ends of its runs, in rising order
 */
export function bestDivision(sums: Sums, k: number): Int32Array {
  return sums.size <= k ? singles(sums.size) : divided(sums, k).division.ends;
}

const singles = (size: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i + 1);

function divided(sums: Sums, k: number): { readonly division: Division; readonly price: number } {
  const { size } = sums;
  const whole = costOf(sums, 0, size);
  let few: Division = { ends: Int32Array.of(size), cost: whole };
  if (k === 1) return { division: few, price: whole };
  let many: Division = { ends: singles(size), cost: 0 };
  const walk = walker(sums);
  let guess = size > 4 * COARSE && k < COARSE / 2 ? divided(coarse(sums), k).price : (5 * whole) / k ** 3;
  for (let turn = 0; ; turn++) {
    const [low, high] = [few.ends.length, many.ends.length];
    // At the price of the chord both ends cost the same; what is cheaper lies between them.
    const chord = (few.cost - many.cost) / (high - low);
    const price = turn < GUESSES ? guess : chord;
    const division = walk(price);
    const runs = division.ends.length;
    if (runs === k) return { division, price };
    if (turn >= GUESSES && (runs <= low || runs >= high)) return { division: between(few, many, k), price };
    if (runs < k && runs > low) few = division;
    if (runs > k && runs < high) many = division;
    // A little beyond, so that the next one lies on the other side.
    guess = price * ((runs + Math.sign(runs - k)) / k) ** 3;
  }
}

/** Sums of neighbours, about `COARSE` of them. */
function coarse({ size, counts, firsts, seconds }: Sums): Sums {
  const at = (i: number): number => Math.round((i * size) / COARSE);
  const thin = (all: Float64Array): Float64Array => Float64Array.from({ length: COARSE + 1 }, (_, i) => all[at(i)]!);
  return { size: COARSE, counts: thin(counts), firsts: thin(firsts), seconds: thin(seconds) };
}

/**
 * k runs out of two divisions that are cheapest at one price: the beginning of the one and the end of the other, crossed where a run of
 * the first holds one of the second. By the quadrangle inequality this is cheapest at that price too.
 */
function between(few: Division, many: Division, k: number): Division {
  const shift = k - few.ends.length;
  let i = 0;
  while (few.ends[i]! < many.ends[i + shift]!) i++;
  const ends = Int32Array.from([...many.ends.subarray(0, i + shift), ...few.ends.subarray(i)]);
  return { ends, cost: Number.NaN };
}

/** A function that gives the cheapest division at a price for each run. Its arrays are made once. */
function walker(sums: Sums): (price: number) => Division {
  const { size } = sums;
  const best = new Float64Array(size + 1);
  const from = new Int32Array(size + 1);
  // Where a last run may begin, and from which end on each of these is the cheapest.
  const begins = new Int32Array(size + 2);
  const since = new Int32Array(size + 2);
  return (price) => {
    let [head, tail] = [0, 0];
    [begins[0], since[0]] = [0, 1];
    for (let end = 1; end <= size; end++) {
      while (head < tail && since[head + 1]! <= end) head++;
      const begin = begins[head]!;
      best[end] = best[begin]! + costOf(sums, begin, end) + price;
      from[end] = begin;
      while (tail > head && since[tail]! > end && isCheaper(sums, best, end, begins[tail]!, since[tail]!)) tail--;
      const first = takeover(sums, best, end, begins[tail]!, Math.max(since[tail]!, end + 1));
      if (first > size) continue;
      tail++;
      begins[tail] = end;
      since[tail] = first;
    }
    return traced(from, size, best[size]!, price);
  };
}

/** Whether a run from `begin` to `end` is a cheaper end than one from `rival`. */
const isCheaper = (sums: Sums, best: Float64Array, begin: number, rival: number, end: number): boolean =>
  best[begin]! + costOf(sums, begin, end) < best[rival]! + costOf(sums, rival, end);

/** The first end from `low` on at which a run from `begin` is cheaper than one from `rival`; beyond all where none is. */
function takeover(sums: Sums, best: Float64Array, begin: number, rival: number, low: number): number {
  let [not, yes] = [low - 1, low];
  // It is not far as a rule.
  for (let step = 1; yes <= sums.size && !isCheaper(sums, best, begin, rival, yes); step *= 2) {
    not = yes;
    yes += step;
  }
  yes = Math.min(yes, sums.size + 1);
  while (yes - not > 1) {
    const middle = (yes + not) >> 1;
    if (isCheaper(sums, best, begin, rival, middle)) yes = middle;
    else not = middle;
  }
  return yes;
}

function traced(from: Int32Array, size: number, cost: number, price: number): Division {
  let runs = 0;
  for (let end = size; end > 0; end = from[end]!) runs++;
  const ends = new Int32Array(runs);
  for (let [end, i] = [size, runs - 1]; i >= 0; i--) {
    ends[i] = end;
    end = from[end]!;
  }
  return { ends, cost: cost - runs * price };
}
