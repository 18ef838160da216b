//! Registries on real disks with real signatures: publishing, crashing, attacking.

mod attacks;
mod crash;
mod forge;
mod pipelines;
mod publishing;
mod world;
