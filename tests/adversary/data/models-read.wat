;; Reads the answer of a model piece by piece, for as long as there are any. Gives how many there
;; were, a million more where the answer broke off, and two where it never began.
(module
  (type $asked (func (param i32 i32 i32 i32 i32 i32 i32 f32 i32 i32 i32 i32)))
  (import "coldframe:host/llm@0.1.0" "open" (func $open (type $asked)))
  (import "coldframe:host/llm@0.1.0" "[method]reply.next" (func $next (param i32 i32)))
  (memory (export "memory") 64)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    ;; The question is in front; every piece lies over the one before.
    (if (result i32) (i32.eqz (global.get $asking)) (then (i32.const 1048576)) (else
      (global.get $free)
      (global.set $free (i32.and
        (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 7)) (i32.const -8))))))
  (global $asking (mut i32) (i32.const 1))
  (global $free (mut i32) (i32.const 4096))
  (func (export "f") (param i32 i32 i32 i32 i32 i32 i32 f32 i32 i32 i32) (result i32)
    (local $count i32)
    (global.set $asking (i32.const 0))
    (call $open (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
      (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then (return (i32.const 2000000))))
    (loop $more
      (call $next (i32.load (i32.const 72)) (i32.const 128))
      (if (i32.load8_u (i32.const 128))
        (then (return (i32.add (local.get $count) (i32.const 1000000)))))
      (if (i32.load8_u (i32.const 136)) (then
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br $more))))
    (local.get $count)))
