//! `kind: Adapter`.

use std::time::Duration;

use super::Case;
use crate::graph::HttpAdapter;

const STEPS: &str = "steps: [{ id: a, set: { n: 1 } }]\n";
const OFFLINE: &str = "port: http
adapter: recorded
exchanges: [{ url: \"https://example.com/\", body: hello }]
";

#[test]
fn a_pipeline_binds_a_port_by_name_or_writes_it_out() {
    let named = Case::of(&format!("adapters: {{ http: offline }}\n{STEPS}"))
        .with("Adapter", "offline", OFFLINE)
        .graph();
    let Some(HttpAdapter::Recorded(exchanges)) = &named.adapters.http else { panic!() };
    assert_eq!(exchanges[0].url, "https://example.com/");
    let written =
        Case::of(&format!("adapters: {{ http: {{ adapter: client, total: 3s }} }}\n{STEPS}"))
            .graph();
    let Some(HttpAdapter::Client(times)) = written.adapters.http else { panic!() };
    assert_eq!((times.total, times.connect), (Some(Duration::from_secs(3)), None));
    assert_eq!(Case::of(STEPS).with("Adapter", "offline", OFFLINE).graph().adapters.http, None);
}

#[test]
fn a_config_binds_what_pipelines_do_not() {
    let all = "adapters: { http: offline }\n";
    let case = |own: &str| {
        Case::of(&format!("{own}{STEPS}"))
            .with("Adapter", "offline", OFFLINE)
            .with("Config", "all", all)
    };
    assert!(matches!(case("").graph().adapters.http, Some(HttpAdapter::Recorded(_))));
    let own = case("adapters: { http: { adapter: client } }\n").graph();
    assert!(matches!(own.adapters.http, Some(HttpAdapter::Client(_))));
}

#[test]
fn mistakes() {
    let of = |text: &str| Case::of(STEPS).with("Adapter", "a", text).codes();
    assert_eq!(of("port: http\n"), ["missing-key"]);
    assert_eq!(of("port: htp\nadapter: client\n"), ["unknown-value"]);
    assert_eq!(of("port: http\nadapter: clint\n"), ["unknown-value"]);
    assert_eq!(of("port: http\nadapter: client\ntotal: soon\n"), ["bad-limit"]);
    assert_eq!(of("port: http\nadapter: client\nexchanges: []\n"), ["unknown-key"]);
    assert_eq!(of("port: http\nadapter: recorded\n"), ["missing-key"]);
    assert_eq!(of("port: http\nadapter: recorded\nexchanges: []\ntotal: 1s\n"), ["unknown-key"]);
    assert_eq!(of("port: http\nadapter: client\nmore: 1\n"), ["unknown-key"]);
    let bound = |text: &str| Case::of(&format!("adapters: {text}\n{STEPS}")).codes();
    assert_eq!(bound("{ http: nobody }"), ["unknown-adapter"]);
    assert_eq!(bound("{ kv: nobody }"), ["unknown-key"]);
    assert_eq!(bound("nobody"), ["wrong-shape"]);
    assert_eq!(bound("{ http: 3 }"), ["wrong-shape"]);
    let twice = Case::of(STEPS).with("Adapter", "a", OFFLINE).with("Adapter", "a", OFFLINE);
    assert_eq!(twice.codes(), ["duplicate-document"]);
}
