//! A Secrets Manager, which speaks JSON 1.1 and looks at signatures.

use super::{Answer, Asked, Fake, Place, VALUE};

const KEY: &str = "canary-4417-access-key";
const SESSION: &str = "canary-4417-session";

/// Says what is wrong with the signature, but not whether it is right: for that the library of AWS
/// answers.
fn unsigned(asked: &Asked) -> Option<&'static str> {
    let signature = asked.header("authorization");
    let parts = signature.strip_prefix("AWS4-HMAC-SHA256 ").map(|rest| rest.split(", "));
    let mut parts = parts?;
    let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
    let (Some(scope), Some(headers), Some(signature)) =
        (part("Credential"), part("SignedHeaders"), part("Signature"))
    else {
        return Some("a part of the signature is not there");
    };
    let date = asked.header("x-amz-date");
    let day = date.get(..8).unwrap_or_default();
    let is_date =
        date.len() == 16 && date.ends_with('Z') && day.bytes().all(|b| b.is_ascii_digit());
    if !is_date || scope != format!("AKIATEST/{day}/eu-central-1/secretsmanager/aws4_request") {
        return Some("the scope is another");
    }
    if signature.len() != 64 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some("the signature is none");
    }
    let signed: Vec<&str> = headers.split(';').collect();
    let mut wanted = vec!["content-type", "host", "x-amz-date", "x-amz-target"];
    if !asked.header("x-amz-security-token").is_empty() {
        wanted.push("x-amz-security-token");
    }
    (!wanted.iter().all(|name| signed.contains(name))).then_some("a header is not signed")
}

fn answer(asked: &Asked) -> Answer {
    let fails = |status, kind: &str| {
        // What it says besides is as bad as it can be.
        let message = format!("{VALUE} {KEY}");
        Answer::Says(status, format!(r#"{{"__type":"{kind}","Message":"{message}"}}"#))
    };
    let is_right = asked.method == "POST"
        && asked.path == "/"
        && asked.header("content-type") == "application/x-amz-json-1.1"
        && asked.header("x-amz-target") == "secretsmanager.GetSecretValue";
    if !is_right {
        return fails(400, "UnknownOperationException");
    }
    if asked.header("authorization").is_empty() || unsigned(asked).is_some() {
        return fails(400, "IncompleteSignature");
    }
    if !["", SESSION].contains(&asked.header("x-amz-security-token")) {
        return fails(400, "UnrecognizedClientException");
    }
    let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let text = |text: &str| {
        let body = serde_json::json!({ "Name": "n", "VersionId": "v", "SecretString": text });
        Answer::Says(200, body.to_string())
    };
    match body.get("SecretId").and_then(|id| id.as_str()).unwrap_or_default() {
        "prod/plain" => text(VALUE),
        "prod/api" | "arn:aws:secretsmanager:eu-central-1:1:secret:prod/api-a1B2c3" => {
            text(&format!(r#"{{"key":"{VALUE}","number":7}}"#))
        }
        "prod/bytes" => Answer::Says(200, r#"{"Name":"n","SecretBinary":"AAAA"}"#.to_owned()),
        "prod/shut" => fails(400, "AccessDeniedException"),
        "prod/old" => fails(400, "com.amazon.coral.service#ExpiredTokenException"),
        "prod/broken" => fails(500, "InternalServiceError"),
        "prod/html" => Answer::Says(200, format!("<p>{VALUE}</p>")),
        "prod/other" => Answer::Says(200, "{}".to_owned()),
        "prod/moved" => Answer::MovesTo(format!("http://{}/", asked.header("host"))),
        "prod/huge" => Answer::Pours,
        "prod/slow" => Answer::Drips,
        _ => fails(400, "ResourceNotFoundException"),
    }
}

fn place(aws: &Fake) -> Result<Place, String> {
    Place::new(format!("AWS_ENDPOINT_URL=http://127.0.0.1:{}", aws.port))
}

/// What comes at once.
pub(super) fn all() -> Result<(), String> {
    let aws = Fake::start(answer)?;
    let place = place(&aws)?;
    let keys = format!("AWS_ACCESS_KEY_ID=AKIATEST AWS_SECRET_ACCESS_KEY={KEY}");
    let all = format!("{keys} AWS_REGION=eu-central-1");
    let write = |name: &str, text: &str| {
        std::fs::write(place.world.work().join(name), text).map_err(|e| e.to_string())
    };
    write(
        "credentials",
        &format!(
            "[default]\naws_access_key_id = nobody\naws_secret_access_key = nobody\n[team]\n\
             aws_access_key_id = AKIATEST\naws_secret_access_key = {KEY}\naws_session_token = {SESSION}\n"
        ),
    )?;
    write("config", "[profile team]\nregion = eu-central-1\ns3 =\n  region = none\n")?;
    let files = "AWS_SHARED_CREDENTIALS_FILE=credentials AWS_CONFIG_FILE=config";
    let own = format!(
        "{all} AWS_ENDPOINT_URL=http://aws.invalid AWS_ENDPOINT_URL_SECRETS_MANAGER=http://127.0.0.1:{}",
        aws.port
    );
    let in_session = format!("{all} AWS_SESSION_TOKEN={SESSION} COLDFRAME_LOG=trace");
    for (env, source) in [
        (all.as_str(), "aws:prod/plain"),
        (&all, "aws:prod/api#key"),
        (&all, "aws:arn:aws:secretsmanager:eu-central-1:1:secret:prod/api-a1B2c3#key"),
        (&in_session, "aws:prod/api#key"),
        (&own, "aws:prod/plain"),
        (&format!("{files} AWS_PROFILE=team"), "aws:prod/api#key"),
        (&format!("{keys} AWS_CONFIG_FILE=config AWS_PROFILE=team"), "aws:prod/plain"),
    ] {
        place.gives(env, source)?;
        let asked = aws.taken();
        if asked.len() != 1 {
            return Err(format!("{source}: AWS was asked {asked:?}"));
        }
    }
    place.closes(&format!("{files} AWS_PROFILE=team"), "aws:prod/plain", "credentials")?;
    aws.taken();
    for (env, source, why) in [
        (
            all.as_str(),
            "aws:prod/none",
            "AWS gave no `prod/none`, there is no such secret: status 400",
        ),
        (&all, "aws:prod/api#kye", "`prod/api` has no field `kye`"),
        (&all, "aws:prod/api#number", "is no text"),
        (&all, "aws:prod/plain#key", "is not JSON"),
        (&all, "aws:prod/bytes", "is bytes"),
        (&all, "aws:prod/shut", "it is not allowed: status 400"),
        (&all, "aws:prod/old", "the credentials do not hold: status 400"),
        (&all, "aws:prod/broken", "it was refused: status 500"),
        (&all, "aws:prod/html", "is not Secrets Manager"),
        (&all, "aws:prod/other", "is not Secrets Manager"),
        (&all, "aws:prod/moved", "status 307"),
        (&all, "aws:prod/huge", "answered more than 1024 KiB"),
        (&format!("{all} AWS_SESSION_TOKEN=canary-4417-wrong"), "aws:prod/plain", "do not hold"),
        (&keys, "aws:prod/plain", "there is no region"),
        ("AWS_REGION=eu-central-1", "aws:prod/plain", "no credentials of AWS"),
        ("AWS_ACCESS_KEY_ID=AKIATEST", "aws:prod/plain", "half of the credentials"),
        (&format!("{files} AWS_PROFILE=none"), "aws:prod/plain", "no credentials of AWS"),
        (&format!("{keys} AWS_REGION=evil.test/"), "aws:prod/plain", "region of AWS is none"),
        (&format!("{all} AWS_ENDPOINT_URL=http://aws.invalid"), "aws:prod/plain", "without TLS"),
        (&all, "aws:", "it names no secret"),
        (&all, "aws:prod api", "characters"),
        (&all, "aws:prod/api#", "no field"),
    ] {
        place.refuses(env, source, why)?;
        let asked = aws.taken().len();
        if asked > 1 {
            return Err(format!("{source}: AWS was asked {asked} times"));
        }
    }
    std::fs::remove_file(place.world.work().join("credentials")).map_err(|e| e.to_string())?;
    let place = Place { env: format!("{} {all}", place.env), ..place };
    place.runs("aws:prod/api#key", "aws:prod/none")
}

/// What never ends.
pub(super) fn late() -> Result<(), String> {
    let aws = Fake::start(answer)?;
    let place = place(&aws)?;
    let env =
        format!("AWS_ACCESS_KEY_ID=AKIATEST AWS_SECRET_ACCESS_KEY={KEY} AWS_REGION=eu-central-1");
    place.refuses(&env, "aws:prod/slow", "gave no answer within 10 s")
}
