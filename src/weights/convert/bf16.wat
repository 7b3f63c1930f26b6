;; bf16 to fp16 in place, eight elements at a time, as long as all eight are normal numbers of fp16.
;;
;; bf16 is s eeeeeeee mmmmmmm, fp16 is s eeeee mmmmmmmmmm. From 2^-14 (0x3880) up to 2^16 (0x4780), fp16's normal range,
;; taking 112 off the exponent (0x3800) and moving it and the fraction up by three bits gives the same number, exactly.
;; Stops at the first group with an element outside that range, or at the end, and returns the address of the place.
(module
  (import "env" "memory" (memory 0))
  (func (export "convert") (param $at i32) (param $end i32) (result i32)
    (local $group v128)
    (local $magnitude v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $group (v128.load (local.get $at)))
        (local.set $magnitude
          (v128.and (local.get $group)
            (v128.const i16x8 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff)))
        ;; Below the range the difference wraps round and is large too.
        (br_if $done
          (v128.any_true
            (i16x8.ge_u
              (i16x8.sub (local.get $magnitude)
                (v128.const i16x8 0x3880 0x3880 0x3880 0x3880 0x3880 0x3880 0x3880 0x3880))
              (v128.const i16x8 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00))))
        (v128.store (local.get $at)
          (v128.or
            (v128.andnot (local.get $group)
              (v128.const i16x8 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff 0x7fff))
            (i16x8.shl
              (i16x8.sub (local.get $magnitude)
                (v128.const i16x8 0x3800 0x3800 0x3800 0x3800 0x3800 0x3800 0x3800 0x3800))
              (i32.const 3))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (local.get $at)))
