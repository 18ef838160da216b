//! Servers on a free loopback port that remember what they were asked and answer as they are told.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    /// By names in small letters.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// A status and a body.
    Says(u16, String),
    /// 307 to an address.
    MovesTo(String),
    /// Nothing, for a long time.
    IsSilent,
    /// A body without end.
    Pours,
    /// A head, and then a byte of the body each second.
    Drips,
}

/// A server.
pub(super) struct Fake {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub(super) fn start(answer: fn(&Asked) -> Answer) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, answer, &kept));
            }
        });
        Ok(Self { port, asked })
    }

    /// Everything that was asked since the last time.
    pub(super) fn taken(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(mut stream: TcpStream, answer: fn(&Asked) -> Answer, kept: &Mutex<Vec<Asked>>) {
    let Some(asked) = question(&mut stream) else { return };
    let answer = answer(&asked);
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    let ok = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    match answer {
        Answer::Says(status, body) => {
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
        Answer::MovesTo(url) => {
            let _ = write!(
                stream,
                "HTTP/1.1 307 Moved\r\nlocation: {url}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        }
        Answer::IsSilent => std::thread::sleep(Duration::from_secs(30)),
        Answer::Pours => {
            let _ = write!(stream, "{ok}\r\n");
            while stream.write_all(&[b' '; 64 << 10]).is_ok() {}
        }
        Answer::Drips => {
            let _ = write!(stream, "{ok}\r\n");
            while stream.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
}

fn question(stream: &mut TcpStream) -> Option<Asked> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        text.push_str(&String::from_utf8_lossy(buffer.get(..read)?));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ').map(str::to_owned);
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").and_then(|length| length.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            let (method, path) = (first.next()?, first.next()?);
            return Some(Asked { method, path, headers, body: body.to_owned() });
        }
    }
}
