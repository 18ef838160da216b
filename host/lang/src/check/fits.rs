//! Whether every value of one type is a value of another.

use crate::types::{Object, Ty};

/// Why not. The path leads into the value, in the spelling of expressions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) path: String,
    pub(super) expected: String,
    pub(super) found: String,
    /// The value would do if it were not `null`.
    pub(super) null_only: bool,
}

impl Misfit {
    fn new(from: &Ty, to: &Ty) -> Self {
        Self {
            path: String::new(),
            expected: to.to_string(),
            found: from.to_string(),
            null_only: false,
        }
    }

    fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// Integers up to here are exact in an `f64`.
const F64_EXACT: i128 = 1 << 53;
/// Integers up to here are exact in an `f32`.
const F32_EXACT: i128 = 1 << 24;

/// Whether every value of `from` is one of `to`. What is not known is checked when the step starts.
pub(super) fn fits(from: &Ty, to: &Ty) -> Result<(), Misfit> {
    let misfit = || Err(Misfit::new(from, to));
    let when = |good: bool| if good { Ok(()) } else { misfit() };
    match (from, to) {
        (Ty::Any, _)
        | (_, Ty::Any)
        | (Ty::Null, Ty::Option(_) | Ty::Null)
        | (Ty::Bool, Ty::Bool) => Ok(()),
        (Ty::Option(from), Ty::Option(to)) => fits(from, to),
        (from, Ty::Option(to)) => fits(from, to),
        (Ty::Option(inner), to) => match fits(inner, to) {
            Ok(()) => Err(Misfit { null_only: true, ..Misfit::new(from, to) }),
            Err(misfit) => Err(misfit),
        },
        (Ty::Int { min, max }, Ty::Int { min: low, max: high }) => {
            when(within(*min, *max, low.unwrap_or(i128::MIN), high.unwrap_or(i128::MAX)))
        }
        (Ty::Int { min, max }, Ty::F64) => when(within(*min, *max, -F64_EXACT, F64_EXACT)),
        (Ty::Int { min, max }, Ty::F32) => when(within(*min, *max, -F32_EXACT, F32_EXACT)),
        (Ty::F32, Ty::F32 | Ty::F64) | (Ty::F64, Ty::F64) => Ok(()),
        (Ty::Text(_) | Ty::Char | Ty::Bytes, Ty::Text(None))
        | (Ty::Char, Ty::Char)
        | (Ty::Bytes, Ty::Bytes) => Ok(()),
        (Ty::Text(Some(from)), Ty::Text(Some(to))) => {
            when(from.iter().all(|value| to.contains(value)))
        }
        (Ty::Text(Some(from)), Ty::Char) => {
            when(from.iter().all(|value| value.chars().count() == 1))
        }
        (Ty::Text(Some(from)), Ty::Variant(cases)) => {
            when(from.iter().all(|value| matches!(cases.get(value), Some(None))))
        }
        (Ty::List(from), Ty::List(to)) => fits(from, to).map_err(|misfit| misfit.below("[]")),
        (Ty::List(from), Ty::Flags(to)) => match &**from {
            Ty::Text(Some(from)) => when(from.iter().all(|value| to.contains(value))),
            Ty::Any => Ok(()),
            _ => misfit(),
        },
        (Ty::Flags(_), Ty::List(to)) => fits(&Ty::text(), to).or_else(|_| misfit()),
        (Ty::Flags(from), Ty::Flags(to)) => when(from.iter().all(|value| to.contains(value))),
        (Ty::Tuple(from), Ty::List(to)) => each(from.iter().map(|from| (from, &**to))),
        (Ty::Tuple(from), Ty::Tuple(to)) if from.len() == to.len() => {
            each(from.iter().zip(to.iter()))
        }
        (Ty::Object(from), Ty::Object(to)) => objects(from, to),
        (Ty::Variant(cases), Ty::Text(None)) => when(cases.values().all(Option::is_none)),
        (Ty::Variant(from), Ty::Variant(to)) => {
            for (case, payload) in from.iter() {
                match (payload, to.get(case)) {
                    (None, Some(None)) => {}
                    (Some(from), Some(Some(to))) => {
                        fits(from, to).map_err(|misfit| misfit.below(&format!(".{case}")))?;
                    }
                    _ => return misfit(),
                }
            }
            Ok(())
        }
        (Ty::Result(ok, error), Ty::Result(to_ok, to_error)) => {
            fits(ok, to_ok).map_err(|misfit| misfit.below(".ok"))?;
            fits(error, to_error).map_err(|misfit| misfit.below(".error"))
        }
        _ => misfit(),
    }
}

/// Only a bound that is known can be too wide. `type: integer` without bounds is checked when the
/// step starts.
fn within(min: Option<i128>, max: Option<i128>, low: i128, high: i128) -> bool {
    min.is_none_or(|min| (low..=high).contains(&min))
        && max.is_none_or(|max| (low..=high).contains(&max))
}

fn each<'t>(pairs: impl Iterator<Item = (&'t Ty, &'t Ty)>) -> Result<(), Misfit> {
    for (index, (from, to)) in pairs.enumerate() {
        fits(from, to).map_err(|misfit| misfit.below(&format!("[{index}]")))?;
    }
    Ok(())
}

fn objects(from: &Object, to: &Object) -> Result<(), Misfit> {
    for (name, to) in &to.fields {
        match from.fields.get(name) {
            Some(from) => fits(from, to).map_err(|misfit| misfit.below(&format!(".{name}")))?,
            None if from.open || matches!(to, Ty::Option(_)) => {}
            None => {
                return Err(Misfit {
                    path: format!(".{name}"),
                    expected: to.to_string(),
                    found: "no such field".to_owned(),
                    null_only: false,
                });
            }
        }
    }
    let extra = from.fields.keys().find(|name| !to.open && !to.fields.contains_key(*name));
    match extra {
        Some(name) => Err(Misfit {
            path: format!(".{name}"),
            expected: "no such field".to_owned(),
            found: from.fields.get(name).map(ToString::to_string).unwrap_or_default(),
            null_only: false,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[track_caller]
    fn check(from: &Ty, to: &Ty, expected: &str) {
        let found = match fits(from, to) {
            Ok(()) => "fits".to_owned(),
            Err(m) => {
                let null = if m.null_only { " (null)" } else { "" };
                format!("{}: expected {}, found {}{null}", m.path, m.expected, m.found)
            }
        };
        assert_eq!(found, expected, "{from} into {to}");
    }

    fn int(min: i64, max: i64) -> Ty {
        Ty::int(min, max)
    }

    fn object(fields: &[(&str, Ty)]) -> Ty {
        Ty::object(fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())))
    }

    #[test]
    fn numbers_widen_only_where_every_value_fits() {
        let (u8, u32, s64) = (int(0, 255), int(0, 4_294_967_295), int(i64::MIN, i64::MAX));
        let any = Ty::Int { min: None, max: None };
        check(&u8, &u32, "fits");
        check(&u32, &u8, ": expected u8, found u32");
        check(&u32, &Ty::F64, "fits");
        check(&u32, &Ty::F32, ": expected f32, found u32");
        check(&s64, &Ty::F64, ": expected f64, found s64");
        check(&any, &u8, "fits");
        check(&Ty::Int { min: Some(-1), max: None }, &u8, ": expected u8, found integer from -1");
        check(&Ty::F64, &Ty::F32, ": expected f32, found f64");
        check(&Ty::F64, &u32, ": expected u32, found f64");
        check(&u8, &Ty::text(), ": expected string, found u8");
    }

    #[test]
    fn null_goes_only_where_it_may() {
        let option = Ty::text().optional();
        check(&option, &Ty::text(), ": expected string, found option<string> (null)");
        check(&option, &option, "fits");
        check(&Ty::text(), &option, "fits");
        check(&Ty::Null, &Ty::text(), ": expected string, found null");
        check(&Ty::Null, &option, "fits");
        check(&option, &Ty::Bool, ": expected bool, found string");
        check(&option, &Ty::Any, "fits");
    }

    #[test]
    fn objects_are_compared_field_by_field() {
        let to = object(&[("a", Ty::Bool), ("b", Ty::text().optional())]);
        check(&object(&[("a", Ty::Bool)]), &to, "fits");
        check(&object(&[("b", Ty::text())]), &to, ".a: expected bool, found no such field");
        check(&object(&[("a", Ty::Null)]), &to, ".a: expected bool, found null");
        check(
            &object(&[("a", Ty::Bool), ("c", Ty::Bool)]),
            &to,
            ".c: expected no such field, found bool",
        );
        let list = |ty| Ty::List(Arc::new(ty));
        check(&list(object(&[("a", Ty::Any)])), &list(to.clone()), "fits");
        check(&list(Ty::Bool), &to, ": expected record { a, b }, found list<bool>");
        check(&list(Ty::Bool), &list(Ty::text()), "[]: expected string, found bool");
    }

    #[test]
    fn texts_with_known_values_are_enums() {
        let values = |names: &[&str]| Ty::one_of(names.iter().map(|n| (*n).to_owned()));
        check(&values(&["a"]), &values(&["a", "b"]), "fits");
        check(
            &values(&["a", "c"]),
            &values(&["a", "b"]),
            ": expected enum { a, b }, found enum { a, c }",
        );
        check(&Ty::text(), &values(&["a"]), ": expected enum { a }, found string");
        check(&values(&["a"]), &Ty::text(), "fits");
        check(&Ty::Bytes, &Ty::text(), "fits");
        check(&Ty::text(), &Ty::Bytes, ": expected list<u8>, found string");
    }
}
