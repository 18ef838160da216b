//! The way of an author, with the real binary: a new skill builds and passes its own test as it
//! stands, is published to a new registry, and a pipeline runs it from there.

use anyhow::{Context as _, ensure};
use coldframe_sdk::Toolchain;
use xshell::{Shell, cmd};

const PIPELINE: &str = "\
apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: author }
inputs: { text: { type: string } }
steps:
  - { id: title, uses: acme/first-skill@*#title, with: { text: \"{{ inputs.text }}\" } }
outputs: { title: \"{{ title }}\" }
";

/// Goes the whole way in an empty folder.
#[expect(clippy::print_stdout, reason = "a gate says what it does not check")]
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    if let Err(missing) = Toolchain::find() {
        println!("the scaffold is not built here: {missing}");
        return Ok(());
    }
    let manifest = crate::root().join("Cargo.toml");
    cmd!(shell, "cargo build --quiet --locked --manifest-path {manifest} --package coldframe-cli")
        .run()?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::root().join("target"), Into::into);
    let coldframe = target.join("debug/coldframe");
    let folder = shell.create_temp_dir()?;
    let _dir = shell.push_dir(folder.path());
    let _data = shell.push_env("COLDFRAME_DATA_DIR", folder.path().join("data"));
    cmd!(shell, "{coldframe} skill new acme/first-skill").run()?;
    {
        let _inside = shell.push_dir("first-skill");
        cmd!(shell, "cargo test --quiet").run().context("the scaffold's own test")?;
    }
    cmd!(shell, "{coldframe} skill check first-skill").run()?;
    cmd!(shell, "{coldframe} registry init registry --quiet").run()?;
    cmd!(shell, "{coldframe} skill publish first-skill --to registry --quiet").run()?;
    shell.write_file("author.yml", PIPELINE)?;
    let input = "text=a cold frame";
    let run = cmd!(shell, "{coldframe} run author.yml --registry registry --input {input} --quiet");
    let title = run.read()?;
    ensure!(title == "A Cold Frame", "the published skill gave `{title}`");
    Ok(())
}
