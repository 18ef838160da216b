//! The operations that the pipelines call.

use super::*;

/// `add` sums its input, `work` is pure and takes `fuel` (of 13 it fails), `fail` fails, `flaky` fails `n` times with a transient error, `burn` takes
/// all fuel it may have, `slow` waits to be cancelled, `fetch` moves `bytes`, `nap` sleeps `ms`, `eval` evaluates.
#[derive(Default)]
pub struct Table {
    pub calls: Mutex<BTreeMap<String, u32>>,
    pub grants: Mutex<Vec<Vec<Caps>>>,
    /// How long each call might take, those of the evaluator too.
    pub walls: Mutex<Vec<Duration>>,
    /// Bytes of the network that live calls may move, and the most of that at any one time.
    pub net: Mutex<(u64, u64)>,
}

impl Table {
    pub fn count(&self, begins: &str) -> u32 {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(key, _)| key.starts_with(begins)).map(|(_, count)| count).sum()
    }
}

impl Invoke for Table {
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>> {
        Box::pin(async move {
            self.walls.lock().unwrap().push(call.limits.wall);
            let key = format!("{} {}", call.operation, call.input);
            let count = {
                let mut calls = self.calls.lock().unwrap();
                let count = calls.entry(key).or_default();
                *count += 1;
                *count
            };
            if call.operation != "eval" {
                self.grants
                    .lock()
                    .unwrap()
                    .push(call.grants.iter().map(|layer| Caps::clone(&layer.caps)).collect());
            }
            let sends = call.operation == "fetch";
            if sends {
                let mut net = self.net.lock().unwrap();
                net.0 += call.limits.net_bytes;
                net.1 = net.1.max(net.0);
            }
            let (result, fuel) = answer(&call, count).await;
            let mut net_bytes = 0;
            if sends {
                self.net.lock().unwrap().0 -= call.limits.net_bytes;
                net_bytes = call.input["bytes"].as_u64().unwrap().min(call.limits.net_bytes);
            }
            CallReport {
                fuel: fuel.min(call.limits.fuel),
                memory_peak_bytes: 65_536,
                net_bytes,
                ..CallReport::of(result)
            }
        })
    }
}

fn failed(kind: ErrorKind, message: &str) -> Result<Value, CallError> {
    Err(CallError::new(kind, message))
}

async fn answer(call: &Call, count: u32) -> (Result<Value, CallError>, u64) {
    let number = |name: &str| call.input[name].as_u64().unwrap_or(0);
    match call.operation.as_str() {
        "add" if call.limits.fuel < 100 => {
            (failed(ErrorKind::LimitFuel, "out of fuel"), call.limits.fuel)
        }
        "add" => {
            let input = call.input.as_object().unwrap();
            (Ok(json!(input.values().filter_map(Value::as_i64).sum::<i64>())), 100)
        }
        "work" if call.limits.fuel < number("fuel") => {
            (failed(ErrorKind::LimitFuel, "out of fuel"), call.limits.fuel)
        }
        "work" if number("fuel") == 13 => (failed(ErrorKind::GuestError, "no luck"), 2_000_000),
        "work" => (Ok(json!(number("fuel"))), number("fuel")),
        "fetch" => {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let fits = number("bytes") <= call.limits.net_bytes;
            let refused = || failed(ErrorKind::LimitNetBytes, "too many bytes");
            (if fits { Ok(json!(number("bytes"))) } else { refused() }, 10)
        }
        "fail" => (failed(ErrorKind::GuestError, "no luck"), 10),
        "flaky" if u64::from(count) <= number("n") => {
            let mut error = CallError::new(ErrorKind::GuestError, "not yet");
            error.transient = true;
            error.retry_after_us = call.input["after_us"].as_u64();
            (Err(error), 10)
        }
        "flaky" => (Ok(json!(count)), 10),
        "burn" => (failed(ErrorKind::LimitFuel, "out of fuel"), u64::MAX),
        "slow" => {
            call.cancel.cancelled().await;
            (failed(ErrorKind::PipelineCancelled, "cancelled"), 7)
        }
        "nap" => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(number("ms"))) => {
                    (Ok(json!(number("ms"))), 10)
                }
                () = call.cancel.cancelled() => {
                    (failed(ErrorKind::PipelineCancelled, "cancelled"), 7)
                }
            }
        }
        "eval" => (evaluate(&call.input), 5),
        other => panic!("no operation `{other}`"),
    }
}

/// `x op y` of paths and numbers.
fn evaluate(input: &Value) -> Result<Value, CallError> {
    let source = input["source"].as_str().unwrap();
    let words: Vec<&str> = source.split_whitespace().collect();
    let value = |word: &str| -> Result<i64, CallError> {
        if let Ok(number) = word.parse() {
            return Ok(number);
        }
        let pointer = format!("/{}", word.replace('[', "/").replace(']', "").replace('.', "/"));
        let found = input["vars"].pointer(&pointer).and_then(Value::as_i64);
        found.ok_or_else(|| CallError::new(ErrorKind::GuestError, format!("`{word}` is undefined")))
    };
    let (x, y) = (value(words[0])?, value(words[2])?);
    Ok(match words[1] {
        "+" => json!(x + y),
        "<" => json!(x < y),
        ">" => json!(x > y),
        "==" => json!(x == y),
        other => panic!("no operator `{other}`"),
    })
}
