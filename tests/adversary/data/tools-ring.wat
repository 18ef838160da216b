;; Calls the next of a ring of tools.
(module
  (import "coldframe:host/tools@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "evil/NEXT#f{}")
  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "f") (result i32)
    (call $call (i32.const 256) (i32.const 13) (i32.const 269) (i32.const 2) (i32.const 64))
    (i32.const 64)))
