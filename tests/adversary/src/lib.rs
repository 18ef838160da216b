//! Attacks on the host, each run against the real binary as a process of its own.
//!
//! A case says what is attacked, with what, and how it must end: the *kind* of the error, never
//! its text. Beside the kind every case bounds how long the host takes, how much memory the host
//! and every process it starts have at their peak, and that a harmless skill beside the attack
//! answers as ever; and nothing may be left behind. A host that dies of an attack has lost,
//! whatever it said before.
//!
//! Artefacts are made here, from text or bytes: no guest toolchain is needed.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a harness that cannot go on stops")]
#![allow(clippy::indexing_slicing, reason = "a harness that cannot go on stops")]

pub mod bombs;
pub mod case;
pub mod families;
pub mod guest;
pub mod net;
pub mod peers;
pub mod process;
pub mod report;
pub mod run;
pub mod spy;
pub mod world;
