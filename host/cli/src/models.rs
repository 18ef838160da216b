//! Language models of a run: whether what is granted is there, with a price and a key.

use coldframe_format::caps::GrantLine as _;
use coldframe_format::{Cap, Caps};
use coldframe_lang::graph::{Graph, Model};

use crate::args::Global;
use crate::exit::Fail;
use crate::project::Project;
use crate::services::Given;

/// Refuses a run that is granted models which nobody has, or whose key it was not given, before
/// anything of it happens.
pub(crate) fn check(graph: &Graph, given: &Given) -> Result<(), Fail> {
    // What a step grants, and a pipeline it runs, is within what the pipeline grants.
    granted(
        &graph.caps,
        &graph.models,
        &format!("`{}` of `{}` grants", Cap::Llm, graph.name),
        given,
    )
}

/// The same for what `who` is granted.
pub(crate) fn granted(caps: &Caps, models: &[Model], who: &str, given: &Given) -> Result<(), Fail> {
    for grant in &caps.llm {
        if !models.iter().any(|model| model.names.both(grant).is_some()) {
            let message =
                format!("{who} the model `{grant}`, which has no price and no provider here");
            return Err(Fail::usage(message).help(format!(
                "write both under `models` of a `kind: Config` in coldframe.yml: - {{ model: \
                 {:?}, adapter: openai, url: \"https://HOST/v1\", secret: NAME, usd_in: 0.15, \
                 usd_out: 0.60 }}",
                grant.to_string()
            )));
        }
    }
    for model in models.iter().filter(|model| model.is_granted(&caps.llm)) {
        let Some(name) = model.secret.as_deref().filter(|name| !given.has_secret(name)) else {
            continue;
        };
        let message = format!(
            "the models `{}` want the secret `{name}`, which this run was not given",
            model.names
        );
        return Err(Fail::usage(message)
            .help(format!("say where its value is: --secret {name}=env:VARIABLE")));
    }
    Ok(())
}

/// The models of the project around the current folder, for a call without a pipeline.
pub(crate) fn of_project(global: &Global) -> Result<Vec<Model>, Fail> {
    // What holds for every pipeline of the project holds for one that does nothing.
    const NOTHING: &str = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: call }\n\
                           steps: [{ id: nothing, set: { n: 1 } }]\n";
    let project = Project::here(global)?;
    Ok(project.compile_text(global, "call", NOTHING)?.models)
}
