;; fp32 to fp16 in place, four elements at a time, rounded to nearest, ties to even, as long as fp16 holds all four.
;;
;; A normal number of fp16 keeps ten of the 23 bits of its fraction: the others are rounded off by adding a little less than
;; half of the last that stays, and one more where that is odd. A smaller one is a multiple of 2^-24: adding 1/2, whose
;; last bit that is, rounds it, and the bits behind those of 1/2 are its own. What rounding changed is exact in fp32.
;; Stops at the first group with an element that fp16 cannot hold, or at the end, and returns the number of its element.
(module
  (import "env" "memory" (memory 0))
  ;; How many were not exact since these were set to 0, and the largest difference.
  (global $rounded (export "rounded") (mut i32) (i32.const 0))
  (global $worst (export "worst") (mut f32) (f32.const 0))
  (func (export "convert") (param $i i32) (param $end i32) (result i32)
    (local $x v128)
    (local $magnitude v128)
    (local $normal v128)
    (local $small v128)
    (local $isSmall v128)
    (local $error v128)
    (local $inexact v128)
    (local $most v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $end)))
        (local.set $x (v128.load (i32.shl (local.get $i) (i32.const 2))))
        (local.set $magnitude (v128.and (local.get $x) (v128.const i32x4 0x7fffffff 0x7fffffff 0x7fffffff 0x7fffffff)))
        ;; 65520, from where fp16 rounds to infinity.
        (br_if $done
          (v128.any_true
            (i32x4.ge_s (local.get $magnitude) (v128.const i32x4 0x477ff000 0x477ff000 0x477ff000 0x477ff000))))
        (local.set $isSmall
          (i32x4.lt_s (local.get $magnitude) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000)))
        (local.set $normal
          (v128.and
            (i32x4.add
              (i32x4.add (local.get $magnitude) (v128.const i32x4 0x0fff 0x0fff 0x0fff 0x0fff))
              (v128.and
                (i32x4.shr_u (local.get $magnitude) (i32.const 13))
                (v128.const i32x4 1 1 1 1)))
            (v128.const i32x4 0xffffe000 0xffffe000 0xffffe000 0xffffe000)))
        (local.set $small (f32x4.add (local.get $magnitude) (v128.const f32x4 0.5 0.5 0.5 0.5)))
        (local.set $error
          (f32x4.abs
            (f32x4.sub
              (local.get $magnitude)
              (v128.bitselect
                (f32x4.sub (local.get $small) (v128.const f32x4 0.5 0.5 0.5 0.5))
                (local.get $normal)
                (local.get $isSmall)))))
        (local.set $inexact
          (i32x4.sub
            (local.get $inexact)
            (f32x4.gt (local.get $error) (v128.const f32x4 0 0 0 0))))
        (local.set $most (f32x4.pmax (local.get $most) (local.get $error)))
        ;; The exponent is less by 112, and the fraction begins 13 bits lower.
        (v128.store64_lane 0
          (i32.shl (local.get $i) (i32.const 1))
          (i16x8.narrow_i32x4_u
            (v128.or
              (v128.bitselect
                (i32x4.sub (local.get $small) (v128.const i32x4 0x3f000000 0x3f000000 0x3f000000 0x3f000000))
                (i32x4.shr_u
                  (i32x4.sub (local.get $normal) (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
                  (i32.const 13))
                (local.get $isSmall))
              (v128.and
                (i32x4.shr_u (local.get $x) (i32.const 16))
                (v128.const i32x4 0x8000 0x8000 0x8000 0x8000)))
            (v128.const i32x4 0 0 0 0)))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br $next)))
    (global.set $rounded
      (i32.add
        (global.get $rounded)
        (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $inexact)) (i32x4.extract_lane 1 (local.get $inexact)))
          (i32.add (i32x4.extract_lane 2 (local.get $inexact)) (i32x4.extract_lane 3 (local.get $inexact))))))
    (global.set $worst
      (f32.max
        (global.get $worst)
        (f32.max
          (f32.max (f32x4.extract_lane 0 (local.get $most)) (f32x4.extract_lane 1 (local.get $most)))
          (f32.max (f32x4.extract_lane 2 (local.get $most)) (f32x4.extract_lane 3 (local.get $most))))))
    (local.get $i)))
