//! The profile files of AWS: `~/.aws/credentials` and `~/.aws/config`.
//!
//! Only what is written there in plain text is read: keys and a region. Profiles that lead elsewhere
//! (roles, single sign-on, programs that are run) are not followed.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use coldframe_ports::fetch::NoSecret;
use zeroize::Zeroizing;

/// The longest file, bytes.
const BYTES_MAX: u64 = 1 << 20;

/// What one profile says.
#[derive(Default)]
pub(crate) struct Profile(BTreeMap<String, Zeroizing<String>>);

/// Where the credentials and the settings are.
pub(crate) fn files(env: &impl Fn(&str) -> Option<String>) -> [Option<PathBuf>; 2] {
    let env = |name: &str| env(name).filter(|value| !value.is_empty());
    let at = |variable: &str, name: &str| {
        let home = || Some(PathBuf::from(env("HOME")?).join(".aws").join(name));
        env(variable).map(PathBuf::from).or_else(home)
    };
    [at("AWS_SHARED_CREDENTIALS_FILE", "credentials"), at("AWS_CONFIG_FILE", "config")]
}

/// Reads the profile of `AWS_PROFILE`, or the one that is called `default`. What stands among the
/// credentials goes before what stands among the settings.
pub(crate) fn read(env: &impl Fn(&str) -> Option<String>) -> Result<Profile, NoSecret> {
    let name = env("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    let [credentials, config] = files(env);
    let mut profile = Profile::default();
    if let Some(path) = config {
        let named = format!("profile {name}");
        let is_it = |head: &str| head == named || name == "default" && head == "default";
        profile.0.extend(section(&text(&path)?, is_it));
    }
    if let Some(path) = credentials {
        profile.0.extend(section(&text(&path)?, |head| head == name));
    }
    Ok(profile)
}

/// A file that is not there is empty.
fn text(path: &Path) -> Result<Zeroizing<String>, NoSecret> {
    let failed = |why: String| {
        let why = format!("failed to read {}: {why}", path.display());
        NoSecret::new(why, "it is a profile file of AWS")
    };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Zeroizing::default());
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    let mut text = Zeroizing::new(String::new());
    let read = file.take(BYTES_MAX + 1).read_to_string(&mut text);
    match read {
        Ok(read) if read as u64 > BYTES_MAX => Err(failed("it has more than 1 MiB".to_owned())),
        Ok(_) => Ok(text),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The lines of a section. What is indented belongs to a line before it and is none of ours.
fn section(text: &str, is_it: impl Fn(&str) -> bool) -> BTreeMap<String, Zeroizing<String>> {
    let mut found = BTreeMap::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with([' ', '\t', '#', ';']) || line.is_empty() {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let head = rest.split(']').next().unwrap_or_default();
            let head: Vec<&str> = head.split_whitespace().collect();
            inside = is_it(&head.join(" "));
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
            let value = Zeroizing::new(value.trim().to_owned());
            found.insert(key.trim().to_ascii_lowercase(), value);
        }
    }
    found
}

impl Profile {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The keys.
    pub(crate) fn credentials(&self) -> Result<Credentials, NoSecret> {
        let (id, key) = (self.get("aws_access_key_id"), self.get("aws_secret_access_key"));
        let (Some(id), Some(key)) = (id, key) else {
            return Err(NoSecret::new(
                "there are no credentials of AWS in the environment or the profile",
                "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE` to a profile with keys",
            ));
        };
        let token = self.get("aws_session_token").map(str::to_owned);
        Ok(Credentials::new(id, key, token, None, "profile"))
    }

    /// The region.
    pub(crate) fn region(&self) -> Result<String, NoSecret> {
        self.get("region").map(str::to_owned).ok_or_else(|| {
            NoSecret::new("there is no region of AWS", "set `AWS_REGION`, for example eu-central-1")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# keys of nobody
[default]
aws_access_key_id = AKIA1
aws_secret_access_key=secret=with=equals
region = eu-west-1
s3 =
  region = us-east-1

[profile  other]
region=eu-central-1
REGION2 = x
";

    #[test]
    fn a_section_is_read_and_no_other() {
        let found = section(TEXT, |head| head == "default");
        let get = |key: &str| found.get(key).map(|value| value.as_str());
        assert_eq!(get("aws_secret_access_key"), Some("secret=with=equals"));
        assert_eq!(get("region"), Some("eu-west-1"));
        let other = section(TEXT, |head| head == "profile other");
        assert_eq!(other.keys().collect::<Vec<_>>(), ["region", "region2"]);
        assert!(section(TEXT, |head| head == "none").is_empty());
        assert!(section("[[[[=\n]=\n=", |_| true).contains_key(""));
    }
}
