//! Secrets of AWS Secrets Manager: one secret, or one field of one that is JSON.
//!
//! Who asks is in the environment or in the profile files, as for the tools of AWS. The signature is
//! made by a library of AWS; the one request goes out over our own client.

mod place;
mod profile;
mod sign;

use aws_credential_types::Credentials;
use coldframe_ports::fetch::{
    self, Json, NoSecret, Question, Reply, SecretServer, SecretServers, Stands,
};
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use place::Place;

/// How it is asked.
pub const SERVERS: SecretServers = SecretServers {
    example: "prod/api#key",
    check: |place| place.parse::<Place>().map(drop),
    open: |env| Ok(Box::new(Aws::new(env)?)),
    files: |env| profile::files(&env).into_iter().flatten().collect(),
};

/// Secrets Manager of one region, and who asks it.
struct Aws {
    region: String,
    endpoint: Url,
    credentials: Credentials,
}

impl SecretServer for Aws {
    fn read(&self, place: &str) -> Result<Zeroizing<String>, NoSecret> {
        let place = place.parse().map_err(|why| NoSecret::new(why, "look at its place"))?;
        self.find(&place)
    }
}

impl Aws {
    /// Secrets Manager as the environment and the profile files say. `env` reads the environment.
    fn new(env: impl Fn(&str) -> Option<String>) -> Result<Self, NoSecret> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let id = env("AWS_ACCESS_KEY_ID");
        let key = env("AWS_SECRET_ACCESS_KEY");
        let has_region = env("AWS_REGION").or_else(|| env("AWS_DEFAULT_REGION"));
        let (credentials, region) = match (id, key, has_region) {
            (Some(id), Some(key), Some(region)) => {
                (Credentials::new(id, key, env("AWS_SESSION_TOKEN"), None, "environment"), region)
            }
            (Some(_), None, _) | (None, Some(_), _) => {
                return Err(NoSecret::new(
                    "half of the credentials of AWS is in the environment",
                    "set both `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`",
                ));
            }
            (id, key, region) => {
                let profile = profile::read(&env)?;
                let credentials = match (id, key) {
                    (Some(id), Some(key)) => {
                        Credentials::new(id, key, env("AWS_SESSION_TOKEN"), None, "environment")
                    }
                    _ => profile.credentials()?,
                };
                (credentials, region.map_or_else(|| profile.region(), Ok)?)
            }
        };
        let endpoint = endpoint(&region, env)?;
        Ok(Self { region, endpoint, credentials })
    }

    /// The value of a secret.
    fn find(&self, place: &Place) -> Result<Zeroizing<String>, NoSecret> {
        let id = place.id();
        let body = json!({ "SecretId": id }).to_string();
        let headers = sign::headers(&self.endpoint, &body, &self.region, &self.credentials)?;
        let body = Some(Zeroizing::new(body));
        let question = Question { url: self.endpoint.clone(), headers, body };
        let reply = fetch::ask("AWS Secrets Manager", question)?;
        if reply.status != 200 {
            return Err(refused(id, &reply));
        }
        let no_answer = || {
            NoSecret::new(
                format!(
                    "what answers for `{id}` is not Secrets Manager: status 200 with something else"
                ),
                "look at `AWS_ENDPOINT_URL`",
            )
        };
        let mut json = reply.json().ok_or_else(no_answer)?;
        let value = match json.take(&["SecretString"]) {
            Stands::Text(value) => value,
            Stands::Other => return Err(no_answer()),
            Stands::Nothing if json.take(&["SecretBinary"]) != Stands::Nothing => {
                let help = "store it as a text";
                return Err(NoSecret::new(format!("`{id}` is bytes, not a text"), help));
            }
            Stands::Nothing => return Err(no_answer()),
        };
        let Some(field) = place.field() else { return Ok(value) };
        let mut json = Json::of(value.as_bytes()).ok_or_else(|| {
            let help = "leave out `#FIELD` to have all of it";
            NoSecret::new(format!("`{id}` is not JSON and has no field `{field}`"), help)
        })?;
        match json.take(&[field]) {
            Stands::Text(value) => Ok(value),
            Stands::Other => Err(NoSecret::new(
                format!("the field `{field}` of `{id}` is no text"),
                "store it as a text",
            )),
            Stands::Nothing => Err(NoSecret::new(
                format!("`{id}` has no field `{field}`"),
                "name one that is there, or leave out `#FIELD` to have all of it",
            )),
        }
    }
}

/// AWS says with a code what it refuses; those that we know are told in our own words.
fn refused(id: &str, reply: &Reply) -> NoSecret {
    let code = match reply.json().map(|mut json| json.take(&["__type"])) {
        Some(Stands::Text(code)) => code,
        _ => Zeroizing::default(),
    };
    let status = reply.status;
    let (what, help) = match code.rsplit(['#', '.']).next() {
        Some("ResourceNotFoundException") => {
            ("there is no such secret", "look at its name and at the region")
        }
        Some("AccessDeniedException") => {
            ("it is not allowed", "whoever asks needs `secretsmanager:GetSecretValue` for it")
        }
        Some(
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "InvalidClientTokenId"
            | "ExpiredTokenException"
            | "IncompleteSignature",
        ) => ("the credentials do not hold", "they may be wrong or have ended"),
        _ => ("it was refused", "look at the log of AWS"),
    };
    NoSecret::new(format!("AWS gave no `{id}`, {what}: status {status}"), help)
}

fn endpoint(region: &str, env: impl Fn(&str) -> Option<String>) -> Result<Url, NoSecret> {
    // The region becomes a part of a host's name.
    if region.len() > 40 || !region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(NoSecret::new("the region of AWS is none", "for example `eu-central-1`"));
    }
    let given = env("AWS_ENDPOINT_URL_SECRETS_MANAGER").or_else(|| env("AWS_ENDPOINT_URL"));
    let text = given.unwrap_or_else(|| {
        let end = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("https://secretsmanager.{region}.amazonaws.com{end}")
    });
    let is_plain = |url: &Url| {
        url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    text.parse().ok().filter(is_plain).ok_or_else(|| {
        let help = "for example `https://secretsmanager.eu-central-1.amazonaws.com`";
        NoSecret::new("`AWS_ENDPOINT_URL` is no address of a server", help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_server() {
        let none = |_: &str| None;
        for (region, expected) in [
            ("eu-central-1", "https://secretsmanager.eu-central-1.amazonaws.com/"),
            ("cn-north-1", "https://secretsmanager.cn-north-1.amazonaws.com.cn/"),
        ] {
            assert_eq!(endpoint(region, none).unwrap().as_str(), expected);
        }
        for region in ["evil.test/", "a b", "eu#", &"a".repeat(41)] {
            assert!(endpoint(region, none).is_err(), "{region}");
        }
        for url in ["nothing", "https://u:p@a.test", "https://a.test/?q", "data:x"] {
            assert!(endpoint("eu-central-1", |_| Some(url.to_owned())).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_not_said_is_named() {
        let with = |set: &'static [&'static str]| {
            move |name: &str| set.contains(&name).then(|| "canary-canary".to_owned())
        };
        for (set, expected) in [
            (["AWS_ACCESS_KEY_ID"].as_slice(), "half of the credentials"),
            (&["AWS_SECRET_ACCESS_KEY", "AWS_REGION"], "half of the credentials"),
            (&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "no region"),
            (&["AWS_REGION"], "no credentials"),
            (&[], "no credentials"),
        ] {
            let error = Aws::new(with(set)).err().unwrap();
            assert!(error.why.contains(expected), "{set:?}: {error:?}");
            assert!(!error.why.contains("canary"), "{error:?}");
        }
    }
}
