/** Circular and hyperbolic functions of one element, and the other functions that the algebra names and few graphs use. */
import { NUMBERS } from "../type.ts";
import { unary } from "./unary.ts";

/** tan x, x in radians. */
export const tan = unary("tan")({ doc: "y = tan x", f: (m, a) => m.unary("tan", a) });
/** The angle whose sine is x; NaN beyond ±1. */
export const asin = unary("asin")({ doc: "y = arcsin x", f: (m, a) => m.unary("asin", a) });
/** The angle whose cosine is x; NaN beyond ±1. */
export const acos = unary("acos")({ doc: "y = arccos x", f: (m, a) => m.unary("acos", a) });
/** The angle whose tangent is x. */
export const atan = unary("atan")({ doc: "y = arctan x", traits: ["floors", "caps"], f: (m, a) => m.unary("atan", a) });
/** (eˣ − e⁻ˣ) / 2. */
export const sinh = unary("sinh")({ doc: "y = sinh x", f: (m, a) => m.unary("sinh", a) });
/** (eˣ + e⁻ˣ) / 2. */
export const cosh = unary("cosh")({ doc: "y = cosh x", f: (m, a) => m.unary("cosh", a) });
/** The number whose tanh is x; NaN beyond ±1. */
export const atanh = unary("atanh")({ doc: "y = artanh x", f: (m, a) => m.unary("atanh", a) });
/** 2ˣ; fp16 overflows from 16 on. */
export const exp2 = unary("exp2")({
  doc: "y = 2ˣ; on int32 truncated towards zero",
  dtypes: NUMBERS,
  traits: ["floors"],
  f: (m, a) => m.unary("exp2", a),
});
