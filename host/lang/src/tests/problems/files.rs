//! Pipelines that steps run.

use super::check;

#[test]
fn other_files() {
    check(
        r##"steps:
  - { id: a, pipeline: triage }
  - { id: b, pipeline: ./triage.yml, with: { tikcet: x, urgent: 3 } }
  - { id: c, pipeline: ./no.yml }
  - { id: d, pipeline: ../../etc/passwd }
  - { id: e, pipeline: binary.yml }
  - { id: f, pipeline: ./broken.yml }
  - { id: g, pipeline: ./tampered.yml }
  - { id: h, pipeline: ./again.yml }
  - { id: i, pipeline: "./{{ run.id }}.yml" }
  - { id: j, pipeline: [x] }
  - { id: k, pipeline: ./rights.yml, with: [1] }
  - { id: l, pipeline: ./triage.yml, with: { ticket: 3 } }
  - { id: m, set: { n: "{{ l.cout }}" } }
"##,
        r##"5:24 bad-pipeline-reference: `triage` is neither a file nor `namespace/name`
    write its path from here, `./triage.yml`, or its name in a registry, `acme/triage@^1`
6:46 unknown-param: `./triage.yml` has no input `tikcet`
    did you mean `ticket`? it is missing, and needed
6:65 type-mismatch: expected bool, found the number `3`
    write `true` or `false`
7:24 unknown-file: there is no file `./no.yml`
    paths begin at the folder of the file they stand in
8:24 file-outside: `../../etc/passwd` is outside of the project's folder `/project`
    move the file into the project
9:24 unknown-file: failed to read `binary.yml`: it is not UTF-8
    put a readable text file there
10:24 child-pipeline: `broken.yml` has 2 problems, one of them in line 5: there is no step or value `nope`
    run `coldframe check broken.yml`
11:24 child-refused: `tampered.yml` has a problem in line 5: `acme/tampered` is refused: the digest of the component is sha256:11…, the signed one is sha256:22…
    run `coldframe check tampered.yml`
12:24 child-pipeline: `again.yml` has a problem in line 5: `back.yml` has a problem in line 5: the pipelines run each other without end: `again.yml -> back.yml -> again.yml`
    run `coldframe check again.yml`
13:24 template-not-here: `steps[8].pipeline` has no holes, since it is read before the run begins
    write it out; to choose while the run goes on, use `switch`
14:24 wrong-shape: `steps[9].pipeline` is a list, expected a string
    write a string here
15:44 wrong-shape: `steps[10].with` is a list, expected a map of arguments
    write `with: { name: value }`
16:54 type-mismatch: expected string, found the number `3`
    quote it: `"3"`
17:30 unknown-field: `l` has no field `cout`
    did you mean `count`?
"##,
    );
}
