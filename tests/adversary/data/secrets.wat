;; Takes the placeholder of a secret and sends it to a server. `place` says where it stands:
;;   0 in the header, behind `Bearer `     1 at the end of the path     2 as a header's name
;;   3 in the body                         4 nowhere: gives it back     5 a guessed one, in the header
;;   6 nowhere: traps with it in hand
;; Gives the body of the answer, or `error` and a letter for the error code of wasi:http.
(module
  (import "coldframe:host/secrets@0.1.0" "placeholder" (func $placeholder (param i32 i32 i32)))
  (import "wasi:http/types@0.2.6" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.6" "[method]fields.append"
    (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.6" "[constructor]outgoing-request"
    (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-method"
    (func $method (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-scheme"
    (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-authority"
    (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-path-with-query"
    (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-body.write" (func $writer (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[static]outgoing-body.finish"
    (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/outgoing-handler@0.2.6" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]future-incoming-response.subscribe"
    (func $subscribe (param i32) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:http/types@0.2.6" "[method]future-incoming-response.get"
    (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]incoming-response.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.blocking-read"
    (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $drop (param i32)))
  (memory (export "memory") 64)
  (data (i32.const 512) "Bearer ")
  (data (i32.const 520) "error ")
  (global $top (mut i32) (i32.const 1024))
  ;; What is put together stands from 1 MiB on, the answer from 2 MiB on.
  (global $end (mut i32) (i32.const 0x100000))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $top)
    (global.set $top (i32.and (i32.const -8)
      (i32.add (i32.const 7) (i32.add (global.get $top) (local.get 3))))))
  (func $put (param $from i32) (param $len i32)
    (memory.copy (global.get $end) (local.get $from) (local.get $len))
    (global.set $end (i32.add (global.get $end) (local.get $len))))
  (func $gives (param $from i32) (param $len i32) (result i32)
    (i32.store (i32.const 960) (local.get $from))
    (i32.store (i32.const 964) (local.get $len))
    (i32.const 960))
  (func $error (param $code i32) (result i32)
    (i32.store8 (i32.const 526) (i32.add (i32.const 65) (local.get $code)))
    (call $gives (i32.const 520) (i32.const 7)))
  (func (export "f") (param $host i32) (param $host-len i32) (param $path i32) (param $path-len i32)
    (param $secret i32) (param $secret-len i32) (param $name i32) (param $name-len i32)
    (param $place i32) (result i32)
    (local $text i32) (local $text-len i32) (local $it i32) (local $fields i32) (local $body i32)
    (local.set $text (local.get $secret))
    (local.set $text-len (local.get $secret-len))
    (if (i32.ne (local.get $place) (i32.const 5)) (then
      (call $placeholder (local.get $secret) (local.get $secret-len) (i32.const 0))
      (local.set $text (i32.load (i32.const 0)))
      (local.set $text-len (i32.load (i32.const 4)))))
    (if (i32.eq (local.get $place) (i32.const 4))
      (then (return (call $gives (local.get $text) (local.get $text-len)))))
    (if (i32.eq (local.get $place) (i32.const 6)) (then unreachable))
    (local.set $fields (call $fields))
    (if (i32.or (i32.eqz (local.get $place)) (i32.eq (local.get $place) (i32.const 5))) (then
      (call $put (i32.const 512) (i32.const 7))
      (call $put (local.get $text) (local.get $text-len))
      (call $append (local.get $fields) (local.get $name) (local.get $name-len)
        (i32.const 0x100000) (i32.sub (global.get $end) (i32.const 0x100000)) (i32.const 0))))
    (if (i32.eq (local.get $place) (i32.const 2)) (then
      (call $append (local.get $fields) (local.get $text) (local.get $text-len)
        (i32.const 512) (i32.const 1) (i32.const 0))))
    (local.set $it (call $request (local.get $fields)))
    (drop (call $scheme (local.get $it) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $it)
      (i32.const 1) (local.get $host) (local.get $host-len)))
    (if (i32.eq (local.get $place) (i32.const 1))
      (then
        (call $put (local.get $path) (local.get $path-len))
        (call $put (local.get $text) (local.get $text-len))
        (drop (call $path (local.get $it) (i32.const 1) (i32.const 0x100000)
          (i32.sub (global.get $end) (i32.const 0x100000)))))
      (else (drop (call $path (local.get $it)
        (i32.const 1) (local.get $path) (local.get $path-len)))))
    (if (i32.eq (local.get $place) (i32.const 3)) (then
      ;; POST
      (drop (call $method (local.get $it) (i32.const 2) (i32.const 0) (i32.const 0)))
      (call $body (local.get $it) (i32.const 0))
      (local.set $body (i32.load (i32.const 4)))))
    (call $handle (local.get $it) (i32.const 0) (i32.const 0) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (return (call $error (i32.load8_u (i32.const 8))))))
    (local.set $it (i32.load (i32.const 8)))
    (if (i32.eq (local.get $place) (i32.const 3)) (then
      (call $writer (local.get $body) (i32.const 0))
      (local.set $fields (i32.load (i32.const 4)))
      (call $write (local.get $fields) (local.get $text) (local.get $text-len) (i32.const 0))
      (call $drop (local.get $fields))
      (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0))))
    (call $block (call $subscribe (local.get $it)))
    (call $get (local.get $it) (i32.const 0))
    (if (i32.load8_u (i32.const 16)) (then (return (call $error (i32.load8_u (i32.const 24))))))
    (call $consume (i32.load (i32.const 24)) (i32.const 0))
    (call $stream (i32.load (i32.const 4)) (i32.const 0))
    (local.set $body (i32.load (i32.const 4)))
    (global.set $end (i32.const 0x200000))
    (block $over (loop $more
      (call $read (local.get $body) (i64.const 65536) (i32.const 0))
      (br_if $over (i32.load8_u (i32.const 0)))
      (call $put (i32.load (i32.const 4)) (i32.load (i32.const 8)))
      (br $more)))
    (call $gives (i32.const 0x200000) (i32.sub (global.get $end) (i32.const 0x200000)))))
