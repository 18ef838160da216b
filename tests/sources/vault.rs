//! A Vault: KV of version 2, and roles that log in.

use super::{Answer, Asked, Fake, Place, VALUE};

const TOKEN: &str = "hvs.canary-4417-token";
/// What a role is given.
const LENT: &str = "hvs.canary-4417-lent";
const ROLE: &str = "VAULT_ROLE_ID=canary-4417-role VAULT_SECRET_ID=canary-4417-secret-id";

fn answer(asked: &Asked) -> Answer {
    let says = |status, text: String| Answer::Says(status, text);
    if asked.header("x-vault-request") != "true" {
        return says(400, "who asks?".to_owned());
    }
    let (method, path) = (asked.method.as_str(), asked.path.as_str());
    if (method, path) == ("POST", "/v1/auth/approle/login") {
        let right = r#"{"role_id":"canary-4417-role","secret_id":"canary-4417-secret-id"}"#;
        return match asked.body == right {
            true => {
                says(200, format!(r#"{{"auth":{{"client_token":"{LENT}","renewable":true}}}}"#))
            }
            false => says(400, format!(r#"{{"errors":["no role {}"]}}"#, asked.body)),
        };
    }
    let token = asked.header("x-vault-token");
    if ![TOKEN, LENT].contains(&token) {
        return says(403, format!(r#"{{"errors":["permission denied for {token}"]}}"#));
    }
    if (method, path) == ("POST", "/v1/auth/token/revoke-self") {
        return says(204, String::new());
    }
    let entry = |data: &str| {
        format!(r#"{{"request_id":"r","data":{{"data":{data},"metadata":{{"version":3}}}}}}"#)
    };
    match (method, path) {
        ("GET", "/v1/secret/data/team/api") => says(
            200,
            entry(&format!(r#"{{"key":"{VALUE}","number":7,"odd key":"{VALUE}","empty":null}}"#)),
        ),
        // What is special in a path is encoded.
        ("GET", "/v1/secret/data/a%20b%3F") => says(200, entry(&format!(r#"{{"k":"{VALUE}"}}"#))),
        ("GET", "/v1/secret/data/none") => says(404, r#"{"errors":[]}"#.to_owned()),
        ("GET", "/v1/secret/data/shut") => says(403, format!(r#"{{"errors":["{token}"]}}"#)),
        ("GET", "/v1/secret/data/broken") => says(500, format!("{token} {VALUE}")),
        ("GET", "/v1/secret/data/html") => says(200, format!("<p>{token} {VALUE}</p>")),
        ("GET", "/v1/secret/data/version-one") => {
            says(200, format!(r#"{{"data":{{"key":"{VALUE}"}}}}"#))
        }
        ("GET", "/v1/secret/data/short") => says(200, entry(r#"{"key":"short"}"#)),
        ("GET", "/v1/secret/data/deep") => says(200, "[".repeat(100_000)),
        ("GET", "/v1/secret/data/moved") => {
            Answer::MovesTo(format!("http://{}/v1/secret/data/team/api", asked.header("host")))
        }
        ("GET", "/v1/secret/data/huge") => Answer::Pours,
        ("GET", "/v1/secret/data/silent") => Answer::IsSilent,
        _ => says(405, String::new()),
    }
}

fn place(vault: &Fake) -> Result<Place, String> {
    Place::new(format!("VAULT_ADDR=http://127.0.0.1:{}", vault.port))
}

/// What comes at once.
pub(super) fn all() -> Result<(), String> {
    let vault = Fake::start(answer)?;
    let place = place(&vault)?;
    let token = format!("VAULT_TOKEN={TOKEN}");
    let file = "VAULT_TOKEN_FILE=token.txt";
    std::fs::write(place.world.work().join("token.txt"), format!("{TOKEN}\n"))
        .map_err(|e| e.to_string())?;
    for (env, source) in [
        (token.as_str(), "vault:secret/team/api#key"),
        (&token, "vault:secret/team/api#odd key"),
        (&token, "vault:secret/a b?#k"),
        (file, "vault:secret/team/api#key"),
        (&format!("{token} COLDFRAME_LOG=trace"), "vault:secret/team/api#key"),
    ] {
        place.gives(env, source)?;
        let asked = vault.taken();
        if asked.len() != 1
            || asked.iter().any(|asked| !asked.header("x-vault-namespace").is_empty())
        {
            return Err(format!("{source}: Vault was asked {asked:?}"));
        }
    }
    place.closes(file, "vault:secret/team/api#key", "token.txt")?;
    vault.taken();
    // A role logs in, reads, and gives its token back.
    place.gives(
        &format!("{ROLE} VAULT_NAMESPACE=team COLDFRAME_LOG=trace"),
        "vault:secret/team/api#key",
    )?;
    let asked = vault.taken();
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    let expected =
        ["/v1/auth/approle/login", "/v1/secret/data/team/api", "/v1/auth/token/revoke-self"];
    if paths != expected || asked.iter().any(|asked| asked.header("x-vault-namespace") != "team") {
        return Err(format!("Vault was asked {asked:?}"));
    }
    for (env, source, why) in [
        (token.as_str(), "vault:secret/none#key", "Vault has no `secret/none`: status 404"),
        (&token, "vault:secret/team/api#kye", "`secret/team/api` has no field `kye`"),
        (&token, "vault:secret/team/api#empty", "has no field `empty`"),
        (&token, "vault:secret/team/api#number", "is no text"),
        (&token, "vault:secret/shut#key", "does not let us read `secret/shut`: status 403"),
        (&token, "vault:secret/broken#key", "status 500"),
        (&token, "vault:secret/html#key", "is not Vault"),
        (&token, "vault:secret/version-one#key", "has no field `key`"),
        (&token, "vault:secret/deep#key", "is not Vault"),
        (&token, "vault:secret/moved#key", "status 307"),
        (&token, "vault:secret/huge#key", "answered more than 1024 KiB"),
        ("VAULT_TOKEN=canary-4417-wrong", "vault:secret/team/api#key", "status 403"),
        (
            "VAULT_ROLE_ID=canary-4417-x VAULT_SECRET_ID=canary-4417-y",
            "vault:secret/a#k",
            "log in the role: status 400",
        ),
        ("", "vault:secret/team/api#key", "nothing says who asks"),
        (&token, "vault:secret/team/api", "it has no `#FIELD`"),
        (&token, "vault:secret/../sys#key", "`..`"),
        (&token, "vault:", "it has no `#FIELD`"),
        (&format!("{token} VAULT_ADDR=http://vault.invalid"), "vault:secret/a#k", "without TLS"),
        (&format!("{token} VAULT_ADDR="), "vault:secret/a#k", "`VAULT_ADDR` is not set"),
        (&format!("{token} VAULT_ADDR=http://127.0.0.1:1"), "vault:secret/a#k", "was not heard"),
    ] {
        place.refuses(env, source, why)?;
        let asked = vault.taken().len();
        if asked > 1 {
            return Err(format!("{source}: Vault was asked {asked} times"));
        }
    }
    // A value that no header can carry is not repeated.
    let (code, text) = place.call(&token, "vault:secret/short#key")?;
    if code != Some(2) || !text.contains("less than 8 bytes") {
        return Err(format!("{code:?}: {text}"));
    }
    std::fs::remove_file(place.world.work().join("token.txt")).map_err(|e| e.to_string())?;
    let place = Place { env: format!("{} {token}", place.env), ..place };
    place.runs("vault:secret/team/api#key", "vault:secret/none#key")
}

/// What does not come.
pub(super) fn late() -> Result<(), String> {
    let vault = Fake::start(answer)?;
    let place = place(&vault)?;
    let token = format!("VAULT_TOKEN={TOKEN}");
    place.refuses(&token, "vault:secret/silent#key", "gave no answer within 10 s")
}
