;; Sends the same request `times` times, reads the answers if asked to, and returns the last status.
;; An error code of wasi:http comes back as 1000 more than its place in the list.
(module
  (import "wasi:http/types@0.2.6" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.6" "[constructor]outgoing-request"
    (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-scheme"
    (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-authority"
    (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-path-with-query"
    (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.6" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]future-incoming-response.subscribe"
    (func $subscribe (param i32) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:http/types@0.2.6" "[method]future-incoming-response.get"
    (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]incoming-response.status"
    (func $status (param i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]incoming-response.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.blocking-read"
    (func $read (param i32 i64 i32)))
  (memory (export "memory") 16)
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $top)
    (global.set $top (i32.and (i32.const -8)
      (i32.add (i32.const 7) (i32.add (global.get $top) (local.get 3))))))
  (func (export "f") (param $https i32) (param $host i32) (param $host-len i32)
    (param $path i32) (param $path-len i32) (param $times i32) (param $read i32) (result i32)
    (local $it i32)
    (loop $again (result i32)
      (local.set $it (call $request (call $fields)))
      (drop (call $scheme (local.get $it)
        (i32.const 1) (local.get $https) (i32.const 0) (i32.const 0)))
      (if (call $authority (local.get $it)
            (i32.const 1) (local.get $host) (local.get $host-len))
        (then (return (i32.const 2001))))
      (if (call $path (local.get $it)
            (i32.const 1) (local.get $path) (local.get $path-len))
        (then (return (i32.const 2002))))
      (call $handle (local.get $it) (i32.const 0) (i32.const 0) (i32.const 0))
      (if (i32.load8_u (i32.const 0))
        (then (return (i32.add (i32.const 1000) (i32.load8_u (i32.const 8))))))
      (local.set $it (i32.load (i32.const 8)))
      (call $block (call $subscribe (local.get $it)))
      (call $get (local.get $it) (i32.const 0))
      (if (i32.load8_u (i32.const 16))
        (then (return (i32.add (i32.const 1000) (i32.load8_u (i32.const 24))))))
      (local.set $it (i32.load (i32.const 24)))
      (if (local.get $read) (then
        (call $consume (local.get $it) (i32.const 0))
        (call $stream (i32.load (i32.const 4)) (i32.const 0))
        (local.set $read (i32.load (i32.const 4)))
        (loop $more
          (global.set $top (i32.const 131072))
          (call $read (local.get $read) (i64.const 65536) (i32.const 0))
          (br_if $more (i32.eqz (i32.load8_u (i32.const 0)))))
        (local.set $read (i32.const 1))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times))
      (call $status (local.get $it)))))
