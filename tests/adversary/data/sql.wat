;; Hands a statement on to a database and gives back what it is told.
(module
  (import "coldframe:host/sql@0.1.0" "FUNCTION" (func $ask (param i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 64)
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "f") (param i32 i32 i32 i32 i32 i32) (result i32)
    (call $ask (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
      (i32.const 64))
    (i32.const 64)))
