//! Tests of whole calls: a guest in text form, an input, limits, and what must come of it.

mod admission;
mod attacks;
mod bites;
mod cache;
mod calls;
mod ceiling;
mod conversion;
mod generate;
mod guest;
mod http;
mod limits;
mod prices;
mod replay;
mod texts;
mod tools;
mod turns;
mod wasi;
