//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

use crate::{links, text, title};

wit_bindgen::generate!({ world: "html", path: "wit", generate_all });

struct Skill;

impl Guest for Skill {
    fn to_text(html: String) -> String {
        text::to_text(&html)
    }

    fn links(html: String) -> Vec<Link> {
        let link = |(href, text)| Link { href, text };
        links::links(&html).into_iter().map(link).collect()
    }

    fn title(html: String) -> Option<String> {
        title::title(&html)
    }
}

export!(Skill);
