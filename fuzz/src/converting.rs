//! Of JSON for a WIT type: it does not fit, or what comes out again is the same for ever.

use coldframe_format::Field;
use serde_json::{Value, json};

use crate::generate::{Dice, random_type, random_value};
use crate::values::{Allowance, OutputLimits, arguments, to_json};

/// The first eight bytes are a type, the others JSON; or, where they are none, a value of another
/// type.
pub fn convert(bytes: &[u8]) {
    let Some((seed, rest)) = bytes.split_first_chunk::<8>() else { return };
    let ty = random_type(&mut Dice::new(u64::from_le_bytes(*seed)), 3);
    let value = serde_json::from_slice::<Value>(rest).unwrap_or_else(|_| {
        let other = rest.first_chunk::<8>().map_or(0, |other| u64::from_le_bytes(*other));
        let mut dice = Dice::new(other);
        let other = random_type(&mut dice, 3);
        random_value(&mut dice, &other)
    });
    let params = [Field { name: "x".to_owned(), ty: ty.clone(), doc: String::new() }];
    let through = |value: &Value| {
        let given = json!({ "x": value });
        let mut values = arguments(given, &params, Allowance::default()).map_err(|e| e.message)?;
        let limits = OutputLimits { bytes: 8 << 20, depth: 128 };
        to_json(values.remove(0), &ty, limits).map_err(|error| error.message)
    };
    match through(&value) {
        Ok(once) => assert_eq!(through(&once).as_ref(), Ok(&once), "{ty:?} of {value}"),
        Err(message) => assert!(!message.chars().any(char::is_control), "{message:?}"),
    }
}
