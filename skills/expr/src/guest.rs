//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

use crate::evaluate;

wit_bindgen::generate!({ world: "expr", path: "wit", generate_all });

struct Skill;

impl Guest for Skill {
    fn eval(source: String, vars: Json, absent: Option<Vec<String>>) -> Result<Json, Error> {
        evaluate::eval(&source, &vars, absent.is_some_and(|names| !names.is_empty()))
            .map_err(Error::Permanent)
    }

    fn render(template: String, vars: Json) -> Result<String, Error> {
        evaluate::render(&template, &vars).map_err(Error::Permanent)
    }
}

export!(Skill);
