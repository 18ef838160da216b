;; Sends the same request `times` times. `style` chooses what else it does:
;;   1 reads the answers          2 writes a body without end
;;   3 asks for endless timeouts  4 appends the header `name: value` twice
;;   5 sends `name: value` as a trailer             6 appends the header once
;; Gives the last status, or what went wrong: 1000 and the place of an error code of wasi:http in
;; its list; 2001 for the host, 2002 for the path, 2003 for a header.
(module
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
  (import "wasi:http/types@0.2.6" "[constructor]request-options" (func $options (result i32)))
  (import "wasi:http/types@0.2.6" "[method]request-options.set-connect-timeout"
    (func $connect (param i32 i32 i64) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]request-options.set-first-byte-timeout"
    (func $first (param i32 i32 i64) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]request-options.set-between-bytes-timeout"
    (func $between (param i32 i32 i64) (result i32)))
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
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $drop (param i32)))
  (memory (export "memory") 16)
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $top)
    (global.set $top (i32.and (i32.const -8)
      (i32.add (i32.const 7) (i32.add (global.get $top) (local.get 3))))))
  (func (export "f") (param $https i32) (param $host i32) (param $host-len i32)
    (param $path i32) (param $path-len i32) (param $times i32) (param $style i32)
    (param $name i32) (param $name-len i32) (param $value i32) (param $value-len i32)
    (result i32)
    (local $it i32) (local $fields i32) (local $body i32) (local $options i32)
    (loop $again (result i32)
      (local.set $fields (call $fields))
      (if (i32.eq (local.get $style) (i32.const 4)) (then
        (call $append (local.get $fields) (local.get $name) (local.get $name-len)
          (local.get $value) (local.get $value-len) (i32.const 0))
        (if (i32.load8_u (i32.const 0)) (then (return (i32.const 2003))))
        (call $append (local.get $fields) (local.get $name) (local.get $name-len)
          (local.get $value) (local.get $value-len) (i32.const 0))
        (if (i32.load8_u (i32.const 0)) (then (return (i32.const 2003))))))
      (if (i32.eq (local.get $style) (i32.const 6)) (then
        (call $append (local.get $fields) (local.get $name) (local.get $name-len)
          (local.get $value) (local.get $value-len) (i32.const 0))
        (if (i32.load8_u (i32.const 0)) (then (return (i32.const 2003))))))
      (local.set $it (call $request (local.get $fields)))
      (drop (call $scheme (local.get $it)
        (i32.const 1) (local.get $https) (i32.const 0) (i32.const 0)))
      (if (call $authority (local.get $it)
            (i32.const 1) (local.get $host) (local.get $host-len))
        (then (return (i32.const 2001))))
      (if (call $path (local.get $it)
            (i32.const 1) (local.get $path) (local.get $path-len))
        (then (return (i32.const 2002))))
      (if (i32.or (i32.eq (local.get $style) (i32.const 2)) (i32.eq (local.get $style) (i32.const 5)))
        (then
          ;; POST
          (drop (call $method (local.get $it) (i32.const 2) (i32.const 0) (i32.const 0)))
          (call $body (local.get $it) (i32.const 0))
          (local.set $body (i32.load (i32.const 4)))))
      (if (i32.eq (local.get $style) (i32.const 3)) (then
        (local.set $options (call $options))
        (drop (call $connect (local.get $options) (i32.const 1) (i64.const -1)))
        (drop (call $first (local.get $options) (i32.const 1) (i64.const -1)))
        (drop (call $between (local.get $options) (i32.const 1) (i64.const -1)))))
      (call $handle (local.get $it)
        (i32.eq (local.get $style) (i32.const 3)) (local.get $options) (i32.const 0))
      (if (i32.load8_u (i32.const 0))
        (then (return (i32.add (i32.const 1000) (i32.load8_u (i32.const 8))))))
      (local.set $it (i32.load (i32.const 8)))
      (if (i32.eq (local.get $style) (i32.const 2)) (then
        (call $writer (local.get $body) (i32.const 0))
        (local.set $body (i32.load (i32.const 4)))
        (loop $more
          (call $write (local.get $body) (i32.const 65536) (i32.const 4096) (i32.const 0))
          (br_if $more (i32.eqz (i32.load8_u (i32.const 0)))))))
      (if (i32.eq (local.get $style) (i32.const 5)) (then
        (local.set $fields (call $fields))
        (call $append (local.get $fields) (local.get $name) (local.get $name-len)
          (local.get $value) (local.get $value-len) (i32.const 0))
        (if (i32.load8_u (i32.const 0)) (then (return (i32.const 2003))))
        (call $finish (local.get $body) (i32.const 1) (local.get $fields) (i32.const 0))))
      (call $block (call $subscribe (local.get $it)))
      (call $get (local.get $it) (i32.const 0))
      (if (i32.load8_u (i32.const 16))
        (then (return (i32.add (i32.const 1000) (i32.load8_u (i32.const 24))))))
      (local.set $it (i32.load (i32.const 24)))
      (if (i32.eq (local.get $style) (i32.const 1)) (then
        (call $consume (local.get $it) (i32.const 0))
        (call $stream (i32.load (i32.const 4)) (i32.const 0))
        (local.set $body (i32.load (i32.const 4)))
        (loop $more
          (global.set $top (i32.const 131072))
          (call $read (local.get $body) (i64.const 65536) (i32.const 0))
          (br_if $more (i32.eqz (i32.load8_u (i32.const 0)))))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times))
      (call $status (local.get $it)))))
