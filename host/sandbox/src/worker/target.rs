//! A machine to compile for that is not this one: its triple, and what its processor can do.

use std::fmt;
use std::str::FromStr;

use coldframe_format::suggest;
use cranelift_codegen::isa;
use cranelift_codegen::settings::SettingKind;
use target_lexicon::Triple;

/// The machines there are to compile for. A build knows the processor it runs on, and others where
/// it was made so.
const TRIPLES: &[&str] = &[
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "riscv64gc-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// A triple and features of its processor, written `TRIPLE[+FEATURE]…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    triple: &'static str,
    /// As the compiler names them.
    features: Vec<&'static str>,
}

/// Why there is no such target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TargetError {
    message: String,
    help: String,
}

impl TargetError {
    /// The next step.
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl Target {
    /// The triple.
    pub fn triple(&self) -> &str {
        self.triple
    }

    /// What its processor can do beyond the least of its kind, as the compiler names it.
    pub fn features(&self) -> &[&'static str] {
        &self.features
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.triple)?;
        self.features.iter().try_for_each(|feature| write!(f, "+{feature}"))
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let mut parts = text.split('+');
        let wanted = parts.next().unwrap_or_default();
        let triple = TRIPLES.iter().copied().find(|known| *known == wanted);
        let triple = triple.ok_or_else(|| unknown("target", wanted, &built()))?;
        let known = known_features(triple)?;
        let features = parts
            .map(|wanted| {
                let found =
                    known.iter().copied().find(|known| *known == wanted || short(known) == wanted);
                found.ok_or_else(|| {
                    let names: Vec<String> =
                        known.iter().map(|known| short(known).to_owned()).collect();
                    unknown(&format!("feature of {triple}"), wanted, &names)
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { triple, features })
    }
}

/// The compiler says `has_avx2`, people say `avx2`.
fn short(feature: &str) -> &str {
    feature.strip_prefix("has_").unwrap_or(feature)
}

fn unknown(what: &str, wanted: &str, known: &[String]) -> TargetError {
    let wanted: String = wanted.chars().take(60).flat_map(char::escape_default).collect();
    let help = match suggest::closest(&wanted, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", suggest::list(known)),
    };
    TargetError { message: format!("unknown {what}: `{wanted}`"), help }
}

/// The triples whose processor this build compiles for.
fn built() -> Vec<String> {
    TRIPLES
        .iter()
        .filter(|triple| builder(triple).is_some())
        .map(|name| (*name).to_owned())
        .collect()
}

fn builder(triple: &str) -> Option<isa::Builder> {
    isa::lookup(triple.parse::<Triple>().ok()?).ok()
}

/// What the compiler can be told of a processor. Settings of another sort are ours to choose.
fn known_features(triple: &'static str) -> Result<Vec<&'static str>, TargetError> {
    let builder = builder(triple).ok_or_else(|| TargetError {
        message: format!("this build of coldframe does not compile for `{triple}`"),
        help: format!("it compiles for {}", suggest::list(&built())),
    })?;
    let of_processor = |kind: &SettingKind, name: &str| match kind {
        SettingKind::Bool => name.starts_with("has_"),
        SettingKind::Preset => true,
        _ => false,
    };
    let settings = builder.iter().filter(|setting| of_processor(&setting.kind, setting.name));
    Ok(settings.map(|setting| setting.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, (&str, &str)>) {
        let found = text.parse::<Target>();
        let found = found.as_ref().map(ToString::to_string);
        let found = found.as_deref().map_err(|error| (error.message.as_str(), error.help()));
        match (found, expected) {
            (Err((message, help)), Err((wanted, near))) => {
                assert_eq!(message, wanted);
                assert!(help.contains(near), "{help}");
            }
            (found, expected) => assert_eq!(found, expected),
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn targets() {
        check("x86_64-unknown-linux-gnu", Ok("x86_64-unknown-linux-gnu"));
        check(
            "x86_64-apple-darwin+avx2+has_bmi1+haswell",
            Ok("x86_64-apple-darwin+has_avx2+has_bmi1+haswell"),
        );
        let unknown = "unknown target: `x86_64-linux`";
        check("x86_64-linux", Err((unknown, "x86_64-unknown-linux-gnu")));
        check("", Err(("unknown target: ``", "x86_64-unknown-linux-gnu")));
        let unknown = "unknown feature of x86_64-unknown-linux-gnu: `avx22`";
        check("x86_64-unknown-linux-gnu+avx22", Err((unknown, "did you mean `avx")));
        let unknown = "unknown feature of x86_64-unknown-linux-gnu: ``";
        check("x86_64-unknown-linux-gnu+", Err((unknown, "there is")));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_processor_that_is_not_built_in() {
        let message = "this build of coldframe does not compile for `s390x-unknown-linux-gnu`";
        check("s390x-unknown-linux-gnu", Err((message, "it compiles for")));
    }
}
