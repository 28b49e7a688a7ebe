//! A statement that is put together, with its values apart from its text.

use sqlx::any::{AnyArguments, AnyQueryResult, AnyRow};
use sqlx::{AnyConnection, AnyPool, Arguments as _, AssertSqlSafe, Encode, FromRow, Type};

use crate::Error;
use crate::error::OrFailed as _;

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

    /// Puts a value here: `$1`, `$2`, …
    pub(crate) fn bind<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, sqlx::Any> + Type<sqlx::Any>,
    {
        use std::fmt::Write as _;
        match self.arguments.add(value) {
            Ok(()) => {
                // Writing to a String cannot fail.
                let _ = write!(self.text, "${}", self.arguments.len());
            }
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
        let (text, arguments) = self.parts().or_failed(operation)?;
        sqlx::query_as_with(text, arguments)
            .fetch_all(pool)
            .await
            .or_failed(operation)
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
        let (text, arguments) = self.parts().or_failed(operation)?;
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
        let (text, arguments) = self.parts().or_failed(operation)?;
        sqlx::query_with(text, arguments)
            .execute(connection)
            .await
            .or_failed(operation)
    }

    /// Text and values, for what fetches row by row.
    pub(crate) fn parts(self) -> Result<(AssertSqlSafe<String>, AnyArguments), sqlx::Error> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok((AssertSqlSafe(self.text), self.arguments)),
        }
    }
}
