//! What a row of the table of limits says, and the macro that makes types of the rows.

use std::time::Duration;

use super::{Limit, Profile};

/// One limit.
#[derive(Debug)]
pub struct Row {
    /// Which one.
    pub limit: Limit,
    /// As it is written in YAML and behind `--limit`.
    pub name: &'static str,
    /// What it bounds, in a sentence or two.
    pub doc: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// What it is a bound of.
    pub scope: Scope,
    /// Where nobody says anything, for code that nobody trusts.
    pub strict: Column,
    /// The same for code that the operator trusts.
    pub trusted: Column,
    /// No more can be said.
    pub most: u64,
    /// Whether nothing at all can be allowed.
    pub zero: bool,
    /// The module that enforces it.
    pub by: &'static str,
    /// What happens to what is above it.
    pub ends: Ends,
    /// A value, as it is written.
    pub example: &'static str,
}

/// A default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// In the unit of the limit; none is no bound.
    pub value: Option<u64>,
    /// As it is written.
    pub text: &'static str,
}

/// What a limit is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Units of fuel: instructions, about.
    Fuel,
    /// Microseconds.
    Time,
    /// Nano-USD.
    Money,
    /// Bytes.
    Bytes,
    /// How many.
    Count,
    /// How many each second.
    PerSecond,
}

/// What a limit is a bound of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Of a run, or a step with all its tries and all it holds.
    Whole,
    /// Of each call in that.
    Call,
    /// Of the form of a pipeline: each of its kind in that.
    Shape,
}

/// What happens to what is above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The call ends, and the step fails with this kind.
    Call(&'static str),
    /// The request ends, and the guest sees this error of `wasi:http`.
    Request(&'static str),
}

impl Row {
    /// The default of a profile.
    pub fn column(&self, profile: Profile) -> Column {
        match profile {
            Profile::Strict => self.strict,
            Profile::Trusted => self.trusted,
        }
    }
}

impl Unit {
    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Time => "time",
            Self::Money => "USD",
            Self::Bytes => "bytes",
            Self::Count => "count",
            Self::PerSecond => "count a second",
        }
    }

    /// How a value is written, for a message.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Fuel => "a whole number such as `5000000` or `5e6`",
            Self::Time => "a number with a unit: `ms`, `s`, `m` or `h`",
            Self::Money => "an amount in USD such as `0.05`",
            Self::Bytes => "a number of bytes, or one with `KB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`",
            Self::Count | Self::PerSecond => "a whole number such as `100`",
        }
    }

    /// What cannot be divided.
    pub(super) fn finest(self) -> &'static str {
        match self {
            Self::Fuel => "one unit of fuel",
            Self::Time => "a microsecond",
            Self::Money => "a nano-dollar",
            Self::Bytes => "a byte",
            Self::Count | Self::PerSecond => "one",
        }
    }

    /// A value as it is written.
    pub fn shown(self, value: u64) -> String {
        match self {
            Self::Fuel | Self::Count | Self::PerSecond => value.to_string(),
            Self::Time => crate::print::parts::duration(Duration::from_micros(value)),
            Self::Money => crate::print::parts::dollars(value),
            Self::Bytes => {
                crate::print::parts::bytes_text(value).unwrap_or_else(|| value.to_string())
            }
        }
    }
}

impl Scope {
    /// What it bounds, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "run, step",
            Self::Call => "call",
            Self::Shape => "pipeline",
        }
    }
}

/// A typed value of a limit, and the number it is.
pub(super) trait Raw: Copy {
    fn of(raw: u64) -> Self;
    fn raw(self) -> u64;
}

impl Raw for u64 {
    fn of(raw: u64) -> Self {
        raw
    }

    fn raw(self) -> u64 {
        self
    }
}

impl Raw for Duration {
    fn of(raw: u64) -> Self {
        Self::from_micros(raw)
    }

    fn raw(self) -> u64 {
        u64::try_from(self.as_micros()).unwrap_or(u64::MAX)
    }
}

/// `64 MiB` in bytes, `10 s` in microseconds.
macro_rules! amount {
    (max) => {
        u64::MAX
    };
    ($n:literal) => {
        $n
    };
    ($n:literal e9) => {
        $n * 1_000_000_000
    };
    ($n:literal KiB) => {
        $n << 10
    };
    ($n:literal MiB) => {
        $n << 20
    };
    ($n:literal GiB) => {
        $n << 30
    };
    ($n:literal s) => {
        $n * 1_000_000
    };
    ($n:literal m) => {
        $n * 60_000_000
    };
    ($n:literal h) => {
        $n * 3_600_000_000
    };
}

/// A default with the text that says the same.
macro_rules! column {
    (none) => {
        $crate::limits::row::Column { value: None, text: "none" }
    };
    ($n:literal) => {
        $crate::limits::row::Column { value: Some($n), text: stringify!($n) }
    };
    ($n:literal $unit:ident) => {
        $crate::limits::row::Column {
            value: Some($crate::limits::row::amount!($n $unit)),
            text: concat!(stringify!($n), stringify!($unit)),
        }
    };
}

/// A default as a typed value; the greatest there is where it is none.
macro_rules! typed {
    (Duration, none) => { Duration::MAX };
    ($ty:ident, none) => { u64::MAX };
    (Duration, $($amount:tt)+) => { Duration::from_micros($crate::limits::row::amount!($($amount)+)) };
    ($ty:ident, $($amount:tt)+) => { $crate::limits::row::amount!($($amount)+) };
}

/// The typed struct of one group of rows, and its two columns.
macro_rules! group {
    (
        $(#[$about:meta])* $group:ident
        $($(#[doc = $doc:literal])+ $variant:ident $name:ident ($field:ident, $own:ident: $ty:ident) {
            unit: $unit:ident, example: $example:literal,
            strict: [$($strict:tt)+], trusted: [$($trusted:tt)+], most: [$($most:tt)+],
            zero: $zero:literal, by: $by:literal, ends: $ends:ident($what:literal),
        })+
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $group {
            $($(#[doc = $doc])+ pub $own: $ty,)+
        }

        impl $group {
            /// What a stranger's code gets.
            pub const STRICT: Self =
                Self { $($own: $crate::limits::row::typed!($ty, $($strict)+),)+ };
            /// What code gets that the operator trusts.
            pub const TRUSTED: Self =
                Self { $($own: $crate::limits::row::typed!($ty, $($trusted)+),)+ };

            /// The defaults of a profile.
            pub fn of(profile: $crate::limits::Profile) -> Self {
                match profile {
                    $crate::limits::Profile::Strict => Self::STRICT,
                    $crate::limits::Profile::Trusted => Self::TRUSTED,
                }
            }

            /// These, but what was written where something was.
            pub fn with(&self, written: &Limits) -> Self {
                Self { $($own: written.$field.unwrap_or(self.$own),)+ }
            }

            /// Whether anything was written that [`Self::with`] would take.
            pub fn are_written(written: &Limits) -> bool {
                $(written.$field.is_some())||+
            }
        }

        impl Default for $group {
            fn default() -> Self {
                Self::STRICT
            }
        }
    };
}

/// The enum, the rows and the struct of what people write.
macro_rules! rows {
    ($(
        $scope:ident $(#[doc = $doc:literal])+ $variant:ident $name:ident ($field:ident, $own:ident: $ty:ident) {
            unit: $unit:ident, example: $example:literal,
            strict: [$($strict:tt)+], trusted: [$($trusted:tt)+], most: [$($most:tt)+],
            zero: $zero:literal, by: $by:literal, ends: $ends:ident($what:literal),
        }
    )+) => {
        /// Every limit there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Limit {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Limit {
            /// All of them, in the order in which they are written.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What the table says of it.
            pub fn row(self) -> &'static $crate::limits::Row {
                match self {
                    $(Self::$variant => {
                        const ROW: $crate::limits::Row = $crate::limits::Row {
                            limit: Limit::$variant,
                            name: stringify!($name),
                            doc: concat!($($doc),+).trim_ascii(),
                            unit: $crate::limits::Unit::$unit,
                            scope: $crate::limits::Scope::$scope,
                            strict: $crate::limits::row::column!($($strict)+),
                            trusted: $crate::limits::row::column!($($trusted)+),
                            most: $crate::limits::row::amount!($($most)+),
                            zero: $zero,
                            by: $by,
                            ends: $crate::limits::Ends::$ends($what),
                            example: $example,
                        };
                        &ROW
                    })+
                }
            }
        }

        /// The names of the limits, as they stand in YAML and behind `--limit`.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// The keys of the limits, for the table of keys.
        pub(crate) const FIELDS: &[$crate::fields::Field] = &[$($crate::fields::Field {
            key: stringify!($name),
            doc: concat!($($doc),+).trim_ascii(),
            shape: $crate::limits::Unit::$unit.shape($zero),
            required: false,
            default: concat!(
                $crate::limits::row::text!($($strict)+), " strict, ",
                $crate::limits::row::text!($($trusted)+), " trusted"
            ),
            example: $example,
        }),+];

        /// Bounds a person may write on a pipeline, a step or the command line. `None` is the
        /// default.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $field: Option<$ty>,)+
        }

        impl Limits {
            /// A limit as a number in its unit.
            pub fn get(&self, limit: Limit) -> Option<u64> {
                match limit {
                    $(Limit::$variant => self.$field.map($crate::limits::row::Raw::raw),)+
                }
            }

            /// Sets a limit to a number in its unit.
            pub fn put(&mut self, limit: Limit, value: Option<u64>) {
                match limit {
                    $(Limit::$variant => {
                        self.$field = value.map($crate::limits::row::Raw::of);
                    })+
                }
            }

            /// The tighter of both, limit by limit.
            pub fn min(&self, other: &Self) -> Self {
                Self {
                    $($field: $crate::limits::tighter(self.$field, other.$field),)+
                }
            }
        }
    };
}

/// A default's text.
macro_rules! text {
    (none) => {
        "none"
    };
    ($n:literal) => {
        stringify!($n)
    };
    ($n:literal $unit:ident) => {
        concat!(stringify!($n), stringify!($unit))
    };
}

/// Makes all types of the rows in their three groups.
macro_rules! table {
    (
        whole { $($(#[doc = $wd:literal])+ $wv:ident $wn:ident $wf:tt $wb:tt)+ }
        call { $($(#[doc = $cd:literal])+ $cv:ident $cn:ident $cf:tt $cb:tt)+ }
        shape { $($(#[doc = $sd:literal])+ $sv:ident $sn:ident $sf:tt $sb:tt)+ }
    ) => {
        $crate::limits::row::rows! {
            $(Whole $(#[doc = $wd])+ $wv $wn $wf $wb)+
            $(Call $(#[doc = $cd])+ $cv $cn $cf $cb)+
            $(Shape $(#[doc = $sd])+ $sv $sn $sf $sb)+
        }
        $crate::limits::row::group! {
            /// The bounds of a run as a whole. The greatest number where there is none.
            WholeLimits
            $($(#[doc = $wd])+ $wv $wn $wf $wb)+
        }
        $crate::limits::row::group! {
            /// The bounds of one call.
            CallLimits
            $($(#[doc = $cd])+ $cv $cn $cf $cb)+
        }
        $crate::limits::row::group! {
            /// The bounds of the form of a pipeline.
            ShapeLimits
            $($(#[doc = $sd])+ $sv $sn $sf $sb)+
        }
    };
}

pub(super) use {amount, column, group, rows, table, text, typed};
