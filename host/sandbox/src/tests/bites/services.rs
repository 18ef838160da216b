//! Host services for tests: files that take everything, stores in a folder of their own.

use coldframe_engine::ports::BoxFuture;
use coldframe_engine::services::{Answer, Ask, FsAnswer, KvStore as _, ServiceError, Services};
use coldframe_store::SqliteKv;

/// The services of one sandbox.
pub(super) struct TestServices {
    kv: SqliteKv,
    /// Where the stores are kept, as long as this lives.
    _dir: tempfile::TempDir,
}

impl Default for TestServices {
    fn default() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { kv: SqliteKv::open(dir.path(), "test".to_owned()).unwrap(), _dir: dir }
    }
}

impl Services for TestServices {
    fn ask(&self, ask: Ask) -> BoxFuture<Result<Answer, ServiceError>> {
        let answer = match ask {
            Ask::Fs(_) => Ok(Answer::Fs(FsAnswer::Done)),
            Ask::Kv(ask) => self.kv.answer(ask).map(Answer::Kv),
            other => panic!("{other:?}"),
        };
        Box::pin(std::future::ready(answer))
    }
}
