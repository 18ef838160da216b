//! `models` of a `Config`.

use super::{Case, document};
use crate::graph::{Model, ModelAdapter, Price};

const STEPS: &str = "steps: [{ id: a, set: { n: 1 } }]\n";

fn config(models: &str) -> String {
    document("Config", "models", &format!("models: {models}\n"))
}

/// What `models` comes to, or the codes of what is wrong with it.
#[track_caller]
fn check(models: &str, expected: &[&str]) {
    let found = Case::of(STEPS).extra("coldframe.yml", config(models)).codes();
    assert_eq!(found, expected, "{models}");
}

#[test]
fn models_come_with_the_graph() {
    let graph = Case::of(STEPS)
        .extra(
            "coldframe.yml",
            config(
                "[{ model: gpt-4o, adapter: openai, url: \"https://a.org/v1/\", secret: key, usd_in: 0.0375, usd_out: 10 }, \
                 { model: \"*\", adapter: ollama, url: \"http://127.0.0.1:11434\", usd_in: 0, usd_out: \"0\" }]",
            ),
        )
        .graph();
    let model = |names: &str, adapter, url: &str, secret: Option<&str>, input_nano, output_nano| {
        let price = Price { input_nano, output_nano };
        let (names, url) = (names.parse().unwrap(), url.to_owned());
        Model { names, adapter, url, secret: secret.map(str::to_owned), price }
    };
    let own = model(
        "gpt-4o",
        ModelAdapter::OpenAi,
        "https://a.org/v1",
        Some("key"),
        37_500_000,
        10_000_000_000,
    );
    let free = model("*", ModelAdapter::Ollama, "http://127.0.0.1:11434", None, 0, 0);
    assert_eq!(graph.models, [own, free]);
    let grants = |text: &str| vec![text.parse().unwrap()];
    assert_eq!(Price::dearest(&graph.models, &grants("gpt-*")), 10_000_000_000);
    assert_eq!(Price::dearest(&graph.models, &grants("llama")), 0);
    assert!(Case::of(STEPS).graph().models.is_empty());
}

#[test]
fn models_that_are_none() {
    let one = |change: (&str, &str)| {
        let entry = "{ model: m, adapter: openai, url: \"https://a.org\", usd_in: 1, usd_out: 1 }";
        assert!(entry.contains(change.0));
        format!("[{}]", entry.replace(change.0, change.1))
    };
    check(&one(("model: m", "model: m")), &[]);
    check("gpt", &["wrong-shape"]);
    check("[gpt]", &["wrong-shape"]);
    check(&one(("model: m,", "")), &["missing-key"]);
    check(&one(("adapter: openai,", "")), &["missing-key"]);
    check(&one(("url: \"https://a.org\",", "")), &["missing-key"]);
    check(&one((", usd_out: 1", "")), &["missing-key"]);
    check(&one(("usd_in: 1,", "")), &["missing-key"]);
    check(&one(("usd_in", "usd")), &["missing-key", "unknown-key"]);
    check(&one(("openai", "closed")), &["unknown-value"]);
    for model in ["\"*m\"", "\"a b\"", "\"\""] {
        check(&one(("model: m", &format!("model: {model}"))), &["bad-model"]);
    }
    for url in [
        "a.org",
        "ftp://a.org",
        "https://",
        "https://*",
        "https://*.a.org",
        "https://u:p@a.org",
        "https://a.org/v1?key=1",
        "https://a.org/**",
        "https://A.org",
        "https://a.org:443",
        "https://a.org/v1/../v2",
        "POST https://a.org",
    ] {
        check(&one(("https://a.org", url)), &["bad-model"]);
    }
    for price in ["-1", "x", "0.0000000001", "[]"] {
        let code = if price == "[]" { "wrong-shape" } else { "bad-model" };
        check(&one(("usd_in: 1", &format!("usd_in: {price}"))), &[code]);
    }
    check(&one(("model: m", "secret: \"a b\", model: m")), &["bad-model"]);
    // The first one takes all that the second could.
    let entry = |model: &str| {
        format!(
            "{{ model: {model:?}, adapter: openai, url: \"https://a.org\", usd_in: 1, usd_out: 1 }}"
        )
    };
    check(&format!("[{}, {}]", entry("gpt-*"), entry("gpt-4")), &["bad-model"]);
    check(&format!("[{}, {}]", entry("gpt-4"), entry("gpt-*")), &[]);
    check(&format!("[{}, {}]", entry("m"), entry("m")), &["bad-model"]);
}
