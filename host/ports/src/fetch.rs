//! One question to a server of the operator, before anything runs: where secrets are kept.
//!
//! Nothing of a guest is in it, so it goes wherever the operator says, also to private addresses. It
//! is bounded in time and bytes, follows no redirection, asks no proxy, and sends nothing in clear
//! text but to this machine. What is asked and answered is in no error and no log.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde_json::Value;
use url::{Host, Url};
use zeroize::{Zeroize as _, Zeroizing};

use crate::http::chain;

/// The longest that one question may take, from the name to the last byte.
const TIME_MAX: Duration = Duration::from_secs(10);
/// The longest answer, bytes.
const BYTES_MAX: usize = 1 << 20;

/// What is asked.
#[derive(Debug)]
pub struct Question {
    /// Where.
    pub url: Url,
    /// Names and values. No value is ever shown.
    pub headers: Vec<(String, Zeroizing<String>)>,
    /// What is posted; without it the question is a `GET`.
    pub body: Option<Zeroizing<String>>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    body: Zeroizing<Vec<u8>>,
}

/// A place that gives no secret. Neither text has anything in it that was sent or received, but for
/// the status of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NoSecret {
    /// What was looked at and found.
    pub why: String,
    /// The next step.
    pub help: &'static str,
}

impl NoSecret {
    /// A reason with its next step.
    pub fn new(why: impl Into<String>, help: &'static str) -> Self {
        Self { why: why.into(), help }
    }
}

/// Reads a variable of the environment.
pub type Env = fn(&str) -> Option<String>;

/// How servers of one kind are asked for secrets.
#[derive(Debug, Clone, Copy)]
pub struct SecretServers {
    /// A place on one.
    pub example: &'static str,
    /// Says what is wrong with the text of a place.
    pub check: fn(&str) -> Result<(), &'static str>,
    /// Finds the server that the environment names, and what opens it.
    pub open: fn(Env) -> Result<Box<dyn SecretServer>, NoSecret>,
    /// The files that what opens it is read from.
    pub files: fn(Env) -> Vec<PathBuf>,
}

/// The longest text of a place, bytes.
const PLACE_BYTES_MAX: usize = 1024;

/// Says what is wrong with a text that can be no place on any server.
pub fn is_place(text: &str) -> Result<(), &'static str> {
    if text.len() > PLACE_BYTES_MAX {
        return Err("it has more than 1024 bytes");
    }
    if text.chars().any(char::is_control) {
        return Err("it has control characters");
    }
    Ok(())
}

/// A server with secrets, open to us.
pub trait SecretServer {
    /// The value at a place.
    fn read(&self, place: &str) -> Result<Zeroizing<String>, NoSecret>;
}

/// Asks a server. `of` says what it is, for messages: `the server of VAULT_ADDR`.
pub fn ask(of: &str, question: Question) -> Result<Reply, NoSecret> {
    let wrong = |why: &str| NoSecret::new(format!("{of} {why}"), "look at its address and log");
    if question.url.scheme() != "https" && !is_this_machine(&question.url) {
        return Err(NoSecret::new(
            format!("{of} is reached without TLS"),
            "say `https://`; `http://` is for this machine only",
        ));
    }
    // A thread of its own, for whoever asks may be inside of a runtime already.
    let asked = std::thread::scope(|scope| scope.spawn(|| wait(question)).join());
    match asked {
        Ok(answer) => answer.map_err(|why| wrong(&why)),
        Err(_) => Err(wrong("was not asked: the question broke off")),
    }
}

/// Whether what is sent leaves this machine. Names may lead anywhere, but for the one reserved.
fn is_this_machine(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        }
}

fn wait(question: Question) -> Result<Reply, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("was not asked: {error}"))?;
    let answer = runtime.block_on(async {
        tokio::time::timeout(TIME_MAX, send(question))
            .await
            .map_err(|_| format!("gave no answer within {} s", TIME_MAX.as_secs()))?
    });
    // A resolver that is still busy is not waited for.
    runtime.shutdown_background();
    answer
}

async fn send(question: Question) -> Result<Reply, String> {
    let failed = |error: &reqwest::Error| format!("was not heard: {}", chain(error));
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .build()
        .map_err(|error| failed(&error))?;
    let method = if question.body.is_some() { Method::POST } else { Method::GET };
    let mut request = client.request(method, question.url);
    for (name, value) in &question.headers {
        let unfit = || format!("was not asked: what goes into `{name}` is no header");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| unfit())?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    if let Some(body) = question.body {
        request = request.body(body.as_bytes().to_vec());
    }
    let mut response = request.send().await.map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    let mut body = Zeroizing::new(Vec::new());
    while let Some(piece) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + piece.len() > BYTES_MAX {
            return Err(format!("answered more than {} KiB", BYTES_MAX >> 10));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Reply { status, body })
}

impl Reply {
    /// The answer, where it is JSON.
    pub fn json(&self) -> Option<Json> {
        Json::of(&self.body)
    }
}

/// An answer with secrets in it, which are gone from memory with it.
pub struct Json(Value);

/// What stands at a place of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Stands {
    /// A text.
    Text(Zeroizing<String>),
    /// Something that is no text.
    Other,
    /// Nothing.
    Nothing,
}

impl Json {
    /// Reads a text.
    pub fn of(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().map(Self)
    }

    /// Takes out what stands behind these names.
    pub fn take(&mut self, path: &[&str]) -> Stands {
        let found = path.iter().try_fold(&mut self.0, |value, name| value.get_mut(*name));
        match found {
            None | Some(Value::Null) => Stands::Nothing,
            Some(Value::String(text)) => Stands::Text(Zeroizing::new(std::mem::take(text))),
            Some(_) => Stands::Other,
        }
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// The reader of JSON bounds how deep values are.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_out_in_clear_text() {
        for (url, local) in [
            ("http://127.0.0.1:8200/", true),
            ("http://localhost/", true),
            ("http://[::1]:8200/", true),
            ("http://vault.local/", false),
            ("http://localhost.a.test/", false),
            ("http://10.0.0.1/", false),
            ("ftp://127.0.0.1/", false),
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(is_this_machine(&url), local, "{url}");
            if !local {
                let question = Question { url, headers: Vec::new(), body: None };
                let error = ask("the server", question).unwrap_err();
                assert_eq!(error.why, "the server is reached without TLS");
            }
        }
    }

    /// A server that speaks TLS, with a certificate that nobody but itself vouches for. Says whether
    /// anything was asked.
    fn vouches_for_itself() -> (u16, std::sync::mpsc::Receiver<bool>) {
        use rustls::pki_types::pem::PemObject as _;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let data = "../../tests/adversary/data/self-signed";
        let certificate = CertificateDer::from_pem_file(format!("{data}.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(format!("{data}.key.pem")).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (say, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let tls = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
            let mut stream = rustls::StreamOwned::new(tls, stream);
            let read = std::io::Read::read(&mut stream, &mut [0; 64]);
            say.send(read.is_ok_and(|read| read > 0)).unwrap();
        });
        (port, said)
    }

    #[test]
    fn a_server_that_nobody_vouches_for_is_told_nothing() {
        let (port, said) = vouches_for_itself();
        let url = format!("https://127.0.0.1:{port}/").parse().unwrap();
        let token = Zeroizing::new("canary-token".to_owned());
        let question = Question { url, headers: vec![("x-token".to_owned(), token)], body: None };
        let error = ask("the server", question).unwrap_err();
        assert!(error.why.contains("was not heard"), "{error:?}");
        assert!(!said.recv().unwrap(), "it was asked");
    }

    #[test]
    fn what_stands_where_is_told_apart() {
        let mut json = Json::of(br#"{"a":{"b":"text","c":1,"d":null}}"#).unwrap();
        assert_eq!(json.take(&["a", "b"]), Stands::Text(Zeroizing::new("text".into())));
        assert_eq!(json.take(&["a", "c"]), Stands::Other);
        for path in [["a", "d"].as_slice(), &["a", "x"], &["x"], &["a", "b", "c"]] {
            assert_eq!(json.take(path), Stands::Nothing, "{path:?}");
        }
        assert!(Json::of(b"<html>").is_none());
        assert!(Json::of(&b"[".repeat(100_000)).is_none());
    }
}
