//! `!include`.

use super::{Case, HEAD, catalog, shape};
use crate::world::{File, FileError, Files, World};
use crate::{Source, compile, render_text, to_json};

#[test]
fn a_file_takes_the_place_of_a_value_and_a_list_is_spliced_into_a_list() {
    let graph = Case::of("inputs: !include inputs.yml\nsteps:\n  - { id: a, set: !include parts/set.yml }\n  - !include parts/more.yml\n  - { id: z, set: { n: \"{{ c.n }}\" } }\n")
        .file("inputs.yml", "text: string\n")
        .file("parts/set.yml", "n: \"{{ inputs.text }}\"\n")
        .file("parts/more.yml", "- { id: b, set: { n: 1 } }\n- !include one.yml\n")
        .file("one.yml", "id: c\nset: { n: 2 }\n")
        .graph();
    assert_eq!(
        shape(&graph),
        ["steps[0] a set", "steps[1] b set", "steps[2] c set", "steps[3] z set"]
    );
    // Where the text comes in.
    let lines: Vec<usize> = graph.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, [6, 7, 7, 8]);
}

#[test]
fn a_problem_points_into_the_file_and_at_the_include() {
    let case = Case::of("steps: !include steps.yml\n")
        .file("steps.yml", "- { id: a, set: { n: 1 } }\n- { id: b, set: { n: \"{{ x.n }}\" } }\n");
    case.says(
        "\
error[unknown-name]: there is no step or value `x`
 --> steps.yml:2:26
  |
2 | - { id: b, set: { n: \"{{ x.n }}\" } }
  |                          ^
  |
 ::: flow.yml:4:8
  |
4 | steps: !include steps.yml
  |        ------------------ included here
  |
  = help: there are: `a`, `inputs`, `run`

",
    );
    let found = case.compiled();
    let json = to_json(&found.diagnostics, &found.sources);
    let problem = &json["diagnostics"][0];
    assert_eq!(problem["file"], "steps.yml");
    assert_eq!(problem["line"], 2);
    assert_eq!(problem["labels"][0]["file"], "flow.yml");
    assert_eq!(problem["labels"][0]["line"], 4);
    let files: Vec<&str> = found.sources.files().map(|(name, _)| name).collect();
    assert_eq!(files, ["flow.yml", "steps.yml"]);
}

#[test]
fn a_cycle_is_shown_as_a_path() {
    Case::of("steps:\n  - !include a.yml\n")
        .file("a.yml", "id: a\nset: !include b.yml\n")
        .file("b.yml", "n: !include a.yml\n")
        .says(
            "\
error[include-cycle]: the files include each other without end: `a.yml -> b.yml -> a.yml`
 --> b.yml:1:4
  |
1 | n: !include a.yml
  |    ^^^^^^^^^^^^^^
  |
 ::: flow.yml:5:5
  |
5 |   - !include a.yml
  |     -------------- included here
  |
 ::: a.yml:2:6
  |
2 | set: !include b.yml
  |      -------------- included here
  |
  = help: remove one of the includes; each file can only include what does not include it

",
        );
}

/// Files by their whole path from the project's folder.
struct Folders;

impl Files for Folders {
    fn read(&self, from: &str, path: &str) -> Result<File, FileError> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let name = format!("{folder}/{}", path.trim_start_matches("./"));
        let text = match name.trim_start_matches('/') {
            "lib/steps.yml" => {
                "- { id: a, pipeline: ./child.yml }\n- !include more.yml\n".to_owned()
            }
            "lib/more.yml" => "- { id: b, set: { n: 1 } }\n".to_owned(),
            "lib/child.yml" => format!("{HEAD}steps: !include more.yml\n"),
            _ => return Err(FileError::Missing(path.to_owned())),
        };
        Ok(File { name: name.trim_start_matches('/').to_owned(), text })
    }
}

#[test]
fn paths_begin_at_the_folder_of_the_file_they_stand_in() {
    let text = format!("{HEAD}steps: !include lib/steps.yml\n");
    let skills = catalog::Table::new();
    let source = Source { name: "flow.yml", text: &text };
    let found = compile(&source, World::new(&skills, &Folders));
    assert_eq!(found.diagnostics, []);
}

#[test]
fn names_of_files_cannot_reach_the_terminal() {
    let case = Case::of("steps: !include \"\\e[2J.yml\"\n").file("\u{1b}[2J.yml", "3\n");
    let found = case.compiled();
    let shown = render_text(&found.diagnostics, &found.sources, false);
    assert!(shown.contains("--> \\u{1b}[2J.yml:1:1") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn files_that_cannot_be_included() {
    let include = |path: &str| Case::of(&format!("steps: !include {path}\n"));
    assert_eq!(include("no.yml").codes(), ["unknown-file"]);
    assert_eq!(include("../steps.yml").codes(), ["file-outside"]);
    assert_eq!(include("binary.yml").codes(), ["unknown-file"]);
    assert_eq!(include("flow.yml").file("flow.yml", "").codes(), ["include-cycle"]);
    assert_eq!(include("x.yml").file("x.yml", "").codes(), ["yaml-empty"]);
    assert_eq!(include("x.yml").file("x.yml", "a\n---\nb\n").codes(), ["yaml-documents"]);
    assert_eq!(include("x.yml").file("x.yml", "a: *b\n").codes(), ["yaml-alias"]);
    assert_eq!(include("x.yml").file("x.yml", "a: 1\na: 2\n").codes(), ["yaml-duplicate-key"]);
    // A value of the environment does not choose files.
    assert_eq!(include("\"${FILE}\"").env("FILE", "x.yml").codes(), ["unknown-file"]);
}
