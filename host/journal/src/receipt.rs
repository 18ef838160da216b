//! What an attempt consumed and produced.

use serde::{Deserialize, Serialize};

use crate::parts::Broken;

/// The account of one attempt of a step. Integers only: nano-USD, microseconds, fuel, bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// Which try, from 1.
    pub attempt: u32,
    /// Digest of the component that ran, or of the text of the pipeline that was begun; none for a
    /// step that calls nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub component: Option<String>,
    /// The skill and operation, `std/text@1.0.0#stats`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub operation: Option<String>,
    /// Digest of the canonical JSON of the arguments, where they could be computed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input_sha256: Option<String>,
    /// Digest of the canonical JSON of the output, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output_sha256: Option<String>,
    /// Whether the output of an equal call was taken instead of calling again.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub cached: bool,
    /// Whether the output is what an equal call of an earlier run came to, for what that cost.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub remembered: bool,
    /// Fuel of the call and of the step's expressions together.
    pub fuel: u64,
    /// Wall time, microseconds.
    pub wall_us: u64,
    /// The most linear memory held, bytes.
    pub memory_peak_bytes: u64,
    /// Calls from the guest to host services.
    pub host_calls: u64,
    /// Bytes sent and received over the network.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub net_bytes: u64,
    /// Tokens of language models, those of prompts and of answers.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub tokens: u64,
    /// What host services cost, nano-USD: the price of the tokens.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub services_nano: u64,
    /// Price of the fuel, and what host services cost, nano-USD.
    pub cost_nano: u64,
    /// Rules that did not hold for the output.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub broken: Vec<Broken>,
    /// Rights the call asked for, and whether it got them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub asked: Vec<Asked>,
    /// Digest of the recording of what the call heard from outside, where it heard anything.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recording: Option<String>,
    /// Whether the call heard more than is recorded, so that it cannot be run again.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unrecorded: bool,
}

/// A decision about a right, made so many times in one call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asked {
    /// The capability: `http`, `fs`.
    pub cap: String,
    /// The line of it that was asked for; empty where nothing of the capability was granted.
    pub line: String,
    /// How many times, from 1.
    pub times: u64,
    /// Who said no; nobody where it was granted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused_by: Option<String>,
}

/// Sums over the attempts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Attempts that ended.
    pub attempts: u64,
    /// Fuel.
    pub fuel: u64,
    /// Nano-USD.
    pub cost_nano: u64,
    /// Sum of the attempts' wall times, microseconds. Attempts side by side count twice.
    pub wall_us: u64,
    /// The largest of the attempts' memory peaks, bytes.
    pub memory_peak_bytes: u64,
    /// Calls from guests to host services.
    pub host_calls: u64,
    /// Bytes sent and received over the network.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub net_bytes: u64,
    /// Tokens of language models.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub tokens: u64,
}

impl Totals {
    /// Adds what was consumed. Whether that was a whole attempt is counted elsewhere.
    pub fn add(&mut self, receipt: &Receipt) {
        self.fuel = self.fuel.saturating_add(receipt.fuel);
        self.cost_nano = self.cost_nano.saturating_add(receipt.cost_nano);
        self.wall_us = self.wall_us.saturating_add(receipt.wall_us);
        self.memory_peak_bytes = self.memory_peak_bytes.max(receipt.memory_peak_bytes);
        self.host_calls = self.host_calls.saturating_add(receipt.host_calls);
        self.net_bytes = self.net_bytes.saturating_add(receipt.net_bytes);
        self.tokens = self.tokens.saturating_add(receipt.tokens);
    }

    /// Adds other sums, without their attempts.
    pub fn merge(&mut self, other: &Self) {
        self.fuel = self.fuel.saturating_add(other.fuel);
        self.cost_nano = self.cost_nano.saturating_add(other.cost_nano);
        self.wall_us = self.wall_us.saturating_add(other.wall_us);
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        self.host_calls = self.host_calls.saturating_add(other.host_calls);
        self.net_bytes = self.net_bytes.saturating_add(other.net_bytes);
        self.tokens = self.tokens.saturating_add(other.tokens);
    }
}

/// What a record without the network, or without models, does not say.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The price of `fuel` at `nano_per_million` nano-USD per million units, rounded up.
pub fn price_nano(fuel: u64, nano_per_million: u64) -> u64 {
    let nano = (u128::from(fuel) * u128::from(nano_per_million)).div_ceil(1_000_000);
    u64::try_from(nano).unwrap_or(u64::MAX)
}

/// The most fuel that costs no more than `nano` nano-USD; no bound at a price of zero.
pub fn fuel_for(nano: u64, nano_per_million: u64) -> u64 {
    if nano_per_million == 0 {
        return u64::MAX;
    }
    let fuel = u128::from(nano) * 1_000_000 / u128::from(nano_per_million);
    u64::try_from(fuel).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuel_for_a_price_is_never_dearer_than_the_price() {
        for (nano, price) in [(0, 50), (1, 50), (49, 50), (50, 50), (1_000_003, 7), (u64::MAX, 1)] {
            let fuel = fuel_for(nano, price);
            assert!(price_nano(fuel, price) <= nano, "{nano} at {price}");
            if fuel < u64::MAX {
                assert!(price_nano(fuel + 1, price) > nano, "{nano} at {price}");
            }
        }
    }
}
