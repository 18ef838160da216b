//! Values on their way to Postgres and back. What there is no kind of value for travels as text.

use std::error::Error;
use std::fmt::Write as _;

use bytes::BytesMut;
use coldframe_engine::services::SqlValue;
use coldframe_engine::tape::Bytes;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

/// A parameter. The server reads it as what its place in the statement wants.
#[derive(Debug)]
pub(super) struct Param<'a>(pub(super) &'a SqlValue);

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            SqlValue::Null => return Ok(IsNull::Yes),
            SqlValue::Boolean(value) => write!(out, "{value}")?,
            SqlValue::Integer(value) => write!(out, "{value}")?,
            SqlValue::Real(bits) => match f64::from_bits(*bits) {
                f64::INFINITY => out.extend_from_slice(b"Infinity"),
                f64::NEG_INFINITY => out.extend_from_slice(b"-Infinity"),
                value => write!(out, "{value}")?,
            },
            SqlValue::Text(text) => out.extend_from_slice(text.as_bytes()),
            SqlValue::Blob(Bytes(bytes)) if *ty == Type::BYTEA => out.extend_from_slice(bytes),
            SqlValue::Blob(_) => return Err("a blob goes only where a `bytea` is".into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self.0 {
            SqlValue::Blob(_) => Format::Binary,
            _ => Format::Text,
        }
    }

    to_sql_checked!();
}

/// A value of a row.
pub(super) struct Found(pub(super) SqlValue);

impl<'a> FromSql<'a> for Found {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let text = |text: String| SqlValue::Text(text);
        Ok(Self(match *ty {
            Type::BOOL => SqlValue::Boolean(bool::from_sql(ty, raw)?),
            Type::INT2 => SqlValue::Integer(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => SqlValue::Integer(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => SqlValue::Integer(i64::from_sql(ty, raw)?),
            Type::OID => SqlValue::Integer(u32::from_sql(ty, raw)?.into()),
            Type::FLOAT4 => SqlValue::real(f32::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => SqlValue::real(f64::from_sql(ty, raw)?),
            Type::BYTEA => SqlValue::Blob(Bytes(raw.to_vec())),
            Type::VOID => SqlValue::Null,
            Type::NUMERIC => text(numeric(raw).ok_or("a number that cannot be read")?),
            Type::UUID => text(uuid(raw)),
            Type::DATE => text(jiff::civil::Date::from_sql(ty, raw)?.to_string()),
            Type::TIME => text(jiff::civil::Time::from_sql(ty, raw)?.to_string()),
            Type::TIMESTAMP => text(jiff::civil::DateTime::from_sql(ty, raw)?.to_string()),
            Type::TIMESTAMPTZ => text(jiff::Timestamp::from_sql(ty, raw)?.to_string()),
            // One byte of a version, then text.
            Type::JSONB => text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned()),
            Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::UNKNOWN
            | Type::JSON
            | Type::XML => text(std::str::from_utf8(raw)?.to_owned()),
            ref other if matches!(other.kind(), Kind::Enum(_)) => {
                text(std::str::from_utf8(raw)?.to_owned())
            }
            _ => return Err("a type without a value here".into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(SqlValue::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn uuid(raw: &[u8]) -> String {
    let mut out = String::new();
    for (at, byte) in raw.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// A `numeric`: groups of four digits, the first of them worth 10000 to the `weight`, and how many
/// digits are shown behind the point.
fn numeric(raw: &[u8]) -> Option<String> {
    let mut words = raw.chunks_exact(2).map(|pair| pair.try_into().map(u16::from_be_bytes));
    let mut word = || words.next()?.ok();
    let (count, weight, sign, scale) = (word()?, word()?, word()?, word()?);
    let weight = i32::from(weight.cast_signed());
    let mut out = match sign {
        0 => String::new(),
        0x4000 => "-".to_owned(),
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let groups: Vec<u16> = (0..count).map(|_| word()).collect::<Option<_>>()?;
    // The group that is worth 10000 to the `power`.
    let group = |power: i32| {
        let at = usize::try_from(weight - power).ok();
        at.and_then(|at| groups.get(at)).copied().unwrap_or(0)
    };
    let mut whole = String::new();
    for power in (0..=weight.max(0)).rev() {
        let _ = write!(whole, "{:04}", group(power));
    }
    let whole = whole.trim_start_matches('0');
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let mut digits = String::new();
        for power in 1..=i32::from(scale.div_ceil(4)) {
            let _ = write!(digits, "{:04}", group(-power));
        }
        out.push('.');
        out.push_str(digits.get(..usize::from(scale))?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[u16], expected: Option<&str>) {
        let raw: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(numeric(&raw).as_deref(), expected, "{words:?}");
    }

    #[test]
    fn numbers_as_postgres_sends_them() {
        check(&[2, 0, 0, 2, 12, 3400], Some("12.34"));
        check(&[1, 1, 0x4000, 0, 5], Some("-50000"));
        check(&[1, u16::MAX, 0, 4, 7], Some("0.0007"));
        check(&[0, 0, 0, 3], Some("0.000"));
        check(&[0, 0, 0xC000, 0], Some("NaN"));
        check(&[3, 0, 0, 0, 1], None);
        check(&[1], None);
    }
}
