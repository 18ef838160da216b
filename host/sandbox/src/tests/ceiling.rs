//! Skills that are the same component, loaded at the same time.

use std::sync::Barrier;

use coldframe_format::{Caps, Digest, Interface};
use serde_json::json;

use super::guest::{SANDBOX, admit, binary};

#[test]
fn each_narrows_what_the_other_allows() {
    for round in 0..4 {
        let bytes = binary(&format!(
            r#"(component
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func (export "f-{round}") (canon lift (core func $i "f"))))"#
        ));
        let interface = Interface::read(&bytes).unwrap();
        let ceilings: [Caps; 2] = [json!({"log": true, "clock": true}), json!({"log": true})]
            .map(|caps| serde_json::from_value(caps).unwrap());
        let both = Barrier::new(2);
        std::thread::scope(|scope| {
            for ceiling in &ceilings {
                scope.spawn(|| {
                    both.wait();
                    admit(&SANDBOX, &bytes, &interface, ceiling).unwrap();
                });
            }
        });
        let (_, shared) = SANDBOX.ceiling(&Digest::of(&bytes)).unwrap();
        assert_eq!(shared, ceilings[1]);
    }
}
