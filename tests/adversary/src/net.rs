//! Servers on this machine, which count who connects and remember what was asked. Nothing here or
//! in any case ever dials an address that is not this machine's.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What a server does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Answers everything with 200 and the request's own path.
    Answers,
    /// The same after 600 ms.
    AnswersLate,
    /// Answers with everything it was sent.
    Echoes,
    /// Answers with a text.
    Says(&'static str),
    /// Answers with a status and a text, in which `KEY` stands for the credentials it was sent.
    Tells(u16, &'static str),
    /// Answers with a text over and over, without end; `KEY` as above.
    Repeats(&'static str),
    /// Answers with 302 to the port.
    MovesTo(u16),
    /// Answers as soon as it hears anything, without TLS.
    AnswersAtOnce,
    /// Speaks TLS, with a certificate that nobody but itself vouches for.
    VouchesForItself,
    /// Takes all that comes and answers nothing.
    Swallows,
    /// Takes the connection and says nothing.
    IsSilent,
    /// Sends one byte of a head each 100 ms, for ever.
    Drips,
    /// Sends a body without end.
    Pours,
    /// Sends bytes that decode to a thousand times as many, and says so.
    SendsGzip,
    /// Sends a head without end.
    BoastsHeaders,
}

/// How many requests are being answered, and how many were at one time.
#[derive(Debug, Default)]
struct Busy {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A server on a free port of the loopback interface.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub port: u16,
    connections: Arc<AtomicUsize>,
    busy: Arc<Busy>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server, which is there until the process ends.
    pub fn start(manner: Manner) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (connections, busy, heads) = (Arc::default(), Arc::default(), Arc::default());
        let server = Self { port, connections, busy, heads };
        let (connections, heads) = (Arc::clone(&server.connections), Arc::clone(&server.heads));
        let busy = Arc::clone(&server.busy);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (heads, busy) = (Arc::clone(&heads), Arc::clone(&busy));
                thread::spawn(move || serve(stream, manner, &heads, &busy));
            }
        });
        Ok(server)
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many requests were being answered at one time, at most. Only of one that answers late.
    pub fn busiest(&self) -> usize {
        self.busy.most.load(Ordering::SeqCst)
    }

    /// What was asked: each head, and a short body with what comes behind it.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A certificate for 127.0.0.1 that is signed by its own key. It protects nothing.
fn certificate() -> anyhow::Result<Arc<rustls::ServerConfig>> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../data/self-signed.pem"))?;
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../data/self-signed.key.pem"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(Arc::new(config))
}

/// What was asked behind TLS, if it came to that.
fn behind_tls(stream: TcpStream) -> anyhow::Result<String> {
    let connection = rustls::ServerConnection::new(certificate()?)?;
    let mut tls = rustls::StreamOwned::new(connection, stream);
    let mut head = [0; 4096];
    let read = tls.read(&mut head)?;
    tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    Ok(String::from_utf8_lossy(&head[..read]).into_owned())
}

/// What somebody proves with who they are.
fn credentials(head: &str) -> String {
    let value = head.lines().find_map(|line| line.strip_prefix("authorization: "));
    value.unwrap_or_default().trim_start_matches("Bearer ").to_owned()
}

/// Answers 200 with a text.
fn answer(stream: &mut TcpStream, text: &str) {
    let length = text.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    );
}

fn serve(mut stream: TcpStream, manner: Manner, heads: &Mutex<Vec<String>>, busy: &Busy) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    if manner == Manner::VouchesForItself {
        if let Ok(head) = behind_tls(stream) {
            heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
        }
        return;
    }
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    let at_once = manner == Manner::AnswersAtOnce;
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < 1 << 16 {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => head.extend_from_slice(&piece[..read]),
            _ => break,
        }
        if at_once {
            break;
        }
    }
    if head.starts_with(b"POST") && matches!(manner, Manner::Answers | Manner::Echoes) {
        // A short body and what comes behind it.
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            head.extend_from_slice(&piece[..read]);
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("?").to_owned();
    heads.lock().unwrap_or_else(PoisonError::into_inner).push(head.clone());
    let ok = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n";
    match manner {
        Manner::Answers | Manner::AnswersAtOnce => answer(&mut stream, &path),
        Manner::AnswersLate => {
            let now = busy.now.fetch_add(1, Ordering::SeqCst) + 1;
            busy.most.fetch_max(now, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(600));
            // Before the answer: whoever has that may ask again.
            busy.now.fetch_sub(1, Ordering::SeqCst);
            answer(&mut stream, &path);
        }
        Manner::Echoes => answer(&mut stream, &head),
        Manner::Says(text) => answer(&mut stream, text),
        Manner::Tells(status, text) => {
            let text = text.replace("KEY", &credentials(&head));
            let length = text.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} Told\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
            );
        }
        Manner::Repeats(text) => {
            let text = text.replace("KEY", &credentials(&head));
            let _ = write!(stream, "{ok}connection: close\r\n\r\n");
            while stream.write_all(text.as_bytes()).is_ok() {}
        }
        Manner::MovesTo(port) => {
            let _ = write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        }
        Manner::VouchesForItself => {}
        Manner::Swallows => while let Ok(1..) = stream.read(&mut piece) {},
        Manner::IsSilent => thread::sleep(Duration::from_secs(30)),
        Manner::Drips => {
            for byte in ok.bytes().chain(std::iter::repeat(b'x')) {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(100));
            }
        }
        Manner::Pours => {
            let _ = write!(stream, "{ok}connection: close\r\n\r\n");
            while stream.write_all(&[b'x'; 64 << 10]).is_ok() {}
        }
        Manner::SendsGzip => {
            // The host must hand on these bytes as they are, so they need not even be gzip.
            let _ = write!(
                stream,
                "{ok}content-encoding: gzip\r\ncontent-length: 4\r\nconnection: close\r\n\r\ngzip"
            );
        }
        Manner::BoastsHeaders => {
            let _ = write!(stream, "{ok}");
            while stream.write_all(b"x-more: 0123456789012345678901234567890123456789\r\n").is_ok()
            {
            }
        }
    }
    // Nobody is cut off in the middle of what was sent.
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read(&mut piece);
}
