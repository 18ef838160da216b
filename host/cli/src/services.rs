//! Host services of a run: the project's files and stores, what the operator configures, secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use coldframe_format::caps::{is_key, is_secret};
use coldframe_format::{Cap, Caps, Digest};
use coldframe_lang::graph::{Adapters, Graph, Model};
use coldframe_ports::{Models, ProjectServices, SecretHttp, Secrets};
use coldframe_sandbox::SandboxConfig;
use coldframe_store::SqliteKv;
use databases::Databases;
use serde::{Deserialize, Serialize};

use crate::args::Global;
use crate::exit::Fail;
use crate::{adapters, models, place, walls};

mod databases;
mod sources;

#[derive(Debug, Args, Default)]
pub(crate) struct ServiceArgs {
    /// A value for skills that read configuration; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    config: Vec<String>,
    /// A secret and where its value is: NAME=env:VARIABLE, NAME=file:PATH, NAME=vault:MOUNT/PATH#FIELD, NAME=aws:SECRET_ID[#FIELD] or NAME=keychain:SERVICE/ACCOUNT; may be repeated
    #[arg(long, value_name = "NAME=SOURCE")]
    secret: Vec<String>,
    /// A database and where it is: NAME=sqlite:PATH, or NAME=postgres:env:VARIABLE (postgres:file:PATH) where its URL is; may be repeated
    #[arg(long, value_name = "NAME=SOURCE")]
    database: Vec<String>,
}

/// What a run is given besides its text. Kept with it, so that it is resumed with the same; of a
/// secret where its value is, never the value.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Given {
    /// The project's folder, absolute.
    folder: PathBuf,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    config: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, String>,
    /// Where each database is; of one with a password, where its URL is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    databases: BTreeMap<String, String>,
}

impl Given {
    /// Whether there is a secret of that name.
    pub(crate) fn has_secret(&self, name: &str) -> bool {
        self.secrets.contains_key(name)
    }
}

/// Reads the flags of a run in the project at `folder`.
pub(crate) fn given(args: &ServiceArgs, folder: &Path) -> Result<Given, Fail> {
    let folder = folder
        .canonicalize()
        .map_err(|error| Fail::usage(format!("failed to find {}: {error}", folder.display())))?;
    let config = pairs("config", &args.config, is_key)?;
    let mut secrets = pairs("secret", &args.secret, is_secret)?;
    for (name, source) in &mut secrets {
        *source = sources::checked(name, source)?;
    }
    let databases = databases::read(&args.database)?;
    Ok(Given { folder, config, secrets, databases })
}

fn pairs(
    flag: &str,
    given: &[String],
    is_name: fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, Fail> {
    let mut found = BTreeMap::new();
    for pair in given {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| is_name(name)) else {
            let fail = |shown: &str| {
                Fail::usage(format!("`--{flag}{shown}` does not begin with a name and `=`"))
            };
            return Err(match flag {
                "config" => fail(&format!(" {pair}")).help("for example --config region=eu"),
                // It may be the value itself, and is not shown.
                _ => fail("").help("for example --secret openai=env:OPENAI_API_KEY"),
            });
        };
        if found.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Fail::usage(format!("`--{flag} {name}` is given twice")));
        }
    }
    Ok(found)
}

/// What a run is given, looked at: the values of its secrets are there.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    given: Given,
    secrets: Arc<Secrets>,
    databases: Databases,
}

impl Ready {
    /// What is kept with the run.
    pub(crate) fn given(&self) -> &Given {
        &self.given
    }
}

/// Reads the values of the secrets and opens the databases, from where they are.
fn open(given: Given) -> Result<Ready, Fail> {
    let secrets = sources::read(&given.secrets)?;
    let databases = databases::open(&given.databases)?;
    Ok(Ready { given, secrets: Arc::new(secrets), databases })
}

/// Looks at what a run that begins is given, before anything of it happens: everything its graph
/// grants by name must be there, and everything that is given must be granted.
pub(crate) fn begin(graph: &Graph, given: Given) -> Result<Ready, Fail> {
    let caps: Vec<&Caps> = graph.with_children().into_iter().map(|graph| &graph.caps).collect();
    all_granted(&caps, &graph.models, &given, "the pipeline's `caps`", |cap, line| {
        format!("grant it under `caps`: {cap}: [{line:?}]; or leave it out")
    })?;
    go_on(graph, given)
}

/// Looks at what a run that goes on was given. What it was given was granted when it began.
pub(crate) fn go_on(graph: &Graph, given: Given) -> Result<Ready, Fail> {
    models::check(graph, &given)?;
    for graph in graph.with_children() {
        let named = graph.caps.secrets.iter().filter_map(|grant| grant.name.as_deref());
        for name in named {
            if !given.secrets.contains_key(name) {
                let message = format!(
                    "`{}` of `{}` grants the secret `{name}`, which this run was not given",
                    Cap::Secrets,
                    graph.name
                );
                return Err(Fail::usage(message)
                    .help(format!("say where its value is: --secret {name}=env:VARIABLE")));
            }
        }
        databases::all_given(graph, &given.databases)?;
    }
    open(given)
}

/// The same for a single call.
pub(crate) fn of_call(grants: &Caps, models: &[Model], given: Given) -> Result<Ready, Fail> {
    all_granted(&[grants], models, &given, "`--grant`", |cap, line| {
        format!("grant it: --grant {cap}={line:?}; or leave it out")
    })?;
    models::granted(grants, models, "`--grant` names", &given)?;
    open(given)
}

/// Refuses what is given and could never be used.
fn all_granted(
    caps: &[&Caps],
    models: &[Model],
    given: &Given,
    who: &str,
    help: fn(Cap, &str) -> String,
) -> Result<(), Fail> {
    let unused =
        |flag: &str, name: &str| format!("`--{flag} {name}` is granted by no line of {who}");
    for key in given.config.keys() {
        if !caps.iter().flat_map(|caps| &caps.config).any(|grant| grant.allows(key)) {
            return Err(Fail::usage(unused("config", key)).help(help(Cap::Config, key)));
        }
    }
    for name in given.secrets.keys() {
        // The key of a model is for nobody but its provider.
        let opens = |model: &Model| {
            model.secret.as_deref() == Some(name)
                && caps.iter().any(|caps| model.is_granted(&caps.llm))
        };
        if models.iter().any(opens) {
            continue;
        }
        if !caps.iter().flat_map(|caps| &caps.secrets).any(|grant| grant.names(name)) {
            let line = format!("{name} for https://HOST in authorization");
            return Err(Fail::usage(unused("secret", name)).help(help(Cap::Secrets, &line)));
        }
    }
    for name in given.databases.keys() {
        if !caps.iter().flat_map(|caps| &caps.sql).any(|grant| grant.access.names(name)) {
            let line = format!("read {name}");
            return Err(Fail::usage(unused("database", name)).help(help(Cap::Sql, &line)));
        }
    }
    Ok(())
}

/// The sandbox's settings with the ports that a pipeline wants and the services it is given.
pub(crate) fn config(
    global: &Global,
    adapters: &Adapters,
    models: &[Model],
    ready: &Ready,
) -> Result<SandboxConfig, Fail> {
    let Ready { given, secrets, databases } = ready;
    let mut http = adapters::http(adapters);
    if !secrets.is_empty() {
        http = Arc::new(SecretHttp::new(http, Arc::clone(secrets)));
    }
    let data = place::data_dir(global)?;
    let namespace = Digest::of(given.folder.as_os_str().as_encoded_bytes()).to_string();
    // What a secret is kept in is no file for skills, however widely files are granted.
    let mut closed = sources::files(&given.secrets);
    closed.push(data.clone());
    databases::apart(&given.databases, &closed)?;
    closed.extend(databases::files(&given.databases));
    let closed: Vec<&Path> = closed.iter().map(PathBuf::as_path).collect();
    let llm = Models::new(models, Arc::clone(&http), secrets);
    let services = ProjectServices::new(&given.folder, &closed, Arc::clone(secrets))
        .with_models(llm)
        .with_config(given.config.clone())
        .with_databases(databases.by_name.clone())
        .with_kv(move || {
            let opened = SqliteKv::open(&data, namespace.clone());
            opened.map(|kv| Arc::new(kv) as _).map_err(|error| error.to_string())
        });
    Ok(SandboxConfig {
        http: Some(http),
        services: Some(Arc::new(services)),
        models: Some(models.into()),
        ..walls::sandbox_config(global)?
    })
}
