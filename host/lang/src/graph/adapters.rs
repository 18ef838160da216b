//! How host services are provided to a run: for each port, one adapter.

use std::time::Duration;

use super::Exchange;

/// The adapters of a pipeline. A port without one has what the host has.
///
/// They never widen rights: what is not granted does not reach a port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adapters {
    /// Requests.
    pub http: Option<HttpAdapter>,
}

/// How requests are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpAdapter {
    /// `client`: over the network.
    Client(ClientTimes),
    /// `recorded`: nothing is sent. Each request has the answer that is written down for it, and
    /// others are refused.
    Recorded(Vec<Exchange>),
}

/// The most time that a request may take. What a skill asks for is less, or cut to this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClientTimes {
    /// Resolving, connecting and the TLS handshake.
    pub connect: Option<Duration>,
    /// From there to the head of the answer.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the body.
    pub between_bytes: Option<Duration>,
    /// The whole exchange.
    pub total: Option<Duration>,
}
