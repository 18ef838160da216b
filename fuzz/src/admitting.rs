//! Of the bytes of a component: they are refused with a kind, or everything that is said of them
//! holds together.

use coldframe_format::{Interface, schema, structure};

/// Reads bytes as the host does before it compiles them.
pub fn admit(bytes: &[u8]) {
    let (outline, full) = (structure::outline(bytes), structure::full(bytes));
    for error in [&outline, &full].into_iter().filter_map(|checked| checked.as_ref().err()) {
        assert!(["limit.structure", "invalid.component"].contains(&error.kind()), "{error}");
        assert!(!error.to_string().chars().any(char::is_control), "{error}");
    }
    // The second look is at more, never at less.
    assert!(outline.is_ok() || full.is_err(), "{outline:?}");
    match Interface::read(bytes) {
        Ok(interface) => {
            assert_eq!(outline, Ok(()), "the interface of what is refused was read");
            let _ = interface.required_caps();
            for operation in &interface.operations {
                let _ = (schema::input_schema(operation), schema::output_schema(operation));
                assert_eq!(interface.operation(Some(&operation.name)).ok(), Some(operation));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
