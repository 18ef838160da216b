//! Adapters of host services; the only host crate that opens sockets.
//!
//! [`http::HttpClient`] sends what the sandbox has granted. Which addresses a name may lead to is
//! decided by [`address`]. [`limited::LimitedHttp`] gives them less time, and
//! [`recorded::RecordedHttp`] answers from a recording instead, for tests. [`project`] answers for
//! files, stores, configuration, [`secrets`], language models ([`llm`]), and databases on a server
//! ([`postgres`]). [`fetch`] asks servers of the operator for secrets, before anything runs.

pub mod address;
pub mod fetch;
pub mod http;
pub mod limited;
pub mod llm;
pub mod lookup;
pub mod postgres;
pub mod project;
pub mod recorded;
pub mod secret_http;
pub mod secrets;
mod whole;

#[cfg(test)]
mod tests;

pub use http::HttpClient;
pub use limited::LimitedHttp;
pub use llm::{Models, ModelsAlone};
pub use postgres::PostgresDatabase;
pub use project::ProjectServices;
pub use recorded::{Exchange, RecordedHttp};
pub use secret_http::SecretHttp;
pub use secrets::{SecretError, Secrets};
