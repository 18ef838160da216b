//! What an operation's return value means: an output, or an error of the skill.

use coldframe_engine::{CallError, CallLimits};
use coldframe_format::{Field, Type};
use coldframe_journal::ErrorKind;
use serde_json::Value;
use wasmtime::component::Val;

use crate::sanitize;
use crate::values::{OutputLimits, ValueError, to_json};

/// Bytes of a skill's own error message.
const MESSAGE_BYTES_MAX: usize = 2000;

/// The output of an operation that returned `value` of type `ty`.
pub(crate) fn read(
    value: Option<Val>,
    ty: Option<&Type>,
    limits: &CallLimits,
) -> Result<Value, CallError> {
    let bounds = OutputLimits {
        bytes: limits.output_bytes,
        depth: u32::try_from(limits.output_depth).unwrap_or(u32::MAX),
    };
    match (value, ty) {
        (Some(Val::Result(Ok(value))), Some(Type::Result(ty, _))) => {
            output(value.map(|value| *value), ty.as_deref(), bounds)
        }
        (Some(Val::Result(Err(value))), Some(Type::Result(_, ty))) => {
            Err(failure(value.map(|value| *value), ty.as_deref(), bounds))
        }
        (value, ty) => output(value, ty, bounds),
    }
}

/// Whether a value of this type is lifted into more than one host value.
pub(crate) fn is_compound(ty: &Type) -> bool {
    match ty {
        Type::List(_) | Type::Record(_) | Type::Tuple(_) => true,
        Type::Option(inner) => is_compound(inner),
        Type::Result(ok, err) => [ok, err].into_iter().flatten().any(|ty| is_compound(ty)),
        Type::Variant(cases) => cases.iter().filter_map(|(_, ty)| ty.as_ref()).any(is_compound),
        _ => false,
    }
}

fn output(value: Option<Val>, ty: Option<&Type>, bounds: OutputLimits) -> Result<Value, CallError> {
    match (value, ty) {
        (Some(value), Some(ty)) => to_json(value, ty, bounds).map_err(unfit),
        _ => Ok(Value::Null),
    }
}

fn unfit(error: ValueError) -> CallError {
    let kind = if error.too_big { ErrorKind::LimitOutput } else { ErrorKind::InvalidResult };
    CallError::new(kind, sanitize::line(&error.message, MESSAGE_BYTES_MAX))
}

/// The error side of a `result`. That of `coldframe:skill/types` says whether to try again.
fn failure(value: Option<Val>, ty: Option<&Type>, bounds: OutputLimits) -> CallError {
    let json = match output(value, ty, bounds) {
        Ok(json) => json,
        Err(error) => return error,
    };
    let mut error = CallError::new(ErrorKind::GuestError, "");
    let message = match ty.filter(|ty| is_skill_error(ty)).and_then(|_| json.as_object()) {
        Some(case) => {
            error.transient = !case.contains_key("permanent");
            skill_message(case, &mut error.retry_after_us)
        }
        None => None,
    };
    let message = message.unwrap_or_else(|| match &json {
        Value::String(text) => text.clone(),
        Value::Null => "the operation failed without saying why".to_owned(),
        other => other.to_string(),
    });
    error.message = sanitize::line(&message, MESSAGE_BYTES_MAX);
    error
}

fn skill_message(
    case: &serde_json::Map<String, Value>,
    retry_after_us: &mut Option<u64>,
) -> Option<String> {
    let (_, payload) = case.iter().next()?;
    if let Some(limited) = payload.as_object() {
        *retry_after_us =
            limited.get("retry_after_ms").and_then(millis).map(|ms| ms.saturating_mul(1000));
        return Some(limited.get("message")?.as_str()?.to_owned());
    }
    Some(payload.as_str()?.to_owned())
}

/// A `u64` as JSON: a number, or text beyond 2^53.
fn millis(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Whether the type is the `error` of `coldframe:skill/types`, by its shape: a type carries no name.
fn is_skill_error(ty: &Type) -> bool {
    let Type::Variant(cases) = ty else { return false };
    let named = |index: usize, name: &str| {
        cases.get(index).filter(|(case, _)| case == name).and_then(|(_, ty)| ty.as_ref())
    };
    cases.len() == 3
        && named(0, "transient") == Some(&Type::String)
        && named(1, "permanent") == Some(&Type::String)
        && named(2, "rate-limited").is_some_and(is_rate_limit)
}

fn is_rate_limit(ty: &Type) -> bool {
    let Type::Record(fields) = ty else { return false };
    let has = |name: &str, ty: &Type| {
        fields.iter().any(|field: &Field| field.name == name && field.ty == *ty)
    };
    fields.len() == 2
        && has("message", &Type::String)
        && has("retry-after-ms", &Type::Option(Box::new(Type::U64)))
}
