//! Secrets of HashiCorp Vault: one field of one entry of a KV store of version 2.
//!
//! Where Vault is and who asks is in the environment, as for Vault's own command: `VAULT_ADDR`, and
//! `VAULT_TOKEN`, or `VAULT_TOKEN_FILE`, or `VAULT_ROLE_ID` with `VAULT_SECRET_ID`. A token that a role
//! is given for this is taken back at the end.

mod place;

use std::path::{Path, PathBuf};

use coldframe_ports::fetch::{
    self, NoSecret, Question, Reply, SecretServer, SecretServers, Stands,
};
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use place::Place;

/// How it is asked.
pub const SERVERS: SecretServers = SecretServers {
    example: "secret/team/api#key",
    check: |place| place.parse::<Place>().map(drop),
    open: |env| Ok(Box::new(Vault::new(env)?)),
    files: |env| token_file(env).into_iter().collect(),
};

/// Vault, and who asks it.
struct Vault {
    address: Url,
    namespace: Option<String>,
    token: Zeroizing<String>,
    /// The token was made for us.
    is_lent: bool,
}

/// The variable with the path of a file that holds the token.
const TOKEN_FILE: &str = "VAULT_TOKEN_FILE";

/// The file that a token is read from, which is for nobody else.
fn token_file(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    env(TOKEN_FILE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

impl SecretServer for Vault {
    fn read(&self, place: &str) -> Result<Zeroizing<String>, NoSecret> {
        let place = place.parse().map_err(|why| NoSecret::new(why, "look at its place"))?;
        self.find(&place)
    }
}

impl Vault {
    /// Vault as the environment says, which `env` reads. A role logs in here.
    fn new(env: impl Fn(&str) -> Option<String>) -> Result<Self, NoSecret> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let address = env("VAULT_ADDR").ok_or_else(|| {
            NoSecret::new(
                "the variable `VAULT_ADDR` is not set",
                "set it to the address of Vault: `https://vault.example.com:8200`",
            )
        })?;
        let unfit = || {
            let help = "for example `https://vault.example.com:8200`";
            NoSecret::new("`VAULT_ADDR` is no address of a server", help)
        };
        let address: Url = address.parse().map_err(|_| unfit())?;
        let is_plain = address.username().is_empty()
            && address.password().is_none()
            && address.query().is_none()
            && address.fragment().is_none();
        if !is_plain || address.host().is_none() {
            return Err(unfit());
        }
        let mut vault = Self {
            address,
            namespace: env("VAULT_NAMESPACE"),
            token: Zeroizing::default(),
            is_lent: false,
        };
        let token = env("VAULT_TOKEN").map(Zeroizing::new);
        let role = (env("VAULT_ROLE_ID"), env("VAULT_SECRET_ID").map(Zeroizing::new));
        vault.token = match (token, token_file(env), role) {
            (Some(token), ..) => token,
            (None, Some(path), _) => from_file(&path)?,
            (None, None, (Some(role), Some(secret))) => {
                vault.is_lent = true;
                vault.log_in(&role, &secret)?
            }
            _ => {
                return Err(NoSecret::new(
                    "nothing says who asks Vault",
                    "set `VAULT_TOKEN`, `VAULT_TOKEN_FILE`, or `VAULT_ROLE_ID` and `VAULT_SECRET_ID`",
                ));
            }
        };
        Ok(vault)
    }

    /// The value of one field.
    fn find(&self, place: &Place) -> Result<Zeroizing<String>, NoSecret> {
        let path = place.segments();
        let reply = self.ask(&path, None)?;
        let shown = place.shown();
        match reply.status {
            200 => {}
            404 => {
                return Err(NoSecret::new(
                    format!("Vault has no `{shown}`: status 404"),
                    "it is MOUNT/PATH of a KV store of version 2, and what was deleted is not there",
                ));
            }
            403 => {
                return Err(NoSecret::new(
                    format!("Vault does not let us read `{shown}`: status 403"),
                    "the token may have ended, or its policy lacks `read` for MOUNT/data/PATH",
                ));
            }
            status => {
                return Err(NoSecret::new(
                    format!("Vault gave no `{shown}`: status {status}"),
                    "look at the log of Vault",
                ));
            }
        }
        let mut json = reply.json().ok_or_else(|| no_answer(&shown))?;
        match json.take(&["data", "data", place.field()]) {
            Stands::Text(value) => Ok(value),
            Stands::Other => Err(NoSecret::new(
                format!("the field `{}` of `{shown}` is no text", place.field()),
                "write it into Vault as a text",
            )),
            Stands::Nothing => Err(NoSecret::new(
                format!("`{shown}` has no field `{}`", place.field()),
                "name one that is there: `vault kv get` lists them",
            )),
        }
    }

    fn log_in(&self, role: &str, secret: &str) -> Result<Zeroizing<String>, NoSecret> {
        let body = json!({ "role_id": role, "secret_id": secret }).to_string();
        let reply = self.ask(&["auth", "approle", "login"], Some(Zeroizing::new(body)))?;
        if reply.status != 200 {
            return Err(NoSecret::new(
                format!("Vault does not log in the role: status {}", reply.status),
                "`VAULT_ROLE_ID` and `VAULT_SECRET_ID` are of the method at `auth/approle`",
            ));
        }
        let place = "auth/approle/login";
        let mut json = reply.json().ok_or_else(|| no_answer(place))?;
        match json.take(&["auth", "client_token"]) {
            Stands::Text(token) => Ok(token),
            Stands::Other | Stands::Nothing => Err(no_answer(place)),
        }
    }

    fn ask(&self, path: &[&str], body: Option<Zeroizing<String>>) -> Result<Reply, NoSecret> {
        let mut url = self.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        let mut headers = vec![("x-vault-request".to_owned(), Zeroizing::new("true".to_owned()))];
        if !self.token.is_empty() {
            headers.push(("x-vault-token".to_owned(), self.token.clone()));
        }
        if let Some(namespace) = &self.namespace {
            headers.push(("x-vault-namespace".to_owned(), Zeroizing::new(namespace.clone())));
        }
        fetch::ask("the Vault of `VAULT_ADDR`", Question { url, headers, body })
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        if self.is_lent && !self.token.is_empty() {
            // It ends by itself where this does not arrive.
            let nothing = Some(Zeroizing::default());
            let _ = self.ask(&["auth", "token", "revoke-self"], nothing);
        }
    }
}

fn no_answer(shown: &str) -> NoSecret {
    NoSecret::new(
        format!("what answers for `{shown}` is not Vault: status 200 with something else"),
        "`VAULT_ADDR` is the address of Vault itself, and the store is KV of version 2",
    )
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, NoSecret> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            Ok(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned()))
        }
        Err(error) => Err(NoSecret::new(
            format!("failed to read {} of `{TOKEN_FILE}`: {error}", path.display()),
            "it holds a token and nothing else",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(env: &[(&str, &str)], expected: &str) {
        let env = |name: &str| {
            let mut found = env.iter().filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        let error = Vault::new(env).err().unwrap();
        assert!(error.why.contains(expected), "expected {expected:?}, found {error:?}");
        assert!(!format!("{error:?}").contains("hvs."), "{error:?}");
    }

    #[test]
    fn what_is_not_said_is_named() {
        let address = ("VAULT_ADDR", "http://127.0.0.1:1");
        check(&[("VAULT_TOKEN", "hvs.token")], "`VAULT_ADDR` is not set");
        check(&[address], "nothing says who asks");
        check(&[address, ("VAULT_TOKEN", "")], "nothing says who asks");
        check(&[address, ("VAULT_ROLE_ID", "hvs.role")], "nothing says who asks");
        check(&[address, (TOKEN_FILE, "/not/there")], "failed to read /not/there");
        for address in
            ["vault", "https://u:hvs.pass@vault.test", "https://vault.test/?a", "unix:/a"]
        {
            let token = ("VAULT_TOKEN", "hvs.token");
            check(&[("VAULT_ADDR", address), token], "no address of a server");
        }
        let role = [("VAULT_ROLE_ID", "hvs.role"), ("VAULT_SECRET_ID", "hvs.secret")];
        let [id, secret] = role;
        check(&[("VAULT_ADDR", "http://vault.test"), id, secret], "without TLS");
    }
}
