/** Brings the vectors of a product into the layout the inner loops read, and looks at operands beforehand. */
import { widenOne } from "./half.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, mul, set, when } from "./text.ts";

/**
 * Packs `tokens` vectors (1 or 4) as fp32 in blocks of eight k: [K/8][tokens][8], zeros behind K and behind the
 * `live` ones, multiplied by the fp32 `scale`. Items are blocks of eight k.
 */
const pack = kernel(
  "pack",
  ["src", "tokenStride", "kStride", "half", "live", "K", "dst", "tokens", "scale"],
  { i32: ["block", "token", "j", "k", "from", "to", "bits"], f32: ["value"] },
  [
    forEach("block", get("begin"), get("end"), 1, [
      set("to", add(get("dst"), mul(get("block"), mul(get("tokens"), i32(32))))),
      forEach("token", i32(0), get("tokens"), 1, [
        forEach("j", i32(0), i32(8), 1, [
          set("value", "(f32.const 0)"),
          set("k", add(mul(get("block"), i32(8)), get("j"))),
          when(call2("i32.and", `(i32.lt_u ${get("k")} ${get("K")})`, `(i32.lt_u ${get("token")} ${get("live")})`), [
            set("from", add(add(get("src"), mul(get("token"), get("tokenStride"))), mul(get("k"), get("kStride")))),
            when(
              get("half"),
              [set("bits", `(i32.load16_u ${get("from")})`), ...widenOne("value", "bits")],
              [set("value", `(f32.load ${get("from")})`)],
            ),
            set("value", `(f32.mul ${get("value")} (f32.reinterpret_i32 ${get("scale")}))`),
          ]),
          `(f32.store ${get("to")} ${get("value")})`,
          set("to", add(get("to"), i32(4))),
        ]),
      ]),
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

/** `(param $at $blocks $bytes) → n`: all but the first n of the packed blocks of `bytes` bytes are ±0. */
const used = `(func (export "used") (param $at i32) (param $blocks i32) (param $bytes i32) (result i32)
  (local $i i32) (local $from i32)
  (block $none (loop $next
    (br_if $none (i32.eqz ${get("blocks")}))
    ${set("from", add(get("at"), mul(call2("i32.sub", get("blocks"), i32(1)), get("bytes"))))}
    ${forEach("i", get("from"), add(get("from"), get("bytes")), 16, [
      `(if (v128.any_true (f32x4.ne ${load(get("i"))} ${lanes(0)})) (then (return ${get("blocks")})))`,
    ])}
    ${set("blocks", call2("i32.sub", get("blocks"), i32(1)))}
    (br $next)))
  (i32.const 0))`;

export const packKernels: readonly string[] = [pack, finite, used];
