//! The files of a new skill, which builds and passes its own tests as it stands.
//!
//! The skill stands alone: it depends on packages of the public registry and on no path, it is a
//! workspace of its own, and it has a copy of the shared WIT types.

use coldframe_format::SkillId;

/// The templates, with their places in the new folder.
const TEMPLATES: &[(&str, &str)] = &[
    (".gitignore", "/target\n"),
    ("Cargo.toml", include_str!("scaffold/Cargo.toml.txt")),
    ("README.md", include_str!("scaffold/README.md.txt")),
    ("skill.toml", include_str!("scaffold/skill.toml.txt")),
    ("src/guest.rs", include_str!("scaffold/guest.rs.txt")),
    ("src/lib.rs", include_str!("scaffold/lib.rs.txt")),
    ("src/title.rs", include_str!("scaffold/title.rs.txt")),
    ("wit/world.wit", include_str!("scaffold/world.wit.txt")),
];

/// The contract's shared types, as they are in this version.
const SHARED_TYPES: (&str, &str) =
    ("wit/deps/coldframe-skill/types.wit", include_str!("../../../wit/skill/types.wit"));

/// The files of a new skill: paths with `/`, and texts.
pub fn files(id: &SkillId) -> Vec<(String, String)> {
    let fill = |text: &str| {
        text.replace("{{id}}", &id.to_string())
            .replace("{{crate}}", &format!("{}-{}", id.namespace(), id.name()))
            .replace("{{package}}", &package(id))
    };
    let mut files: Vec<(String, String)> =
        TEMPLATES.iter().map(|(path, text)| ((*path).to_owned(), fill(text))).collect();
    files.push((SHARED_TYPES.0.to_owned(), SHARED_TYPES.1.to_owned()));
    files
}

/// The WIT package. Not every skill's name is a WIT name: those have keywords, and words that begin
/// with a letter. The package's name is seen nowhere outside, so any other will do.
fn package(id: &SkillId) -> String {
    let name = format!("{}:{}", id.namespace(), id.name());
    let text = format!("package {name}@0.1.0;");
    match wit_parser::UnresolvedPackageGroup::parse("world.wit", &text) {
        Ok(_) => name,
        Err(_) => "local:skill".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(files: &'a [(String, String)], path: &str) -> &'a str {
        &files.iter().find(|(name, _)| name == path).unwrap().1
    }

    #[test]
    fn the_name_stands_where_it_belongs() {
        let files = files(&SkillId::new("acme", "nice-titles").unwrap());
        assert!(text(&files, "skill.toml").starts_with("id = \"acme/nice-titles\"\n"));
        assert!(text(&files, "Cargo.toml").contains("name = \"acme-nice-titles\"\n"));
        assert!(text(&files, "wit/world.wit").starts_with("package acme:nice-titles@0.1.0;\n"));
        for (path, text) in &files {
            assert!(!text.contains("{{"), "{path}");
        }
    }

    #[test]
    fn names_that_wit_does_not_know_get_another_package() {
        let files = files(&SkillId::new("acme", "list").unwrap());
        assert!(text(&files, "wit/world.wit").starts_with("package local:skill@0.1.0;\n"));
    }

    #[test]
    fn the_manifest_is_one() {
        let files = files(&SkillId::new("acme", "titles").unwrap());
        let manifest = coldframe_format::Manifest::from_toml(text(&files, "skill.toml")).unwrap();
        assert_eq!(manifest.cases.len(), 3);
    }
}
