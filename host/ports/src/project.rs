//! The services of one project: its files, its stores, what the operator configured, its secrets,
//! databases.

mod files;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use coldframe_engine::ports::BoxFuture;
use coldframe_engine::services::{Answer, Ask, Database, KvStore, ServiceError, Services};
use coldframe_format::suggest;
use coldframe_journal::ErrorKind;

use crate::llm::Models;
use crate::secrets::Secrets;
use files::Files;

/// Answers for one project.
pub struct ProjectServices {
    files: Result<Arc<Files>, String>,
    kv: Option<Arc<Stores>>,
    config: BTreeMap<String, String>,
    secrets: Arc<Secrets>,
    models: Option<Arc<Models>>,
    databases: BTreeMap<String, Arc<dyn Database>>,
}

impl ProjectServices {
    /// The services of the project in `folder`. Files in `closed` and around it are never reached:
    /// that is where the host keeps its own.
    pub fn new(folder: &Path, closed: &[&Path], secrets: Arc<Secrets>) -> Self {
        let files = Files::open(folder, closed).map(Arc::new).map_err(|error: io::Error| {
            format!("failed to open the project's folder {}: {error}", folder.display())
        });
        let databases = BTreeMap::new();
        Self { files, kv: None, config: BTreeMap::new(), secrets, models: None, databases }
    }

    /// With stores of keys and values, opened when something first asks for one.
    #[must_use]
    pub fn with_kv(
        self,
        open: impl Fn() -> Result<Arc<dyn KvStore>, String> + Send + Sync + 'static,
    ) -> Self {
        let stores = Stores { open: Box::new(open), opened: OnceLock::new() };
        Self { kv: Some(Arc::new(stores)), ..self }
    }

    /// With language models.
    #[must_use]
    pub fn with_models(self, models: Models) -> Self {
        Self { models: Some(Arc::new(models)), ..self }
    }

    /// With what the operator configured.
    #[must_use]
    pub fn with_config(self, config: BTreeMap<String, String>) -> Self {
        Self { config, ..self }
    }

    /// With the operator's databases, by what they are called.
    #[must_use]
    pub fn with_databases(self, databases: BTreeMap<String, Arc<dyn Database>>) -> Self {
        Self { databases, ..self }
    }

    fn no_database(&self, name: &str) -> ServiceError {
        let names: Vec<String> = self.databases.keys().cloned().collect();
        let help = match suggest::closest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("give it with `--database {name}=sqlite:PATH`"),
        };
        let message = format!("there is no database `{name}`; {help}");
        ServiceError::refused(ErrorKind::DeniedDatabase, message)
    }
}

/// Stores that are opened late: most runs ask for none.
struct Stores {
    open: Box<dyn Fn() -> Result<Arc<dyn KvStore>, String> + Send + Sync>,
    opened: OnceLock<Result<Arc<dyn KvStore>, String>>,
}

impl Stores {
    fn get(&self) -> Result<&Arc<dyn KvStore>, ServiceError> {
        let opened = self.opened.get_or_init(|| (self.open)());
        opened.as_ref().map_err(|error| ServiceError::new(error.clone()))
    }
}

impl Services for ProjectServices {
    fn ask(&self, ask: Ask) -> BoxFuture<Result<Answer, ServiceError>> {
        match ask {
            Ask::Config(key) => {
                let wanted = |name: &str| key.as_deref().is_none_or(|key| key == name);
                let found = self.config.iter().filter(|(name, _)| wanted(name));
                let found = found.map(|(name, value)| (name.clone(), value.clone())).collect();
                Box::pin(std::future::ready(Ok(Answer::Config(found))))
            }
            Ask::Secret(name) => {
                let found = self.secrets.placeholder(&name).map(Answer::Secret).ok_or_else(|| {
                    let message = format!(
                        "there is no secret `{name}`; give it with `--secret {name}=env:VARIABLE`"
                    );
                    ServiceError::refused(ErrorKind::DeniedSecret, message)
                });
                Box::pin(std::future::ready(found))
            }
            Ask::Llm(ask) => match &self.models {
                Some(models) => {
                    let answered = models.ask(ask);
                    Box::pin(async move { answered.await.map(Answer::Llm) })
                }
                None => {
                    let error = ServiceError::new("this host has no language models");
                    Box::pin(std::future::ready(Err(error)))
                }
            },
            Ask::Sql(ask) => match self.databases.get(&ask.database) {
                Some(database) => {
                    let answer = database.answer(ask);
                    Box::pin(async move { answer.await.map(Answer::Sql) })
                }
                None => Box::pin(std::future::ready(Err(self.no_database(&ask.database)))),
            },
            // Whoever runs guests runs these, too.
            Ask::Tools(_) => {
                let error = ServiceError::new("this host runs no tools");
                Box::pin(std::future::ready(Err(error)))
            }
            Ask::Fs(ask) => {
                let files = self.files.clone().map_err(ServiceError::new);
                blocking(move || files?.answer(ask).map(Answer::Fs))
            }
            Ask::Kv(ask) => {
                let kv = self.kv.clone();
                blocking(move || match kv {
                    Some(kv) => kv.get()?.answer(ask).map(Answer::Kv),
                    None => Err(ServiceError::new("this host keeps no stores")),
                })
            }
        }
    }
}

/// Runs what may block on a thread where it may.
fn blocking(
    work: impl FnOnce() -> Result<Answer, ServiceError> + Send + 'static,
) -> BoxFuture<Result<Answer, ServiceError>> {
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(ServiceError::new("the service failed unexpectedly")))
    })
}
