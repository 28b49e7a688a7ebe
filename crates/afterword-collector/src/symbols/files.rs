//! The debug files that there are, as rows: what is asked of them, and what is said.

use afterword_symbols::Module;
use afterword_symbols::caches::ObjectInfo;
use sqlx::{AnyConnection, FromRow};

use super::Symbols;
use crate::database::Query;
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

/// Ids of one query.
const IDS: usize = 250;

/// One object in an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct DebugFile {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    /// Of the whole file.
    pub(crate) sha1: String,
    pub(crate) object_index: i64,
    pub(crate) debug_id: String,
    pub(crate) code_id: Option<String>,
    pub(crate) format: String,
    pub(crate) kind: String,
    pub(crate) arch: String,
    features: String,
    pub(crate) name: String,
    pub(crate) size_bytes: i64,
    pub(crate) blob: String,
    pub(crate) created_at: i64,
}

/// The columns of [`DebugFile`].
const SELECT: &str = "SELECT id, project_id, sha1, object_index, debug_id, code_id, format, kind, arch, features, name,
    size_bytes, blob, created_at FROM debug_files";

impl DebugFile {
    /// What it is good for: `symtab`, `debug`, `unwind`, `sources`.
    pub(crate) fn features(&self) -> impl Iterator<Item = &str> {
        self.features.split(' ').filter(|feature| !feature.is_empty())
    }

    pub(crate) fn has(&self, feature: &str) -> bool {
        self.features().any(|has| has == feature)
    }

    /// Whether it is of this module: by its debug id or, where the dump has none, its code id.
    pub(super) fn is_of(&self, module: &Module) -> bool {
        match (&module.debug_id, &module.code_id, &self.code_id) {
            (Some(debug_id), _, _) => *debug_id == self.debug_id,
            (None, Some(wanted), Some(code_id)) => wanted.eq_ignore_ascii_case(code_id),
            _ => false,
        }
    }
}

/// Where the blob of a file is, by the first of its objects.
pub(super) fn blob_of(object: &ObjectInfo, sha1: &str) -> String {
    let by_code = matches!(object.format, "elf" | "macho");
    let id = object
        .code_id
        .as_deref()
        .filter(|_| by_code)
        .unwrap_or(&object.debug_id);
    let id: String = id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    let (first, rest) = id.split_at_checked(2).unwrap_or(("00", &id));
    let rest = if rest.is_empty() { "0" } else { rest };
    let category = match (object.format, object.kind) {
        ("breakpad", _) => "breakpad",
        ("sourcebundle", _) => "sourcebundle",
        ("pdb", _) | (_, "dbg") => "debuginfo",
        _ => "executable",
    };
    format!("symbols/{first}/{rest}/{category}/{sha1}")
}

/// Notes the objects of a file. Those that are there stay as they are.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    project_id: i64,
    sha1: &str,
    name: &str,
    size_bytes: u64,
    blob: &str,
    objects: &[ObjectInfo],
) -> Result<(), Error> {
    for object in objects {
        sqlx::query(
            "INSERT INTO debug_files (project_id, sha1, object_index, debug_id, code_id, format, kind, arch, features,
                name, size_bytes, blob, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        )
        .bind(project_id)
        .bind(sha1)
        .bind(i64::try_from(object.index).unwrap_or(i64::MAX))
        .bind(&object.debug_id)
        .bind(object.code_id.as_deref())
        .bind(object.format)
        .bind(object.kind)
        .bind(object.arch)
        .bind(object.features.join(" "))
        .bind(object.name.as_deref().unwrap_or(name))
        .bind(i64::try_from(size_bytes).unwrap_or(i64::MAX))
        .bind(blob)
        .bind(now_ms())
        .execute(&mut *connection)
        .await
        .or_failed("note a debug file")?;
    }
    Ok(())
}

/// Which debug files to list.
#[derive(Debug, Default)]
pub(crate) struct Which<'a> {
    /// Part of a name or id, in any case.
    pub(crate) query: Option<&'a str>,
    pub(crate) debug_id: Option<&'a str>,
    pub(crate) code_id: Option<&'a str>,
}

impl Symbols {
    /// The debug files of a project, the newest first.
    pub(crate) async fn list(
        &self,
        project_id: i64,
        which: Which<'_>,
        offset: i64,
        most: i64,
    ) -> Result<Vec<DebugFile>, Error> {
        let mut query = Query::new(format!("{SELECT} WHERE project_id = "));
        query.bind(project_id);
        if let Some(text) = which.query {
            let pattern = format!("%{}%", escaped(text));
            query.push(" AND (");
            for (index, column) in ["name", "debug_id", "code_id", "sha1"].iter().enumerate() {
                query
                    .push(if index == 0 { "LOWER(" } else { " OR LOWER(" })
                    .push(column)
                    .push(") LIKE LOWER(");
                query.bind(pattern.clone()).push(") ESCAPE '\\'");
            }
            query.push(")");
        }
        if let Some(debug_id) = which.debug_id {
            query.push(" AND debug_id = ").bind(debug_id.to_owned());
        }
        if let Some(code_id) = which.code_id {
            query.push(" AND code_id = ").bind(code_id.to_ascii_lowercase());
        }
        query
            .push(" ORDER BY id DESC LIMIT ")
            .bind(most)
            .push(" OFFSET ")
            .bind(offset);
        query.fetch_all(&self.inner.database.read, "list debug files").await
    }

    /// The objects of a file.
    pub(crate) async fn by_sha1(&self, project_id: i64, sha1: &str) -> Result<Vec<DebugFile>, Error> {
        let mut query = Query::new(format!("{SELECT} WHERE project_id = "));
        query
            .bind(project_id)
            .push(" AND sha1 = ")
            .bind(sha1.to_owned())
            .push(" ORDER BY object_index");
        query.fetch_all(&self.inner.database.read, "look up a debug file").await
    }

    /// One object.
    pub(crate) async fn by_id(&self, project_id: i64, id: i64) -> Result<Option<DebugFile>, Error> {
        let mut query = Query::new(format!("{SELECT} WHERE project_id = "));
        query.bind(project_id).push(" AND id = ").bind(id);
        let found: Vec<DebugFile> = query
            .fetch_all(&self.inner.database.read, "look up a debug file")
            .await?;
        Ok(found.into_iter().next())
    }

    /// All that a project has for modules with these ids.
    pub(super) async fn of_modules(&self, project_id: i64, modules: &[Module]) -> Result<Vec<DebugFile>, Error> {
        let mut found = Vec::new();
        for modules in modules.chunks(IDS) {
            let mut query = Query::new(format!("{SELECT} WHERE project_id = "));
            query.bind(project_id).push(" AND (");
            query.bind_in(
                "debug_id",
                modules.iter().filter_map(|module| module.debug_id.as_deref()),
            );
            let without = modules.iter().filter(|module| module.debug_id.is_none());
            let code_ids = without
                .filter_map(|module| module.code_id.as_deref())
                .map(str::to_ascii_lowercase);
            query
                .push(" OR ")
                .bind_in("code_id", code_ids)
                .push(") ORDER BY id DESC LIMIT 4096");
            let rows: Vec<DebugFile> = query
                .fetch_all(&self.inner.database.read, "look for debug files")
                .await?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Removes a file with all its objects from a project, and its blob, if no other has it.
    pub(crate) async fn remove(&self, file: &DebugFile) -> Result<(), Error> {
        let operation = "remove a debug file";
        sqlx::query("DELETE FROM debug_files WHERE project_id = $1 AND sha1 = $2")
            .bind(file.project_id)
            .bind(&file.sha1)
            .execute(&self.inner.database.write)
            .await
            .or_failed(operation)?;
        let others: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM debug_files WHERE blob = $1")
            .bind(&file.blob)
            .fetch_one(&self.inner.database.read)
            .await
            .or_failed(operation)?;
        if others == 0 {
            self.inner.blobs.delete(&file.blob).await?;
        }
        Ok(())
    }

    /// The bytes of a file, in a file of the work folder that goes with the handle.
    pub(crate) async fn fetch(&self, file: &DebugFile) -> Result<tempfile::NamedTempFile, Error> {
        let local = self.work_file()?;
        self.inner.blobs.get_to_file(&file.blob, local.path()).await?;
        Ok(local)
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
