//! The headers of a signed request, by the library of AWS.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use coldframe_ports::fetch::NoSecret;
use url::Url;
use zeroize::Zeroizing;

/// What is asked of Secrets Manager.
const TARGET: &str = "secretsmanager.GetSecretValue";
/// How it is said.
const CONTENT: &str = "application/x-amz-json-1.1";

/// All headers of a `POST` of `body`, signed as of now.
pub(crate) fn headers(
    endpoint: &Url,
    body: &str,
    region: &str,
    credentials: &Credentials,
) -> Result<Vec<(String, Zeroizing<String>)>, NoSecret> {
    // What went wrong would be said with the request.
    let failed = || NoSecret::new("the request to AWS cannot be signed", "look at the credentials");
    let identity = credentials.clone().into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("secretsmanager")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| failed())?
        .into();
    let own = [("content-type", CONTENT), ("x-amz-target", TARGET)];
    let signable = SignableBody::Bytes(body.as_bytes());
    let request = SignableRequest::new("POST", endpoint.as_str(), own.into_iter(), signable)
        .map_err(|_| failed())?;
    let (made, _) = sign(request, &params).map_err(|_| failed())?.into_parts();
    let pair = |(name, value): (&str, &str)| (name.to_owned(), Zeroizing::new(value.to_owned()));
    Ok(own.into_iter().map(pair).chain(made.headers().map(pair)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_for_its_server() {
        let endpoint: Url = "https://secretsmanager.eu-west-1.amazonaws.com".parse().unwrap();
        let token = Some("token".to_owned());
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", token, None, "test");
        let found = headers(&endpoint, "{}", "eu-west-1", &credentials).unwrap();
        let get = |name: &str| {
            let mut found = found.iter().filter(|(known, _)| known == name);
            found.next().map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let signature = get("authorization");
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signature}");
        assert!(signature.contains("/eu-west-1/secretsmanager/aws4_request, SignedHeaders="));
        assert!(
            signature.contains("content-type;host;x-amz-date;x-amz-security-token;x-amz-target")
        );
        assert_eq!(get("x-amz-security-token"), "token");
        assert_eq!(get("x-amz-date").len(), "20260101T000000Z".len());
        assert!(!format!("{found:?}").contains("\"secret\""));
    }
}
