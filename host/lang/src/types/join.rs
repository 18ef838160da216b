//! One type for values that come from several places: items, branches, cases, a fallback.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Object, Ty};

/// The most values of an enum that is put together from others; beyond, it is any string.
const VALUES_MAX: usize = 64;

impl Ty {
    /// A type that has every value of both. `Any` where nothing better is known.
    pub(crate) fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (a, b) if a == b => a.clone(),
            (Self::Null, ty) | (ty, Self::Null) => ty.clone().optional(),
            (Self::Option(a), Self::Option(b)) => a.join(b).optional(),
            (Self::Option(a), b) | (b, Self::Option(a)) => a.join(b).optional(),
            (Self::Int { min: a, max: b }, Self::Int { min: c, max: d }) => Self::Int {
                min: a.zip(*c).map(|(a, c)| a.min(c)),
                max: b.zip(*d).map(|(b, d)| b.max(d)),
            },
            (
                Self::Int { .. } | Self::F32 | Self::F64,
                Self::Int { .. } | Self::F32 | Self::F64,
            ) => Self::F64,
            (Self::Text(Some(a)), Self::Text(Some(b))) => texts(a, b),
            (
                Self::Text(_) | Self::Char | Self::Bytes,
                Self::Text(_) | Self::Char | Self::Bytes,
            ) => Self::text(),
            (Self::List(a), Self::List(b)) => Self::List(Arc::new(a.join(b))),
            (Self::Tuple(a), Self::Tuple(b)) if a.len() == b.len() => {
                Self::Tuple(a.iter().zip(b.iter()).map(|(a, b)| a.join(b)).collect())
            }
            (Self::Tuple(items), Self::List(item)) | (Self::List(item), Self::Tuple(items)) => {
                let item = items.iter().fold((**item).clone(), |all, one| all.join(one));
                Self::List(Arc::new(item))
            }
            (Self::Tuple(a), Self::Tuple(b)) => {
                Self::List(Arc::new(Self::join_all(a.iter().chain(b.iter()))))
            }
            (Self::Object(a), Self::Object(b)) => Self::Object(Arc::new(objects(a, b))),
            (Self::Result(a, b), Self::Result(c, d)) => {
                Self::Result(Arc::new(a.join(c)), Arc::new(b.join(d)))
            }
            _ => Self::Any,
        }
    }

    /// A type that has every value of all; `Any` of none.
    pub(crate) fn join_all<'t>(types: impl IntoIterator<Item = &'t Self>) -> Self {
        let joined = types.into_iter().fold(None, |all: Option<Self>, one| match all {
            None => Some(one.clone()),
            // Nothing can be better known any more.
            Some(Self::Any) => Some(Self::Any),
            Some(all) => Some(all.join(one)),
        });
        joined.unwrap_or(Self::Any)
    }
}

fn texts(a: &Arc<[String]>, b: &[String]) -> Ty {
    let more = b.iter().filter(|value| !a.contains(value));
    let all: Vec<String> = a.iter().chain(more).take(VALUES_MAX + 1).cloned().collect();
    if all.len() > VALUES_MAX { Ty::text() } else { Ty::one_of(all) }
}

/// The fields of both. What only one of them has may be there.
fn objects(a: &Object, b: &Object) -> Object {
    let fields: IndexMap<String, Ty> = a
        .fields
        .iter()
        .filter_map(|(name, ty)| Some((name.clone(), ty.join(b.fields.get(name)?))))
        .collect();
    let same = fields.len() == a.fields.len() && fields.len() == b.fields.len();
    Object { open: a.open || b.open || !same, fields }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &Ty, b: &Ty, expected: &str) {
        assert_eq!(a.join(b).to_string(), expected, "{a} and {b}");
        assert_eq!(b.join(a).to_string(), expected, "{b} and {a}");
    }

    fn object(fields: &[(&str, Ty)]) -> Ty {
        Ty::object(fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())))
    }

    #[test]
    fn joins() {
        let list = |ty| Ty::List(Arc::new(ty));
        let one = |text: &str| Ty::one_of([text.to_owned()]);
        check(&Ty::int(0, 3), &Ty::int(-1, 2), "integer from -1 to 3");
        check(&Ty::int(0, 3), &Ty::F32, "f64");
        check(&Ty::Null, &Ty::Bool, "option<bool>");
        check(&Ty::Bool.optional(), &Ty::Bool, "option<bool>");
        check(&Ty::Bool, &Ty::text(), "any value");
        check(&Ty::text(), &one("a"), "string");
        check(&Ty::Tuple([Ty::Bool, Ty::Bool].into()), &list(Ty::Null), "list<option<bool>>");
        check(&Ty::Tuple([Ty::Bool].into()), &Ty::Tuple([].into()), "list<bool>");
        let (a, b) = (object(&[("n", Ty::Bool)]), object(&[("n", Ty::Null), ("m", Ty::Bool)]));
        check(&a, &b, "record { n }");
        assert!(matches!(a.join(&b), Ty::Object(object) if object.open));
        assert_eq!(one("a").join(&one("b")).to_string(), "enum { a, b }");
    }
}
