//! Where the collectors of these tests keep their data.
//!
//! By default that is SQLite and files in the data folder. With `AFTERWORD_TEST_DATABASE=postgres://…` each data folder has a
//! database of its own in that PostgreSQL, and with `AFTERWORD_TEST_BLOBS=s3://bucket` a prefix of its own in that bucket
//! (`AWS_…` variables say where it is): the same tests then say the same of both. `cargo xtask test` runs them twice.

use std::net::SocketAddr;
use std::path::Path;

use afterword_collector::Config;
use futures_util::StreamExt as _;
use object_store::ObjectStoreExt as _;
use sqlx::{AnyPool, Connection as _, Executor as _};

/// What a collector on this data folder is started with.
pub(crate) async fn config(data: &Path) -> Config {
    let mut config = Config::new(data.to_owned(), SocketAddr::from(([127, 0, 0, 1], 0)));
    config.database = database_url(data).await;
    config.blobs = bucket().map(|bucket| format!("{bucket}/{}", name(data)));
    config
}

/// The database of a data folder, to look into what no page shows, or to put there what a crash would have left.
pub(crate) async fn database(data: &Path) -> AnyPool {
    sqlx::any::install_default_drivers();
    let file = || format!("sqlite://{}", data.join("afterword.db").display());
    let url = database_url(data).await.unwrap_or_else(file);
    AnyPool::connect(&url).await.unwrap()
}

/// Whether databases are in PostgreSQL.
pub(crate) fn is_postgres() -> bool {
    std::env::var_os("AFTERWORD_TEST_DATABASE").is_some()
}

/// Puts a blob where the collector will look for it.
pub(crate) async fn put_blob(data: &Path, path: &str, bytes: Vec<u8>) {
    let (store, path) = store(data, path);
    store.put(&path, bytes.into()).await.unwrap();
}

/// Whether a blob is there.
pub(crate) async fn has_blob(data: &Path, path: &str) -> bool {
    let (store, path) = store(data, path);
    store.head(&path).await.is_ok()
}

/// The paths of the blobs under this one.
pub(crate) async fn blobs(data: &Path, under: &str) -> Vec<object_store::path::Path> {
    let (store, path) = store(data, under);
    let listed: Vec<_> = store.list(Some(&path)).collect().await;
    listed.into_iter().map(|blob| blob.unwrap().location).collect()
}

/// Waits until there are so many blobs under this path.
pub(crate) async fn until_blobs(data: &Path, under: &str, count: usize) {
    let start = std::time::Instant::now();
    loop {
        let there = blobs(data, under).await;
        if there.len() == count {
            return;
        }
        assert!(start.elapsed() < crate::server::PATIENCE, "{there:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// The tables of a database.
pub(crate) async fn tables(database: &AnyPool) -> Vec<String> {
    let tables = if is_postgres() {
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    };
    sqlx::query_scalar(tables).fetch_all(database).await.unwrap()
}

/// All bytes that are kept, each with where: of the files of the data folder while the collector runs, the log beside the
/// database included; of the rows, where they are in PostgreSQL; of the blobs.
pub(crate) async fn everything(data: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for file in files(data) {
        found.push((file.display().to_string(), std::fs::read(&file).unwrap()));
    }
    if is_postgres() {
        let database = database(data).await;
        for table in tables(&database).await {
            let rows = format!("SELECT CAST({table} AS TEXT) FROM {table}");
            let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(rows))
                .fetch_all(&database)
                .await
                .unwrap();
            found.extend(rows.into_iter().map(|row| (table.clone(), row.into_bytes())));
        }
        database.close().await;
    }
    if bucket().is_some() {
        let (store, _) = store(data, "");
        for blob in blobs(data, "").await {
            let bytes = store.get(&blob).await.unwrap().bytes().await.unwrap();
            found.push((blob.to_string(), bytes.to_vec()));
        }
    }
    found
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn store(data: &Path, path: &str) -> (Box<dyn object_store::ObjectStore>, object_store::path::Path) {
    match bucket() {
        Some(bucket) => {
            let store = object_store::aws::AmazonS3Builder::from_env().with_url(&bucket).build();
            let path = format!("{}/{path}", name(data));
            (Box::new(store.unwrap()), path.into())
        }
        None => {
            let folder = data.join("blobs");
            std::fs::create_dir_all(&folder).unwrap();
            let store = object_store::local::LocalFileSystem::new_with_prefix(folder).unwrap();
            (Box::new(store), path.into())
        }
    }
}

fn bucket() -> Option<String> {
    std::env::var("AFTERWORD_TEST_BLOBS").ok()
}

/// A name that only this data folder has.
fn name(data: &Path) -> String {
    let letters = data.to_str().unwrap().chars().filter(char::is_ascii_alphanumeric);
    // One of PostgreSQL's has up to 63 bytes; what tells folders apart is at the end of their paths.
    let letters: Vec<char> = letters.collect();
    letters[letters.len().saturating_sub(60)..].iter().collect()
}

/// The address of the data folder's database, which is made if it is not there. `None` for SQLite.
async fn database_url(data: &Path) -> Option<String> {
    let cluster = std::env::var("AFTERWORD_TEST_DATABASE").ok()?;
    let name = name(data);
    let (server, _) = cluster.rsplit_once('/').unwrap();
    let mut connection = sqlx::PgConnection::connect(&cluster).await.unwrap();
    let make = sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
    if let Err(error) = connection.execute(make).await {
        let code = error.as_database_error().and_then(|error| error.code());
        assert_eq!(code.as_deref(), Some("42P04"), "it is there already: {error}");
    }
    connection.close().await.unwrap();
    Some(format!("{server}/{name}"))
}
