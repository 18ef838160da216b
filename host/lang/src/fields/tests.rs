//! The table against itself, and against the pages it makes.

use super::explain::objects;
use super::{explain, schema};

#[test]
fn names_are_unique_and_examples_are_there() {
    let all = objects();
    let mut names: Vec<&str> = all.iter().map(|object| object.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    for object in all {
        for field in object.fields {
            assert!(!field.example.is_empty(), "{}.{}", object.name, field.key);
            assert!(field.doc.ends_with('.'), "{}.{}", object.name, field.key);
        }
        for key in object.one_of {
            assert!(object.fields.iter().any(|field| field.key == *key), "{key}");
        }
    }
}

#[test]
fn a_field_is_explained_from_wherever_the_path_begins() {
    let page = explain("step.retry.max").unwrap();
    assert_eq!(
        page,
        "# step.retry.max\n\nThe most tries after the first one.\n\ntype      integer from 1\n\
         required  yes\nexample   max: 3\n"
    );
    assert_eq!(explain("pipeline.steps.retry.max").unwrap().lines().count(), page.lines().count());
    let block = explain("pipeline.steps[].map.steps[].loop.max").unwrap();
    assert!(block.contains("The most iterations."), "{block}");
    assert!(explain("Pipeline").unwrap().contains("\nkeys\n"));
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let message = explain("step.retyr").unwrap_err();
    assert!(message.starts_with("there is no field `retyr`; did you mean `retry`"), "{message}");
    assert!(explain("step.id.x").unwrap_err().contains("no keys of its own"));
    assert!(explain("").is_err());
    assert!(explain("....").is_err());
}

#[test]
fn the_schema_is_one() {
    for kind in [None, Some("Pipeline"), Some("Config"), Some("Policy"), Some("Macro")] {
        let schema = schema(kind).unwrap();
        assert!(jsonschema::draft202012::new(&schema).is_ok());
    }
    assert!(schema(Some("Piepline")).is_none());
}
