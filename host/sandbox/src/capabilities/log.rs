//! `coldframe:host/log`: lines for the people who run the pipeline. Never part of an output.

use std::time::Instant;

use coldframe_engine::CallLimits;
use coldframe_engine::tape::Observed;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker};

use crate::limiter::LimitHit;
use crate::sanitize;
use crate::state::CallState;

/// A longer line is cut.
const LINE_BYTES_MAX: usize = 4096;

/// `enum level` of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "values are only made by lifting, which the compiler does not see")]
enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The lines of one call.
pub(crate) struct LogState {
    lines: Vec<String>,
    /// Lines among them of tools, which have limits of their own.
    of_tools: u64,
    left: u64,
    max: u64,
    rate: u64,
    /// When the call began.
    begun: Instant,
}

impl LogState {
    pub(crate) fn new(limits: &CallLimits, begun: Instant) -> Self {
        let CallLimits { log_bytes: max, log_rate: rate, .. } = *limits;
        Self { lines: Vec::new(), of_tools: 0, left: max, max, rate, begun }
    }

    /// Takes the lines out, oldest first.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// Adds the lines of a tool.
    pub(crate) fn append(&mut self, mut lines: Vec<String>) {
        self.of_tools = self.of_tools.saturating_add(lines.len() as u64);
        self.lines.append(&mut lines);
    }

    /// `seconds` are those since the call began.
    fn write(
        &mut self,
        level: Level,
        message: &str,
        seconds: impl FnOnce(Instant) -> wasmtime::Result<u64>,
    ) -> wasmtime::Result<()> {
        // Counted as the guest gave it and one for the line, so that empty lines are not free.
        let bytes = (message.len() as u64).saturating_add(1);
        self.left = self.left.checked_sub(bytes).ok_or(LimitHit::Log { max: self.max })?;
        let written = (self.lines.len() as u64).saturating_sub(self.of_tools);
        // Nobody looks at the clock before the lines of one second are written.
        if written >= self.rate
            && written >= self.rate.saturating_mul(seconds(self.begun)?.saturating_add(1))
        {
            return Err(LimitHit::LogRate { max: self.rate }.into());
        }
        let text = sanitize::line(message, LINE_BYTES_MAX);
        self.lines.push(format!("{}: {text}", level.name()));
        Ok(())
    }
}

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap(
        "log",
        |mut store: StoreContextMut<'_, CallState>, (level, message): (Level, String)| {
            let state = store.data_mut();
            state.host_calls += 1;
            let (log, mut tape) = state.log_parts();
            log.write(level, &message, |begun| {
                tape().number(Observed::LogSeconds, || begun.elapsed().as_secs())
            })
        },
    )
}
