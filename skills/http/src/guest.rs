//! The component's exports: WIT types in, one exchange, WIT types out.

use crate::exchange::{self, Request};
use crate::headers::{self, Defaults};
use crate::url::Url;

wit_bindgen::generate!({ world: "http", path: "wit", generate_all });

pub(crate) use coldframe::skill::types::RateLimit;

/// Some servers refuse requests that do not say who asks.
const USER_AGENT: (&str, &str) = ("user-agent", "coldframe");

type Headers = Option<Vec<(String, String)>>;

struct Skill;

impl Guest for Skill {
    fn get(url: String, headers: Headers) -> Result<Response, Error> {
        exchange::exchange(request(&url, headers, &[USER_AGENT], None)?)
    }

    fn post_json(url: String, body: String, headers: Headers) -> Result<Response, Error> {
        // Without its length a body travels in chunks, which not every server reads.
        let length = body.len().to_string();
        let defaults =
            [USER_AGENT, ("content-type", "application/json"), ("content-length", &length)];
        exchange::exchange(request(&url, headers, &defaults, Some(body))?)
    }
}

fn request(
    url: &str,
    headers: Headers,
    defaults: Defaults<'_>,
    body: Option<String>,
) -> Result<Request, Error> {
    let url = Url::parse(url).map_err(Error::Permanent)?;
    let headers =
        headers::request(headers.unwrap_or_default(), defaults).map_err(Error::Permanent)?;
    Ok(Request { url, headers, body })
}

export!(Skill);
