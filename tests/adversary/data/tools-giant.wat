;; Calls a tool with an input that it makes itself, of about `bytes` bytes. `what` says what:
;;   0 one long text     1 lists within lists     2 a list of empty lists     3 no JSON at all
(module
  (import "coldframe:host/tools@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "{\"text\":")
  (global $free (mut i32) (i32.const 1024))
  (func $room (param $end i32)
    (drop (memory.grow (i32.sub (i32.add (i32.shr_u (local.get $end) (i32.const 16)) (i32.const 1))
      (memory.size)))))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (call $room (global.get $free))
    (local.get $at))
  (func (export "f") (param $tool i32) (param $len i32) (param $bytes i32) (param $what i32)
    (result i32) (local $at i32) (local $start i32)
    (local.set $start (global.get $free))
    (global.set $free (i32.add (i32.add (local.get $start) (local.get $bytes)) (i32.const 16)))
    (call $room (global.get $free))
    (memory.copy (local.get $start) (i32.const 256) (i32.const 8))
    (local.set $at (i32.add (local.get $start) (i32.const 8)))
    ;; A text of `x`, or only `[` or `}`.
    (memory.fill (local.get $at)
      (select (i32.const 120) (select (i32.const 91) (i32.const 125)
          (i32.lt_u (local.get $what) (i32.const 3)))
        (i32.eqz (local.get $what)))
      (local.get $bytes))
    (local.set $bytes (i32.add (local.get $bytes) (i32.const 8)))
    (if (i32.eqz (local.get $what)) (then
      (i32.store8 (local.get $at) (i32.const 34))
      (i32.store16 (i32.add (local.get $start) (i32.sub (local.get $bytes) (i32.const 2)))
        (i32.const 0x7d22))))
    (if (i32.eq (local.get $what) (i32.const 2)) (then
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (block $done (loop $more
        (br_if $done (i32.ge_u (i32.add (local.get $at) (i32.const 8))
          (i32.add (local.get $start) (local.get $bytes))))
        ;; `[],`, and what is behind it is written over by the next.
        (i32.store (local.get $at) (i32.const 0x5d2c5d5b))
        (local.set $at (i32.add (local.get $at) (i32.const 3)))
        (br $more)))
      ;; `[]]}`
      (i32.store (local.get $at) (i32.const 0x7d5d5d5b))
      (local.set $bytes (i32.sub (i32.add (local.get $at) (i32.const 4)) (local.get $start)))))
    (call $call (local.get $tool) (local.get $len) (local.get $start) (local.get $bytes)
      (i32.const 64))
    (i32.const 64)))
