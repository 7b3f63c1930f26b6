;; Elements of generated weights: bf16 bit patterns of offset + u · scale, four at a time (generated.ts has the rule).
;;
;; u is (fmix32(n) >> 8) · 2^-23 − 1: 24 bits, exact in fp32. The product and the sum are of doubles, rounded to fp32 and then to bf16,
;; to nearest even. `count` is a multiple of four.
(module
  (import "env" "memory" (memory 0))
  (func $exact (export "exact") (param $at i32) (param $count i32) (param $n i32) (param $scale f64) (param $offset f64)
    (local $end i32)
    (local $numbers v128)
    (local $h v128)
    (local $low v128)
    (local $factor v128)
    (local $shift v128)
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 1))))
    (local.set $numbers (i32x4.add (i32x4.splat (local.get $n)) (v128.const i32x4 0 1 2 3)))
    (local.set $factor (f64x2.splat (local.get $scale)))
    (local.set $shift (f64x2.splat (local.get $offset)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $h (v128.xor (local.get $numbers) (i32x4.shr_u (local.get $numbers) (i32.const 16))))
        (local.set $h
          (i32x4.mul (local.get $h) (v128.const i32x4 0x85ebca6b 0x85ebca6b 0x85ebca6b 0x85ebca6b)))
        (local.set $h (v128.xor (local.get $h) (i32x4.shr_u (local.get $h) (i32.const 13))))
        (local.set $h
          (i32x4.mul (local.get $h) (v128.const i32x4 0xc2b2ae35 0xc2b2ae35 0xc2b2ae35 0xc2b2ae35)))
        (local.set $h (v128.xor (local.get $h) (i32x4.shr_u (local.get $h) (i32.const 16))))
        (local.set $h
          (f32x4.sub
            (f32x4.mul
              (f32x4.convert_i32x4_s (i32x4.shr_u (local.get $h) (i32.const 8)))
              (v128.const f32x4 0x1p-23 0x1p-23 0x1p-23 0x1p-23))
            (v128.const f32x4 1 1 1 1)))
        (local.set $low
          (f32x4.demote_f64x2_zero
            (f64x2.add (local.get $shift)
              (f64x2.mul (f64x2.promote_low_f32x4 (local.get $h)) (local.get $factor)))))
        (local.set $h (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $h) (local.get $h)))
        (local.set $h
          (f32x4.demote_f64x2_zero
            (f64x2.add (local.get $shift)
              (f64x2.mul (f64x2.promote_low_f32x4 (local.get $h)) (local.get $factor)))))
        (local.set $h
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $low) (local.get $h)))
        (local.set $h
          (i32x4.shr_u
            (i32x4.add
              (i32x4.add (local.get $h) (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff))
              (v128.and (i32x4.shr_u (local.get $h) (i32.const 16)) (v128.const i32x4 1 1 1 1)))
            (i32.const 16)))
        (v128.store64_lane 0 (local.get $at) (i16x8.narrow_i32x4_u (local.get $h) (local.get $h)))
        (local.set $numbers (i32x4.add (local.get $numbers) (v128.const i32x4 4 4 4 4)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $next))))

  ;; The same without an offset, eight at a time: the product of fp32 numbers is within three last bits of that of doubles rounded to fp32,
  ;; so that bf16 is the same unless it is within four of half way between two: such a group is made by the doubles.
  (func (export "fill") (param $at i32) (param $count i32) (param $n i32) (param $scale f64)
    (local $end i32)
    (local $nlow v128)
    (local $nhigh v128)
    (local $low v128)
    (local $high v128)
    (local $factor v128)
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 1))))
    (local.set $nlow (i32x4.add (i32x4.splat (local.get $n)) (v128.const i32x4 0 1 2 3)))
    (local.set $nhigh (i32x4.add (i32x4.splat (local.get $n)) (v128.const i32x4 4 5 6 7)))
    (local.set $factor (f32x4.splat (f32.demote_f64 (local.get $scale))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $low (v128.xor (local.get $nlow) (i32x4.shr_u (local.get $nlow) (i32.const 16))))
        (local.set $nlow (i32x4.add (local.get $nlow) (v128.const i32x4 8 8 8 8)))
        (local.set $low
          (i32x4.mul (local.get $low) (v128.const i32x4 0x85ebca6b 0x85ebca6b 0x85ebca6b 0x85ebca6b)))
        (local.set $low (v128.xor (local.get $low) (i32x4.shr_u (local.get $low) (i32.const 13))))
        (local.set $low
          (i32x4.mul (local.get $low) (v128.const i32x4 0xc2b2ae35 0xc2b2ae35 0xc2b2ae35 0xc2b2ae35)))
        (local.set $low (v128.xor (local.get $low) (i32x4.shr_u (local.get $low) (i32.const 16))))
        (local.set $low
          (f32x4.mul
            (f32x4.sub
              (f32x4.mul
                (f32x4.convert_i32x4_s (i32x4.shr_u (local.get $low) (i32.const 8)))
                (v128.const f32x4 0x1p-23 0x1p-23 0x1p-23 0x1p-23))
              (v128.const f32x4 1 1 1 1))
            (local.get $factor)))
        (local.set $high (v128.xor (local.get $nhigh) (i32x4.shr_u (local.get $nhigh) (i32.const 16))))
        (local.set $nhigh (i32x4.add (local.get $nhigh) (v128.const i32x4 8 8 8 8)))
        (local.set $high
          (i32x4.mul (local.get $high) (v128.const i32x4 0x85ebca6b 0x85ebca6b 0x85ebca6b 0x85ebca6b)))
        (local.set $high (v128.xor (local.get $high) (i32x4.shr_u (local.get $high) (i32.const 13))))
        (local.set $high
          (i32x4.mul (local.get $high) (v128.const i32x4 0xc2b2ae35 0xc2b2ae35 0xc2b2ae35 0xc2b2ae35)))
        (local.set $high (v128.xor (local.get $high) (i32x4.shr_u (local.get $high) (i32.const 16))))
        (local.set $high
          (f32x4.mul
            (f32x4.sub
              (f32x4.mul
                (f32x4.convert_i32x4_s (i32x4.shr_u (local.get $high) (i32.const 8)))
                (v128.const f32x4 0x1p-23 0x1p-23 0x1p-23 0x1p-23))
              (v128.const f32x4 1 1 1 1))
            (local.get $factor)))
        (v128.store (local.get $at)
          (i16x8.narrow_i32x4_u
            (i32x4.shr_u
              (i32x4.add (local.get $low) (v128.const i32x4 0x8000 0x8000 0x8000 0x8000)) (i32.const 16))
            (i32x4.shr_u
              (i32x4.add (local.get $high) (v128.const i32x4 0x8000 0x8000 0x8000 0x8000)) (i32.const 16))))
        (if
          (v128.any_true
            (v128.or
              (i16x8.le_u
                (i16x8.add (local.get $low) (v128.const i32x4 0x8004 0x8004 0x8004 0x8004))
                (v128.const i32x4 8 8 8 8))
              (i16x8.le_u
                (i16x8.add (local.get $high) (v128.const i32x4 0x8004 0x8004 0x8004 0x8004))
                (v128.const i32x4 8 8 8 8))))
          (then
            (call $exact (local.get $at) (i32.const 8)
              (i32.sub (i32x4.extract_lane 0 (local.get $nlow)) (i32.const 8)) (local.get $scale) (f64.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))))
