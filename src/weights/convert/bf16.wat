;; bf16 to fp16 in place, eight elements at a time, as long as fp16 holds all eight.
;;
;; bf16 is s eeeeeeee mmmmmmm, fp16 is s eeeee mmmmmmmmmm. From 2^-14 (0x3880) up to 2^16 (0x4780), fp16's normal range,
;; taking 112 off the exponent (0x3800) and moving it and the fraction up by three bits gives the same number, exactly.
;; A smaller one is a multiple of 2^-24: added to 1/2 as fp32, whose last bit that is, it is rounded, and what that changed is exact.
;; Stops at the first group with an element beyond that range, or at the end, and returns the address of the place.
(module
  (import "env" "memory" (memory 0))
  ;; How many were not exact since these were set to 0, and the largest difference.
  (global $rounded (export "rounded") (mut i32) (i32.const 0))
  (global $worst (export "worst") (mut f32) (f32.const 0))

  ;; fp16 bits of four magnitudes as fp32 of which some are small.
  (func $four (param $magnitude v128) (result v128)
    (local $sum v128)
    (local $isSmall v128)
    (local $error v128)
    (local.set $sum (f32x4.add (local.get $magnitude) (v128.const f32x4 0.5 0.5 0.5 0.5)))
    (local.set $isSmall
      (i32x4.lt_s (local.get $magnitude) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000)))
    (local.set $error
      (v128.and (local.get $isSmall)
        (f32x4.abs
          (f32x4.sub (local.get $magnitude)
            (f32x4.sub (local.get $sum) (v128.const f32x4 0.5 0.5 0.5 0.5))))))
    (global.set $rounded
      (i32.add (global.get $rounded)
        (i32.popcnt (i32x4.bitmask (f32x4.gt (local.get $error) (v128.const f32x4 0 0 0 0))))))
    (local.set $error
      (f32x4.pmax (local.get $error)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $error) (local.get $error))))
    (global.set $worst
      (f32.max (global.get $worst)
        (f32.max (f32x4.extract_lane 0 (local.get $error)) (f32x4.extract_lane 1 (local.get $error)))))
    (v128.bitselect
      (i32x4.sub (local.get $sum) (v128.const i32x4 0x3f000000 0x3f000000 0x3f000000 0x3f000000))
      (i32x4.shr_u
        (i32x4.sub (local.get $magnitude) (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
        (i32.const 13))
      (local.get $isSmall)))

  (func (export "convert") (param $at i32) (param $end i32) (result i32)
    (local $group v128)
    (local $magnitude v128)
    (local $result v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $group (v128.load (local.get $at)))
        (local.set $magnitude
          (v128.and (local.get $group)
            (v128.const i16x8 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff)))
        (local.set $result
          (i16x8.shl
            (i16x8.sub (local.get $magnitude)
              (v128.const i16x8 0x3800 0x3800 0x3800 0x3800 0x3800 0x3800 0x3800 0x3800))
            (i32.const 3)))
        ;; Below the range the difference wraps round and is large too.
        (if
          (v128.any_true
            (i16x8.ge_u
              (i16x8.sub (local.get $magnitude)
                (v128.const i16x8 0x3880 0x3880 0x3880 0x3880 0x3880 0x3880 0x3880 0x3880))
              (v128.const i16x8 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00)))
          (then
            (br_if $done
              (v128.any_true
                (i16x8.ge_u (local.get $magnitude)
                  (v128.const i16x8 0x4780 0x4780 0x4780 0x4780 0x4780 0x4780 0x4780 0x4780))))
            (local.set $result
              (i16x8.narrow_i32x4_u
                (call $four (i32x4.shl (i32x4.extend_low_i16x8_u (local.get $magnitude)) (i32.const 16)))
                (call $four (i32x4.shl (i32x4.extend_high_i16x8_u (local.get $magnitude)) (i32.const 16)))))))
        (v128.store (local.get $at)
          (v128.or (local.get $result)
            (v128.andnot (local.get $group)
              (v128.const i16x8 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (local.get $at)))
