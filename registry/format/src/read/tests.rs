//! Interfaces read out of components that the WIT tools build, and out of hostile bytes.

use proptest::prelude::*;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{ManglingAndAbi, Resolve};

use super::*;
use crate::types::{Field, Type};

const SHARED: &str = "
package coldframe:skill@0.1.0;
interface types { type json = string; }
";

const TEXT: &str = r#"
package std:text@1.0.0;
/// Words about text.
interface text {
    use coldframe:skill/types@0.1.0.{json};
    /// What a text comes to.
    record summary {
        /// How many words there are.
        word-count: u32,
        extra: json,
    }
    variant problem { empty, too-long(u64) }
    /// Counts.
    stats: func(text: string, options: option<json>) -> result<summary, problem>;
    bytes: func(data: list<u8>) -> tuple<f64, char>;
}
interface more { stats: func(); }
world skill {
    import coldframe:host/log@0.1.0;
    import wasi:http/outgoing-handler@0.2.6;
    export text;
    export more;
    /// Says it back.
    export echo: func(value: string) -> string;
}
"#;

const HOST: &str = "
package coldframe:host@0.1.0;
interface log { say: func(text: string); }
";

const HTTP: &str = "
package wasi:http@0.2.6;
interface types { resource request { constructor(); } type plain = u8; }
interface only-types { type plain = u8; }
interface outgoing-handler { use types.{request}; handle: func(r: request); }
";

/// A component of `world` in the last of `packages`, with its documentation.
fn component(packages: &[&str]) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let mut package = None;
    for text in packages {
        package = Some(resolve.push_str("test.wit", text).unwrap());
    }
    let world = resolve.select_world(&[package.unwrap()], None).unwrap();
    let mut module = wit_component::dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    let mut component = encoder.encode().unwrap();
    Docs::of_world(&resolve, world).append_to(&mut component);
    component
}

fn field(name: &str, ty: Type, doc: &str) -> Field {
    Field { name: name.to_owned(), ty, doc: doc.to_owned() }
}

#[test]
fn reads_operations_types_and_docs() {
    let read = interface(&component(&[SHARED, HOST, HTTP, TEXT])).unwrap();
    let names: Vec<_> = read.operations.iter().map(|op| op.name.as_str()).collect();
    assert_eq!(names, ["echo", "text.stats", "bytes", "more.stats"]);
    let stats = read.operation(Some("text.stats")).unwrap();
    assert_eq!(stats.interface.as_deref(), Some("std:text/text@1.0.0"));
    assert_eq!((stats.function.as_str(), stats.doc.as_str()), ("stats", "Counts."));
    assert_eq!(
        stats.params,
        [field("text", Type::String, ""), field("options", Type::Option(Box::new(Type::Json)), ""),]
    );
    let summary = Type::Record(vec![
        field("word-count", Type::U32, "How many words there are."),
        field("extra", Type::Json, ""),
    ]);
    let problem =
        Type::Variant(vec![("empty".to_owned(), None), ("too-long".to_owned(), Some(Type::U64))]);
    let expected = Type::Result(Some(Box::new(summary.clone())), Some(Box::new(problem)));
    assert_eq!(stats.result, Some(expected));
    assert_eq!(stats.output(), Some(&summary));
    let bytes = read.operation(Some("bytes")).unwrap();
    assert_eq!(bytes.params, [field("data", Type::List(Box::new(Type::U8)), "")]);
    assert_eq!(bytes.result, Some(Type::Tuple(vec![Type::F64, Type::Char])));
    let echo = read.operation(Some("echo")).unwrap();
    assert_eq!((&echo.interface, echo.doc.as_str()), (&None, "Says it back."));
}

#[test]
fn imports_are_those_that_can_do_something() {
    let read = interface(&component(&[SHARED, HOST, HTTP, TEXT])).unwrap();
    let imports: Vec<_> = read.imports.iter().map(String::as_str).collect();
    assert_eq!(
        imports,
        ["coldframe:host/log@0.1.0", "wasi:http/outgoing-handler@0.2.6", "wasi:http/types@0.2.6"]
    );
    let needs = read.required_caps().unwrap();
    assert_eq!(needs.iter().map(crate::Cap::name).collect::<Vec<_>>(), ["http", "log"]);
}

/// The kind and the text of the refusal of a world that exports `function`.
#[track_caller]
fn check_refused(world: &str, expected: &str) {
    let text = format!("package a:b;\n{world}");
    let error = interface(&component(&[SHARED, HOST, HTTP, &text])).unwrap_err();
    assert_eq!(format!("{}: {error}", error.kind()), expected);
}

#[test]
fn refuses_what_has_no_json() {
    check_refused(
        "interface i { resource r { new: static func() -> r; } } world w { export i; }",
        "invalid.component: operation `a:b/i#[static]r.new` uses a resource, expected only plain values",
    );
    check_refused(
        "interface i { resource r; f: func() -> list<option<r>>; } world w { export i; }",
        "invalid.component: operation `a:b/i#f` uses a resource, expected only plain values",
    );
    check_refused(
        "world w { import wasi:http/types@0.2.6; use wasi:http/types@0.2.6.{request}; export f: func(x: borrow<request>); }",
        "invalid.component: operation `f` uses a resource, expected only plain values",
    );
    check_refused(
        "interface i { f: func(); } interface j { f: func(); } world w { export i; export j; export i-f: func() -> u8; export k: interface { g: func() -> u8; } export l: interface { x: func(y: stream<u8>); } }",
        "invalid.component: operation `l#x` uses a stream, expected a plain function of plain values",
    );
}

#[test]
fn says_what_to_give_instead() {
    let resource = InterfaceError::Resource { operation: "f".to_owned() };
    let stream = InterfaceError::Unsupported { operation: "f".to_owned(), what: "a stream" };
    for error in [resource, stream] {
        assert!(error.help().is_some_and(|help| help.contains("bytes as `list<u8>`")), "{error}");
    }
}

#[test]
fn refuses_what_is_not_a_component() {
    let core = wat::parse_str("(module)").unwrap();
    let good = wat::parse_str("(component)").unwrap();
    let cases: &[(&[u8], &str)] = &[
        (b"", "invalid.kind: not a WebAssembly component: found an empty file"),
        (
            b"\x7fELF\x02\x01\x01",
            "invalid.kind: not a WebAssembly component: found an ELF file (an executable, or compiled native code)",
        ),
        (b"PK\x03\x04..", "invalid.kind: not a WebAssembly component: found a zip archive"),
        (b"  (component)", "invalid.kind: not a WebAssembly component: found WebAssembly text"),
        (b"hello\n", "invalid.kind: not a WebAssembly component: found text"),
        (b"\x00\x01\x02", "invalid.kind: not a WebAssembly component: found unknown bytes"),
        (&core, "invalid.kind: not a WebAssembly component: found a core module"),
        (&good[..6], "invalid.component: not a valid component: cut off in the header"),
        (b"\0asm\x63\0\x01\0", "invalid.component: not a valid component: unknown layer"),
    ];
    for (bytes, expected) in cases {
        let error = interface(bytes).unwrap_err();
        assert_eq!(format!("{}: {error}", error.kind()), *expected);
    }
    assert_eq!(interface(&good), Ok(Interface::default()));
    let mut large = good;
    large.resize(COMPONENT_BYTES_MAX + 1, 0);
    assert_eq!(interface(&large), Err(InterfaceError::TooLarge { bytes: large.len() }));
}

#[test]
fn validation_looks_into_functions() {
    let bad = |body: &str| {
        let text = format!("(component (core module (func (result i32) {body})))");
        validate(&wat::parse_str(text).unwrap())
    };
    assert_eq!(bad("i32.const 1"), Ok(()));
    assert!(matches!(bad("f32.const 1"), Err(InterfaceError::Invalid(_))));
    assert_eq!(validate(b"").unwrap_err().kind(), "invalid.kind");
}

/// A function of a type that is `depth` options around a bool.
fn nested(depth: usize) -> Vec<u8> {
    let ty = format!("{}bool{}", "option<".repeat(depth), ">".repeat(depth));
    component(&[SHARED, &format!("package a:b; world w {{ export f: func(x: {ty}); }}")])
}

#[test]
fn bounds_the_depth_of_types() {
    assert!(interface(&nested(TYPE_DEPTH_MAX - 1)).is_ok());
    let error = interface(&nested(TYPE_DEPTH_MAX)).unwrap_err();
    assert_eq!(error, InterfaceError::TooDeep { operation: "f".to_owned() });
    assert_eq!(error.kind(), "limit.structure");
}

#[test]
fn bounds_the_types_written_out() {
    // Each level names the one below twice: a few bytes, thousands of nodes.
    let levels: String =
        (1..=12).map(|n| format!("type t{n} = tuple<t{}, t{}>;\n", n - 1, n - 1)).collect();
    let functions: String = (0..20).map(|n| format!("f{n}: func(x: list<t12>);\n")).collect();
    let text = format!(
        "package a:b; interface i {{ type t0 = tuple<u8>;\n{levels}{functions} }} world w {{ export i; }}"
    );
    let error = interface(&component(&[SHARED, &text])).unwrap_err();
    assert!(matches!(error, InterfaceError::TooManyTypes { .. }), "{error}");
}

#[test]
fn duplicates_need_a_name_of_their_own() {
    let text = "package a:b; interface i { f: func(); } world w { export i; export c:d/i; }";
    let other = "package c:d; interface i { f: func(); }";
    let error = interface(&component(&[SHARED, other, text])).unwrap_err();
    assert_eq!(error, InterfaceError::Duplicate("i.f".to_owned()));
}

#[test]
fn docs_are_cut_and_cleaned() {
    let mut good = wat::parse_str("(component)").unwrap();
    let docs = Docs::parse(
        format!("{{\"f\": \"a\\u001b[31mb\\nc\", \"g\": \"{}\"}}", "x".repeat(9000)).as_bytes(),
    );
    assert_eq!(docs.function(None, "f"), "a[31mb\nc");
    assert_eq!(docs.function(None, "g").len(), 4000);
    assert_eq!(Docs::parse(b"[1]"), Docs::default());
    docs.append_to(&mut good);
    assert!(interface(&good).is_ok());
}

#[test]
fn every_prefix_is_refused_or_read() {
    let good = component(&[SHARED, HOST, HTTP, TEXT]);
    for end in 0..good.len() {
        let _ = interface(&good[..end]);
    }
}

proptest! {
    #[test]
    fn never_panics_on_random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = interface(&bytes);
        let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
        wasm.extend_from_slice(&bytes);
        let _ = interface(&wasm);
    }

    #[test]
    fn never_panics_on_flipped_bits(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..6)
    ) {
        let mut bytes = component(&[SHARED, HOST, HTTP, TEXT]);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        let _ = interface(&bytes);
    }
}
