//! A statement that is put together, with its values apart from its text.

use sqlx::any::{AnyArguments, AnyQueryResult, AnyRow};
use sqlx::{AnyConnection, AnyPool, Arguments as _, AssertSqlSafe, Encode, FromRow, Type};

use super::rows::{is_numbered, push_placeholder};
use crate::Error;
use crate::error::OrFailed as _;

/// Stands in the text for a value until it is known which database is asked.
const MARK: char = '\u{1}';

/// The text so far and its values. Text is only ever what the program itself says; what comes from outside is bound.
pub(crate) struct Query {
    text: String,
    arguments: AnyArguments,
    /// A value that could not be bound: told when the query is run.
    failed: Option<sqlx::Error>,
}

impl Query {
    /// A query that begins like this.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            arguments: AnyArguments::default(),
            failed: None,
        }
    }

    /// Goes on like this.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Puts a value here.
    pub(crate) fn bind<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, sqlx::Any> + Type<sqlx::Any>,
    {
        match self.arguments.add(value) {
            Ok(()) => self.text.push(MARK),
            Err(error) => self.failed = Some(sqlx::Error::Encode(error)),
        }
        self
    }

    /// `column IN ($1, $2)`; nothing is in an empty list.
    pub(crate) fn bind_in<'t, T>(&mut self, column: &str, values: impl IntoIterator<Item = T>) -> &mut Self
    where
        T: Encode<'t, sqlx::Any> + Type<sqlx::Any>,
    {
        let mut any = false;
        for value in values {
            if any {
                self.push(", ");
            } else {
                self.push(column).push(" IN (");
            }
            any = true;
            self.bind(value);
        }
        self.push(if any { ")" } else { "1 = 0" })
    }

    /// All rows.
    pub(crate) async fn fetch_all<T>(self, pool: &AnyPool, operation: &'static str) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        let mut connection = pool.acquire().await.or_failed(operation)?;
        self.fetch_all_on(&mut connection, operation).await
    }

    /// All rows, within a transaction.
    pub(crate) async fn fetch_all_on<T>(
        self,
        connection: &mut AnyConnection,
        operation: &'static str,
    ) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        let (text, arguments) = self.parts(connection).or_failed(operation)?;
        sqlx::query_as_with(text, arguments)
            .fetch_all(connection)
            .await
            .or_failed(operation)
    }

    /// Runs it, within a transaction.
    pub(crate) async fn execute_on(
        self,
        connection: &mut AnyConnection,
        operation: &'static str,
    ) -> Result<AnyQueryResult, Error> {
        let (text, arguments) = self.parts(connection).or_failed(operation)?;
        sqlx::query_with(text, arguments)
            .execute(connection)
            .await
            .or_failed(operation)
    }

    /// Text and values for this connection, for what fetches row by row.
    pub(crate) fn parts(
        self,
        connection: &AnyConnection,
    ) -> Result<(AssertSqlSafe<String>, AnyArguments), sqlx::Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let numbered = is_numbered(connection);
        let mut text = String::with_capacity(self.text.len() + 3 * self.arguments.len());
        let mut number = 0;
        for char in self.text.chars() {
            if char == MARK {
                number += 1;
                push_placeholder(&mut text, numbered, number);
            } else {
                text.push(char);
            }
        }
        Ok((AssertSqlSafe(text), self.arguments))
    }
}
