;; Does something with a file, `times` times over. `what` says what:
;;   0 reads it     1 writes `size` bytes     2 appends them     3 lists it     4 removes it
;;   5 is told what it is     6 writes `size` bytes to a new name each time, `path` and eight letters
;; Stops where what it reads begins with `s`, or where it is refused. Gives what was read last, `done`,
;; or what went wrong: `not-found`, `wrong-kind`, `not-empty`, `failed`.
(module
  (import "coldframe:host/fs@0.1.0" "read" (func $read (param i32 i32 i64 i32 i32)))
  (import "coldframe:host/fs@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))
  (import "coldframe:host/fs@0.1.0" "append" (func $append (param i32 i32 i32 i32 i32)))
  (import "coldframe:host/fs@0.1.0" "list" (func $list (param i32 i32 i32)))
  (import "coldframe:host/fs@0.1.0" "remove" (func $remove (param i32 i32 i32)))
  (import "coldframe:host/fs@0.1.0" "stat" (func $stat (param i32 i32 i32)))
  (memory (export "memory") 64)
  (data (i32.const 512) "not-foundwrong-kindnot-emptyfaileddone")
  (global $top (mut i32) (i32.const 0x10000))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $top)
    (global.set $top (i32.and (i32.const -8)
      (i32.add (i32.const 7) (i32.add (global.get $top) (local.get 3))))))
  (func $gives (param $from i32) (param $len i32) (result i32)
    (i32.store (i32.const 960) (local.get $from))
    (i32.store (i32.const 964) (local.get $len))
    (i32.const 960))
  (func $problem (param $case i32) (result i32)
    (if (i32.eqz (local.get $case)) (then (return (call $gives (i32.const 512) (i32.const 9)))))
    (if (i32.eq (local.get $case) (i32.const 1))
      (then (return (call $gives (i32.const 521) (i32.const 10)))))
    (if (i32.eq (local.get $case) (i32.const 2))
      (then (return (call $gives (i32.const 531) (i32.const 9)))))
    (call $gives (i32.const 540) (i32.const 6)))
  ;; Behind the path, `n` as eight letters.
  (func $name (param $at i32) (param $n i32) (local $left i32)
    (local.set $left (i32.const 8))
    (loop $more
      (i32.store8 (local.get $at)
        (i32.add (i32.const 97) (i32.and (local.get $n) (i32.const 15))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $n (i32.shr_u (local.get $n) (i32.const 4)))
      (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "f") (param $what i32) (param $path i32) (param $len i32) (param $times i32)
    (param $size i32) (result i32)
    (local $start i32) (local $result i32)
    ;; Room for the letters: what comes back is far behind.
    (memory.copy (i32.const 1024) (local.get $path) (local.get $len))
    (local.set $path (i32.const 1024))
    (local.set $start (global.get $top))
    (loop $again
      (global.set $top (local.get $start))
      (block $done
        (if (i32.eqz (local.get $what)) (then
          (call $read (local.get $path) (local.get $len) (i64.const 0) (i32.const 4096) (i32.const 0))
          (br $done)))
        (if (i32.eq (local.get $what) (i32.const 1)) (then
          (call $write (local.get $path) (local.get $len) (i32.const 0x100000) (local.get $size)
            (i32.const 0))
          (br $done)))
        (if (i32.eq (local.get $what) (i32.const 2)) (then
          (call $append (local.get $path) (local.get $len) (i32.const 0x100000) (local.get $size)
            (i32.const 0))
          (br $done)))
        (if (i32.eq (local.get $what) (i32.const 3)) (then
          (call $list (local.get $path) (local.get $len) (i32.const 0)) (br $done)))
        (if (i32.eq (local.get $what) (i32.const 4)) (then
          (call $remove (local.get $path) (local.get $len) (i32.const 0)) (br $done)))
        (if (i32.eq (local.get $what) (i32.const 6)) (then
          (call $name (i32.add (local.get $path) (local.get $len)) (local.get $times))
          (call $write (local.get $path) (i32.add (local.get $len) (i32.const 8))
            (i32.const 0x100000) (local.get $size) (i32.const 0))
          (br $done)))
        (call $stat (local.get $path) (local.get $len) (i32.const 0)))
      (local.set $result (call $gives (i32.const 546) (i32.const 4)))
      (if (i32.and (i32.eqz (local.get $what)) (i32.eqz (i32.load8_u (i32.const 0)))) (then
        (local.set $result (call $gives (i32.load (i32.const 4)) (i32.load (i32.const 8))))
        (if (i32.and (i32.gt_u (i32.load (i32.const 8)) (i32.const 0))
              (i32.eq (i32.load8_u (i32.load (i32.const 4))) (i32.const 115)))
          (then (return (local.get $result))))))
      ;; The error of `stat` is behind room for 64 bits, all others are behind 32.
      (if (i32.load8_u (i32.const 0)) (then (local.set $result (call $problem
        (select (i32.load8_u (i32.const 8)) (i32.load8_u (i32.const 4))
          (i32.eq (local.get $what) (i32.const 5)))))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times)))
    (local.get $result)))
