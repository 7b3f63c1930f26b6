;; Rows of finite fp16 as the nearest int8 codes for a scale, eight elements at a time (quantise.ts has the rule in TypeScript).
;;
;; The quotient of two fp16 differs from a half of a whole number by 2^-12 or more, or not at all, and in fp32 numbers below 128 lie 2^-17
;; apart or closer: rounding it to fp32 first never changes the code. `count` is a multiple of eight.
(module
  (import "env" "memory" (memory 0))
  (global $squares (export "squares") (mut f64) (f64.const 0))
  (global $errors (export "errors") (mut f64) (f64.const 0))

  ;; The largest magnitude as bits, of infinities and NaN too.
  (func (export "largest") (param $at i32) (param $count i32) (result i32)
    (local $end i32)
    (local $most v128)
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 1))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $most
          (i16x8.max_u (local.get $most)
            (v128.and (v128.load (local.get $at))
              (v128.const i16x8 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (local.set $most
      (i16x8.max_u (local.get $most)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $most) (local.get $most))))
    (local.set $most
      (i16x8.max_u (local.get $most)
        (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $most) (local.get $most))))
    (local.set $most
      (i16x8.max_u (local.get $most)
        (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $most) (local.get $most))))
    (i16x8.extract_lane_u 0 (local.get $most)))

  ;; Writes the codes at $to; the sums of the squares and of the squared errors are left in the globals. Those of 64 elements are summed in
  ;; fp32, sixteen a lane, before they become doubles. Added to 1.5 · 2^23 a number is rounded, and its code is in the lowest bits.
  (func (export "quantise") (param $at i32) (param $count i32) (param $to i32) (param $scale f32)
    (local $end i32)
    (local $stop i32)
    (local $low v128)
    (local $high v128)
    (local $codeLow v128)
    (local $codeHigh v128)
    (local $divisor v128)
    (local $magic v128)
    (local $squares v128)
    (local $errors v128)
    (local $allSquares v128)
    (local $allErrors v128)
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 1))))
    (local.set $divisor (f32x4.splat (local.get $scale)))
    (local.set $magic (v128.const f32x4 0x1.8p23 0x1.8p23 0x1.8p23 0x1.8p23))
    (block $done
      (loop $stretch
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $stop (i32.add (local.get $at) (i32.const 128)))
        (local.set $stop
          (select (local.get $stop) (local.get $end) (i32.lt_u (local.get $stop) (local.get $end))))
        (local.set $squares (v128.const i32x4 0 0 0 0))
        (local.set $errors (v128.const i32x4 0 0 0 0))
        (loop $next
          (local.set $low
            (f32x4.mul
              (v128.and (i32x4.shl (v128.load16x4_s (local.get $at)) (i32.const 13))
                (v128.const i32x4 0x8fffe000 0x8fffe000 0x8fffe000 0x8fffe000))
              (v128.const f32x4 0x1p112 0x1p112 0x1p112 0x1p112)))
          (local.set $high
            (f32x4.mul
              (v128.and (i32x4.shl (v128.load16x4_s offset=8 (local.get $at)) (i32.const 13))
                (v128.const i32x4 0x8fffe000 0x8fffe000 0x8fffe000 0x8fffe000))
              (v128.const f32x4 0x1p112 0x1p112 0x1p112 0x1p112)))
          (local.set $codeLow
            (f32x4.add
              (f32x4.pmax (f32x4.pmin (f32x4.div (local.get $low) (local.get $divisor))
                (v128.const f32x4 127 127 127 127)) (v128.const f32x4 -127 -127 -127 -127))
              (local.get $magic)))
          (local.set $codeHigh
            (f32x4.add
              (f32x4.pmax (f32x4.pmin (f32x4.div (local.get $high) (local.get $divisor))
                (v128.const f32x4 127 127 127 127)) (v128.const f32x4 -127 -127 -127 -127))
              (local.get $magic)))
          (v128.store64_lane 0 (local.get $to)
            (i8x16.narrow_i16x8_s
              (i16x8.narrow_i32x4_s
                (i32x4.sub (local.get $codeLow) (local.get $magic)) (i32x4.sub (local.get $codeHigh) (local.get $magic)))
              (local.get $magic)))
          (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $low) (local.get $low))))
          (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $high) (local.get $high))))
          (local.set $low
            (f32x4.sub (local.get $low)
              (f32x4.mul (f32x4.sub (local.get $codeLow) (local.get $magic)) (local.get $divisor))))
          (local.set $high
            (f32x4.sub (local.get $high)
              (f32x4.mul (f32x4.sub (local.get $codeHigh) (local.get $magic)) (local.get $divisor))))
          (local.set $errors (f32x4.add (local.get $errors) (f32x4.mul (local.get $low) (local.get $low))))
          (local.set $errors (f32x4.add (local.get $errors) (f32x4.mul (local.get $high) (local.get $high))))
          (local.set $to (i32.add (local.get $to) (i32.const 8)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $stop))))
        (local.set $allSquares
          (f64x2.add (local.get $allSquares)
            (f64x2.add
              (f64x2.promote_low_f32x4 (local.get $squares))
              (f64x2.promote_low_f32x4
                (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $squares) (local.get $squares))))))
        (local.set $allErrors
          (f64x2.add (local.get $allErrors)
            (f64x2.add
              (f64x2.promote_low_f32x4 (local.get $errors))
              (f64x2.promote_low_f32x4
                (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $errors) (local.get $errors))))))
        (br $stretch)))
    (global.set $squares
      (f64.add (f64x2.extract_lane 0 (local.get $allSquares)) (f64x2.extract_lane 1 (local.get $allSquares))))
    (global.set $errors
      (f64.add (f64x2.extract_lane 0 (local.get $allErrors)) (f64x2.extract_lane 1 (local.get $allErrors))))))
