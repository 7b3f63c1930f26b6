;; Quantised blocks of a GGUF file to fp16: each element rounded to fp32, and that to fp16, to nearest, ties to even. What a block means is
;; in blocks.ts and super-blocks.ts, whose bits these give.
;;
;; An export takes the address of its blocks, how many there are, and where their fp16 go; 1 kB at `scratch` holds the fp32 of a block. It
;; returns how many elements fp16 does not hold exactly, or -1 where a scale is not finite or an element is 2^15 or more.
(module
  (import "env" "memory" (memory 0))
  (import "env" "scratch" (global $scratch i32))
  ;; The largest difference of a call to what fp16 made of it.
  (global $worst (export "worst") (mut f32) (f32.const 0))
  (global $inexact (mut v128) (v128.const i32x4 0 0 0 0))
  (global $errors (mut v128) (v128.const i32x4 0 0 0 0))
  ;; The largest exponents, where they stand in fp32.
  (global $top (mut v128) (v128.const i32x4 0 0 0 0))

  ;; The fp16 at an address as fp32. One that is not finite makes the call fail.
  (func $widen (param $at i32) (result f32)
    (local $bits i32)
    (local.set $bits (i32.load16_u (local.get $at)))
    (if (i32.eq (i32.and (local.get $bits) (i32.const 0x7c00)) (i32.const 0x7c00))
      (then (global.set $top (v128.const i32x4 0x7f800000 0 0 0))))
    (f32.copysign
      (f32.mul
        (f32.reinterpret_i32 (i32.shl (i32.and (local.get $bits) (i32.const 0x7fff)) (i32.const 13)))
        (f32.const 0x1p112))
      (f32.reinterpret_i32 (i32.shl (local.get $bits) (i32.const 16)))))

  ;; Sixteen signed bytes q to fp32 scale * q at `to`.
  (func $times (param $q v128) (param $scale v128) (param $to i32)
    (local $low v128)
    (local $high v128)
    (local.set $low (i16x8.extend_low_i8x16_s (local.get $q)))
    (local.set $high (i16x8.extend_high_i8x16_s (local.get $q)))
    (v128.store (local.get $to)
      (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $low))) (local.get $scale)))
    (v128.store offset=16 (local.get $to)
      (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $low))) (local.get $scale)))
    (v128.store offset=32 (local.get $to)
      (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $high))) (local.get $scale)))
    (v128.store offset=48 (local.get $to)
      (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $high))) (local.get $scale))))

  ;; Sixteen bytes q to fp32 scale * q - least at `to`: the product is exact.
  (func $spread (param $q v128) (param $scale v128) (param $least v128) (param $to i32)
    (local $low v128)
    (local $high v128)
    (local.set $low (i16x8.extend_low_i8x16_u (local.get $q)))
    (local.set $high (i16x8.extend_high_i8x16_u (local.get $q)))
    (v128.store (local.get $to)
      (f32x4.sub
        (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $low))) (local.get $scale))
        (local.get $least)))
    (v128.store offset=16 (local.get $to)
      (f32x4.sub
        (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $low))) (local.get $scale))
        (local.get $least)))
    (v128.store offset=32 (local.get $to)
      (f32x4.sub
        (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $high))) (local.get $scale))
        (local.get $least)))
    (v128.store offset=48 (local.get $to)
      (f32x4.sub
        (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $high))) (local.get $scale))
        (local.get $least))))

  ;; `count` fp32 in scratch to fp16 at `to`. Adding 1.5 * 2^13 times the power of two below a number, and taking it away again, rounds it
  ;; to fp16's eleven bits. A subnormal stays as it is, as it should: products of fp16 and whole numbers are multiples of 2^-24, and so are
  ;; their differences. Times 2^-112 a number has fp16's exponent, in the bits where fp32 has its own. Its sign is that of what was rounded.
  (func $halves (param $count i32) (param $to i32)
    (local $from i32)
    (local $stop i32)
    (local $a v128)
    (local $b v128)
    (local $step v128)
    (local $error v128)
    (local $top v128)
    (local $inexact v128)
    (local $errors v128)
    (local.set $top (global.get $top))
    (local.set $inexact (global.get $inexact))
    (local.set $errors (global.get $errors))
    (local.set $from (global.get $scratch))
    (local.set $stop (i32.add (local.get $from) (i32.shl (local.get $count) (i32.const 2))))
    (loop $next
        (local.set $a (v128.load (local.get $from)))
        (local.set $step (v128.and (local.get $a) (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000)))
        (local.set $top (i32x4.max_s (local.get $top) (local.get $step)))
        (local.set $step (i32x4.add (local.get $step) (v128.const i32x4 0x06c00000 0x06c00000 0x06c00000 0x06c00000)))
        (local.set $step (f32x4.sub (f32x4.add (local.get $a) (local.get $step)) (local.get $step)))
        (local.set $error (f32x4.abs (f32x4.sub (local.get $a) (local.get $step))))
        (local.set $inexact
          (i32x4.sub (local.get $inexact) (f32x4.gt (local.get $error) (v128.const i32x4 0 0 0 0))))
        (local.set $errors (f32x4.pmax (local.get $errors) (local.get $error)))
        (local.set $a
          (v128.or
            (i32x4.shl (f32x4.mul (local.get $step) (v128.const i32x4 0x07800000 0x07800000 0x07800000 0x07800000)) (i32.const 3))
            (v128.and (local.get $a) (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000))))
        (local.set $b (v128.load offset=16 (local.get $from)))
        (local.set $step (v128.and (local.get $b) (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000)))
        (local.set $top (i32x4.max_s (local.get $top) (local.get $step)))
        (local.set $step (i32x4.add (local.get $step) (v128.const i32x4 0x06c00000 0x06c00000 0x06c00000 0x06c00000)))
        (local.set $step (f32x4.sub (f32x4.add (local.get $b) (local.get $step)) (local.get $step)))
        (local.set $error (f32x4.abs (f32x4.sub (local.get $b) (local.get $step))))
        (local.set $inexact
          (i32x4.sub (local.get $inexact) (f32x4.gt (local.get $error) (v128.const i32x4 0 0 0 0))))
        (local.set $errors (f32x4.pmax (local.get $errors) (local.get $error)))
        (local.set $b
          (v128.or
            (i32x4.shl (f32x4.mul (local.get $step) (v128.const i32x4 0x07800000 0x07800000 0x07800000 0x07800000)) (i32.const 3))
            (v128.and (local.get $b) (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000))))
        (v128.store (local.get $to)
          (i8x16.shuffle 2 3 6 7 10 11 14 15 18 19 22 23 26 27 30 31 (local.get $a) (local.get $b)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (local.set $from (i32.add (local.get $from) (i32.const 32)))
        (br_if $next (i32.lt_u (local.get $from) (local.get $stop))))
    (global.set $top (local.get $top))
    (global.set $inexact (local.get $inexact))
    (global.set $errors (local.get $errors)))

  (func $begin
    (global.set $top (v128.const i32x4 0 0 0 0))
    (global.set $inexact (v128.const i32x4 0 0 0 0))
    (global.set $errors (v128.const i32x4 0 0 0 0)))

  (func $end (result i32)
    (if (v128.any_true (i32x4.ge_s (global.get $top) (v128.const i32x4 0x47000000 0x47000000 0x47000000 0x47000000)))
      (then (return (i32.const -1))))
    (global.set $worst
      (f32.max
        (f32.max (f32x4.extract_lane 0 (global.get $errors)) (f32x4.extract_lane 1 (global.get $errors)))
        (f32.max (f32x4.extract_lane 2 (global.get $errors)) (f32x4.extract_lane 3 (global.get $errors)))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (global.get $inexact)) (i32x4.extract_lane 1 (global.get $inexact)))
      (i32.add (i32x4.extract_lane 2 (global.get $inexact)) (i32x4.extract_lane 3 (global.get $inexact)))))

  ;; Six bits of twelve bytes: scale k, or with `least` the offset beside it; of the last four groups they are split between two places.
  (func $six (param $at i32) (param $k i32) (param $least i32) (result i32)
    (local $byte i32)
    (local.set $at (i32.add (local.get $at) (i32.and (local.get $k) (i32.const 3))))
    (local.set $byte (i32.load8_u (i32.add (local.get $at) (local.get $least))))
    (if (i32.lt_u (local.get $k) (i32.const 4)) (then (return (i32.and (local.get $byte) (i32.const 63)))))
    (i32.or
      (i32.and (i32.shr_u (i32.load8_u offset=8 (local.get $at)) (local.get $least)) (i32.const 15))
      (i32.shl (i32.shr_u (local.get $byte) (i32.const 6)) (i32.const 4))))

  (func (export "Q8_0") (param $at i32) (param $blocks i32) (param $to i32) (result i32)
    (local $stop i32)
    (local $d v128)
    (call $begin)
    (local.set $stop (i32.add (local.get $at) (i32.mul (local.get $blocks) (i32.const 34))))
    (loop $next
      (local.set $d (f32x4.splat (call $widen (local.get $at))))
      (call $times (v128.load offset=2 (local.get $at)) (local.get $d) (global.get $scratch))
      (call $times (v128.load offset=18 (local.get $at)) (local.get $d) (i32.add (global.get $scratch) (i32.const 64)))
      (call $halves (i32.const 32) (local.get $to))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (local.set $at (i32.add (local.get $at) (i32.const 34)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $stop))))
    (call $end))

  (func (export "Q4_0") (param $at i32) (param $blocks i32) (param $to i32) (result i32)
    (local $stop i32)
    (local $d v128)
    (local $q v128)
    (call $begin)
    (local.set $stop (i32.add (local.get $at) (i32.mul (local.get $blocks) (i32.const 18))))
    (loop $next
      (local.set $d (f32x4.splat (call $widen (local.get $at))))
      (local.set $q (v128.load offset=2 (local.get $at)))
      (call $times
        (i8x16.sub (v128.and (local.get $q) (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15)) (v128.const i8x16 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8))
        (local.get $d)
        (global.get $scratch))
      (call $times (i8x16.sub (i8x16.shr_u (local.get $q) (i32.const 4)) (v128.const i8x16 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8)) (local.get $d) (i32.add (global.get $scratch) (i32.const 64)))
      (call $halves (i32.const 32) (local.get $to))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (local.set $at (i32.add (local.get $at) (i32.const 18)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $stop))))
    (call $end))

  (func (export "Q4_K") (param $at i32) (param $blocks i32) (param $to i32) (result i32)
    (local $stop i32)
    (local $d f32)
    (local $dmin f32)
    (local $k i32)
    (local $out i32)
    (local $from i32)
    (local $shift i32)
    (local $scale v128)
    (local $least v128)
    (call $begin)
    (local.set $stop (i32.add (local.get $at) (i32.mul (local.get $blocks) (i32.const 144))))
    (loop $next
      (local.set $d (call $widen (local.get $at)))
      (local.set $dmin (call $widen (i32.add (local.get $at) (i32.const 2))))
      (local.set $k (i32.const 0))
      (local.set $out (global.get $scratch))
      (loop $group
        (local.set $scale
          (f32x4.splat
            (f32.mul
              (local.get $d)
              (f32.convert_i32_u (call $six (i32.add (local.get $at) (i32.const 4)) (local.get $k) (i32.const 0))))))
        (local.set $least
          (f32x4.splat
            (f32.mul
              (local.get $dmin)
              (f32.convert_i32_u (call $six (i32.add (local.get $at) (i32.const 4)) (local.get $k) (i32.const 4))))))
        (local.set $from (i32.add (local.get $at) (i32.shl (i32.shr_u (local.get $k) (i32.const 1)) (i32.const 5))))
        (local.set $shift (i32.shl (i32.and (local.get $k) (i32.const 1)) (i32.const 2)))
        (call $spread
          (v128.and (i8x16.shr_u (v128.load offset=16 (local.get $from)) (local.get $shift)) (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15))
          (local.get $scale)
          (local.get $least)
          (local.get $out))
        (call $spread
          (v128.and (i8x16.shr_u (v128.load offset=32 (local.get $from)) (local.get $shift)) (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15))
          (local.get $scale)
          (local.get $least)
          (i32.add (local.get $out) (i32.const 64)))
        (local.set $out (i32.add (local.get $out) (i32.const 128)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br_if $group (i32.lt_u (local.get $k) (i32.const 8))))
      (call $halves (i32.const 256) (local.get $to))
      (local.set $to (i32.add (local.get $to) (i32.const 512)))
      (local.set $at (i32.add (local.get $at) (i32.const 144)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $stop))))
    (call $end))

  (func (export "Q5_K") (param $at i32) (param $blocks i32) (param $to i32) (result i32)
    (local $stop i32)
    (local $d f32)
    (local $dmin f32)
    (local $k i32)
    (local $out i32)
    (local $from i32)
    (local $shift i32)
    (local $scale v128)
    (local $least v128)
    (call $begin)
    (local.set $stop (i32.add (local.get $at) (i32.mul (local.get $blocks) (i32.const 176))))
    (loop $next
      (local.set $d (call $widen (local.get $at)))
      (local.set $dmin (call $widen (i32.add (local.get $at) (i32.const 2))))
      (local.set $k (i32.const 0))
      (local.set $out (global.get $scratch))
      (loop $group
        (local.set $scale
          (f32x4.splat
            (f32.mul
              (local.get $d)
              (f32.convert_i32_u (call $six (i32.add (local.get $at) (i32.const 4)) (local.get $k) (i32.const 0))))))
        (local.set $least
          (f32x4.splat
            (f32.mul
              (local.get $dmin)
              (f32.convert_i32_u (call $six (i32.add (local.get $at) (i32.const 4)) (local.get $k) (i32.const 4))))))
        (local.set $from (i32.add (local.get $at) (i32.shl (i32.shr_u (local.get $k) (i32.const 1)) (i32.const 5))))
        (local.set $shift (i32.shl (i32.and (local.get $k) (i32.const 1)) (i32.const 2)))
        (call $spread
          (v128.or
            (v128.and (i8x16.shr_u (v128.load offset=48 (local.get $from)) (local.get $shift)) (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15))
            (v128.and
              (i8x16.shl (i8x16.shr_u (v128.load offset=16 (local.get $at)) (local.get $k)) (i32.const 4))
              (v128.const i8x16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16)))
          (local.get $scale)
          (local.get $least)
          (local.get $out))
        (call $spread
          (v128.or
            (v128.and (i8x16.shr_u (v128.load offset=64 (local.get $from)) (local.get $shift)) (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15))
            (v128.and
              (i8x16.shl (i8x16.shr_u (v128.load offset=32 (local.get $at)) (local.get $k)) (i32.const 4))
              (v128.const i8x16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16)))
          (local.get $scale)
          (local.get $least)
          (i32.add (local.get $out) (i32.const 64)))
        (local.set $out (i32.add (local.get $out) (i32.const 128)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br_if $group (i32.lt_u (local.get $k) (i32.const 8))))
      (call $halves (i32.const 256) (local.get $to))
      (local.set $to (i32.add (local.get $to) (i32.const 512)))
      (local.set $at (i32.add (local.get $at) (i32.const 176)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $stop))))
    (call $end))

  (func (export "Q6_K") (param $at i32) (param $blocks i32) (param $to i32) (result i32)
    (local $stop i32)
    (local $d f32)
    (local $k i32)
    (local $out i32)
    (local $half i32)
    (local $column i32)
    (local $from i32)
    (call $begin)
    (local.set $stop (i32.add (local.get $at) (i32.mul (local.get $blocks) (i32.const 210))))
    (loop $next
      (local.set $d (call $widen (i32.add (local.get $at) (i32.const 208))))
      (local.set $k (i32.const 0))
      (local.set $out (global.get $scratch))
      (loop $group
        ;; Group k of sixteen: its half of the block, its column of 32 in there, and which half of that.
        (local.set $half (i32.shr_u (local.get $k) (i32.const 3)))
        (local.set $column (i32.and (i32.shr_u (local.get $k) (i32.const 1)) (i32.const 3)))
        (local.set $from
          (i32.add
            (i32.add (local.get $at) (i32.shl (local.get $half) (i32.const 5)))
            (i32.shl (i32.and (local.get $k) (i32.const 1)) (i32.const 4))))
        (call $times
          (i8x16.sub
            (v128.or
              (v128.and
                (i8x16.shr_u
                  (v128.load
                    (i32.add
                      (i32.add (local.get $from) (i32.shl (local.get $half) (i32.const 5)))
                      (i32.shl (i32.and (local.get $column) (i32.const 1)) (i32.const 5))))
                  (i32.shl (i32.shr_u (local.get $column) (i32.const 1)) (i32.const 2)))
                (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15))
              (v128.and
                (i8x16.shl
                  (i8x16.shr_u (v128.load offset=128 (local.get $from)) (i32.shl (local.get $column) (i32.const 1)))
                  (i32.const 4))
                (v128.const i8x16 48 48 48 48 48 48 48 48 48 48 48 48 48 48 48 48)))
            (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32))
          (f32x4.splat
            (f32.mul
              (local.get $d)
              (f32.convert_i32_s (i32.load8_s offset=192 (i32.add (local.get $at) (local.get $k))))))
          (local.get $out))
        (local.set $out (i32.add (local.get $out) (i32.const 64)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br_if $group (i32.lt_u (local.get $k) (i32.const 16))))
      (call $halves (i32.const 256) (local.get $to))
      (local.set $to (i32.add (local.get $to) (i32.const 512)))
      (local.set $at (i32.add (local.get $at) (i32.const 210)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $stop))))
    (call $end)))
