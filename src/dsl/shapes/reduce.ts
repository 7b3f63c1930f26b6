/** Shapes of the reductions. */
import type { Shape } from "../type.ts";
import type { AxisOf, Unranked, Vague } from "./dim.ts";

/** Shape of reduce_*(x, axes, keep_dims); all axes when none are named. */
export type ReduceShape<A extends Shape, Axes, Keep> =
  Unranked<A> extends true
    ? Shape
    : boolean extends Keep
      ? Shape
      : Axes extends Shape
        ? Vague<Axes> extends true
          ? Keep extends true
            ? { readonly [I in keyof A]: number }
            : Shape
          : Reduced<A, AxisOf<A, Axes[number]>, Keep>
        : Reduced<A, keyof A, Keep>;

type Reduced<A extends Shape, Keys, Keep> = Keep extends true
  ? { readonly [I in keyof A]: I extends Keys ? 1 : A[I] }
  : Removed<A, Keys>;

type Removed<
  A extends Shape,
  Keys,
  Done extends Shape = readonly [],
  Seen extends Shape = readonly [],
> = A extends readonly [infer N extends number, ...infer As extends Shape]
  ? Removed<As, Keys, `${Seen["length"]}` extends Keys ? Done : readonly [...Done, N], readonly [...Seen, N]>
  : Done;
