/** Brings the vectors of a product into the layout the inner loops read, and looks at operands beforehand. */
import { widenOne } from "./half.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, mul, set, when } from "./text.ts";

/**
 * Packs vectors ("tokens") in blocks of `tokens` (1 or 4) as fp32: [token block][K/8][tokens][8], zeros behind K and
 * behind the last of the `count` tokens, multiplied by the fp32 `scale`. For each token block `used` gets the number of
 * k up to the last that is not ±0 in all of its tokens. Items are token blocks.
 */
const pack = kernel(
  "pack",
  ["src", "tokenStride", "kStride", "half", "count", "K", "dst", "tokens", "scale", "used"],
  { i32: ["block", "token", "j", "k", "last", "row", "column", "from", "to", "bits"], f32: ["value"] },
  [
    forEach("block", get("begin"), get("end"), 1, [
      set("last", i32(0)),
      forEach("token", i32(0), get("tokens"), 1, [
        set("row", add(mul(get("block"), get("tokens")), get("token"))),
        set("from", add(get("src"), mul(get("row"), get("tokenStride")))),
        set(
          "column",
          mul(mul(get("block"), call2("i32.and", add(get("K"), i32(7)), i32(-8))), mul(get("tokens"), i32(4))),
        ),
        set("to", add(add(get("dst"), get("column")), mul(get("token"), i32(32)))),
        forEach("k", i32(0), get("K"), 8, [
          forEach("j", get("k"), add(get("k"), i32(8)), 1, [
            set("value", "(f32.const 0)"),
            when(call2("i32.and", `(i32.lt_u ${get("j")} ${get("K")})`, `(i32.lt_u ${get("row")} ${get("count")})`), [
              when(
                get("half"),
                [set("bits", `(i32.load16_u ${get("from")})`), ...widenOne("value", "bits")],
                [set("value", `(f32.load ${get("from")})`)],
              ),
              when(
                call2("i32.and", `(f32.ne ${get("value")} (f32.const 0))`, `(i32.ge_u ${get("j")} ${get("last")})`),
                [set("last", add(get("j"), i32(1)))],
              ),
              set("value", `(f32.mul ${get("value")} (f32.reinterpret_i32 ${get("scale")}))`),
              set("from", add(get("from"), get("kStride"))),
            ]),
            `(f32.store ${get("to")} ${get("value")})`,
            set("to", add(get("to"), i32(4))),
          ]),
          set("to", add(get("to"), mul(call2("i32.sub", get("tokens"), i32(1)), i32(32)))),
        ]),
      ]),
      `(i32.store ${add(get("used"), mul(get("block"), i32(4)))} ${get("last")})`,
    ]),
  ],
);

/** `(param $at $count) → 1` when none of the `count` fp16 at `at` is infinite or NaN. */
const finite = `(func (export "finite") (param $at i32) (param $count i32) (result i32)
  (local $stop i32) (local $bad v128)
  ${set("stop", add(get("at"), mul(call2("i32.and", get("count"), i32(-8)), i32(2))))}
  ${forEach("at", get("at"), get("stop"), 16, [
    set(
      "bad",
      call2(
        "v128.or",
        get("bad"),
        call2("i16x8.eq", call2("v128.and", load(get("at")), lanes(0x7c007c00)), lanes(0x7c007c00)),
      ),
    ),
  ])}
  ${set("stop", add(get("stop"), mul(call2("i32.and", get("count"), i32(7)), i32(2))))}
  ${forEach("at", get("at"), get("stop"), 2, [
    when(`(i32.eq (i32.and (i32.load16_u ${get("at")}) ${i32(0x7c00)}) ${i32(0x7c00)})`, ["(return (i32.const 0))"]),
  ])}
  (i32.eqz (v128.any_true ${get("bad")})))`;

/** The exports `pack` and `finite`. */
export const packKernels: readonly string[] = [pack, finite];
