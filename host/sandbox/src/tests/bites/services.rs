//! Host services for tests: files that take everything, stores and a database in a folder of their
//! own.

use coldframe_engine::ports::BoxFuture;
use coldframe_engine::services::{
    Answer, Ask, Database as _, FsAnswer, KvStore as _, LlmAnswer, LlmAsk, Model, ModelAdapter,
    Price, ServiceError, Services, Usage,
};
use coldframe_store::{SqliteDatabase, SqliteKv};

/// One model, whose tokens cost a nano-dollar.
pub(super) fn models() -> Vec<Model> {
    vec![Model {
        names: "m".parse().unwrap(),
        adapter: ModelAdapter::OpenAi,
        url: "https://a.example".to_owned(),
        secret: None,
        price: Price { input_nano: 1_000_000, output_nano: 1_000_000 },
    }]
}

/// The services of one sandbox.
pub(super) struct TestServices {
    kv: SqliteKv,
    database: SqliteDatabase,
    /// Where the stores are kept, as long as this lives.
    _dir: tempfile::TempDir,
}

impl Default for TestServices {
    fn default() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // A file with nothing in it is a database with nothing in it.
        let file = dir.path().join("d.db");
        std::fs::write(&file, "").unwrap();
        Self {
            kv: SqliteKv::open(dir.path(), "test".to_owned()).unwrap(),
            database: SqliteDatabase::open(&file).unwrap(),
            _dir: dir,
        }
    }
}

impl Services for TestServices {
    fn ask(&self, ask: Ask) -> BoxFuture<Result<Answer, ServiceError>> {
        let answer = match ask {
            Ask::Fs(_) => Ok(Answer::Fs(FsAnswer::Done)),
            Ask::Kv(ask) => self.kv.answer(ask).map(Answer::Kv),
            Ask::Sql(ask) => {
                let answer = self.database.answer(ask);
                return Box::pin(async move { answer.await.map(Answer::Sql) });
            }
            // A provider that does not say what it took.
            Ask::Llm(LlmAsk::Embed { .. }) => {
                Ok(Answer::Llm(LlmAnswer::Vectors { vectors: Vec::new(), usage: Usage::Unknown }))
            }
            other => panic!("{other:?}"),
        };
        Box::pin(std::future::ready(answer))
    }
}
