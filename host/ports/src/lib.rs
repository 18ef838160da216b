//! Adapters of host services; the only host crate that opens sockets.
//!
//! [`http::HttpClient`] sends what the sandbox has granted. Which addresses a name may lead to is
//! decided by [`address`]. [`limited::LimitedHttp`] gives them less time. [`recorded::RecordedHttp`] answers from a recording instead, for tests.

pub mod address;
pub mod http;
pub mod limited;
pub mod lookup;
pub mod recorded;

#[cfg(test)]
mod tests;

pub use http::HttpClient;
pub use limited::LimitedHttp;
pub use recorded::{Exchange, RecordedHttp};
