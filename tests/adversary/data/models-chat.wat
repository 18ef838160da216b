;; Hands a question on to a model and gives back what it is told.
(module
  (type $asked (func (param i32 i32 i32 i32 i32 i32 i32 f32 i32 i32 i32 i32)))
  (import "coldframe:host/llm@0.1.0" "chat" (func $chat (type $asked)))
  (memory (export "memory") 64)
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "f") (param i32 i32 i32 i32 i32 i32 i32 f32 i32 i32 i32) (result i32)
    (call $chat (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
      (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (i32.const 64))
    (i32.const 64)))
