;; Calls a tool whatever comes of it, then another, and gives back what that one came to. `f` does the
;; first one `times` times.
(module
  (import "coldframe:host/tools@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 320)
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "f") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local $free i32)
    (local.set $free (global.get $free))
    (if (local.get 4) (then
      (loop $again
        (global.set $free (local.get $free))
        (call $call (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 64))
        (br_if $again (local.tee 4 (i32.sub (local.get 4) (i32.const 1)))))))
    (call $call (local.get 5) (local.get 6) (local.get 7) (local.get 8) (i32.const 64))
    (i32.const 64)))
