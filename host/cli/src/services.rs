//! Host services of a run: the project's files and stores, what the operator configures, secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use coldframe_format::caps::{is_key, is_secret};
use coldframe_format::{Cap, Digest};
use coldframe_lang::graph::{Adapters, Graph, Model};
use coldframe_ports::{Models, ProjectServices, SecretHttp, Secrets};
use coldframe_sandbox::SandboxConfig;
use coldframe_store::SqliteKv;
use serde::{Deserialize, Serialize};

use crate::args::Global;
use crate::exit::Fail;
use crate::{adapters, place, walls};

#[derive(Debug, Args, Default)]
pub(crate) struct ServiceArgs {
    /// A value for skills that read configuration; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    config: Vec<String>,
    /// A secret and where its value is: NAME=env:VARIABLE or NAME=file:PATH; may be repeated
    #[arg(long, value_name = "NAME=SOURCE")]
    secret: Vec<String>,
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
    for source in secrets.values_mut() {
        // A run that goes on from another folder reads the same file.
        if let Some(path) = source.strip_prefix("file:")
            && let Ok(path) = std::path::absolute(path)
        {
            *source = format!("file:{}", path.display());
        }
    }
    Ok(Given { folder, config, secrets })
}

fn pairs(
    flag: &str,
    given: &[String],
    is_name: fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, Fail> {
    let mut found = BTreeMap::new();
    for pair in given {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| is_name(name)) else {
            return Err(Fail::usage(format!(
                "`--{flag} {pair}` does not begin with a name and `=`"
            ))
            .help(match flag {
                "config" => "for example --config region=eu",
                _ => "for example --secret openai=env:OPENAI_API_KEY",
            }));
        };
        if found.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Fail::usage(format!("`--{flag} {name}` is given twice")));
        }
    }
    Ok(found)
}

/// The sandbox's settings with the ports that a pipeline wants and the services it is given.
pub(crate) fn config(
    global: &Global,
    adapters: &Adapters,
    models: &[Model],
    given: &Given,
) -> Result<SandboxConfig, Fail> {
    let mut secrets = Secrets::default();
    for (name, source) in &given.secrets {
        let env = |variable: &str| std::env::var(variable).ok();
        secrets.add(name, source, env).map_err(|error| Fail::usage(error.to_string()))?;
    }
    let secrets = Arc::new(secrets);
    let mut http = adapters::http(adapters);
    if !secrets.is_empty() {
        http = Arc::new(SecretHttp::new(http, Arc::clone(&secrets)));
    }
    let data = place::data_dir(global)?;
    let namespace = Digest::of(given.folder.as_os_str().as_encoded_bytes()).to_string();
    // What a secret is kept in is no file for skills, however widely files are granted.
    let files = given.secrets.values().filter_map(|source| source.strip_prefix("file:"));
    let closed: Vec<&Path> = files.map(Path::new).chain([data.as_path()]).collect();
    let llm = Models::new(models, Arc::clone(&http), &secrets);
    let services = ProjectServices::new(&given.folder, &closed, secrets)
        .with_models(llm)
        .with_config(given.config.clone())
        .with_kv(move || {
            let opened = SqliteKv::open(&data, namespace.clone());
            opened.map(|kv| Arc::new(kv) as _).map_err(|error| error.to_string())
        });
    Ok(SandboxConfig {
        http: Some(http),
        services: Some(Arc::new(services)),
        models: models.into(),
        ..walls::sandbox_config(global)?
    })
}

/// Refuses a run that is granted what it was not given, before anything of it happens.
pub(crate) fn check(graph: &Graph, given: &Given) -> Result<(), Fail> {
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
    }
    Ok(())
}
