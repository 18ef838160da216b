//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

use crate::{headings, html};

wit_bindgen::generate!({ world: "markdown", path: "wit", generate_all });

struct Skill;

impl Guest for Skill {
    fn to_html(markdown: String) -> String {
        html::to_html(&markdown)
    }

    fn headings(markdown: String) -> Vec<Heading> {
        let heading = |(level, text)| Heading { level, text };
        headings::headings(&markdown).into_iter().map(heading).collect()
    }
}

export!(Skill);
