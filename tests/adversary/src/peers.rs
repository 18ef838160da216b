//! The same artefacts against other hosts.
