//! Many rows in one statement.

use sqlx::AnyConnection;

/// Rows of one statement. Of few sizes, so that few statements are prepared.
const SIZES: [usize; 6] = [1024, 256, 64, 16, 4, 1];

/// Values of one statement, at most: SQLite takes 32,766, PostgreSQL 65,535.
const MAX_VALUES: usize = 4096;

/// `($1, $2), ($3, $4)` for two rows of two columns, and `(?, ?), (?, ?)` for SQLite: it looks for the name of each value
/// among those of all, and `$1` is a name, so that naming a thousand would cost most of the time that digesting takes.
pub(crate) fn placeholders(connection: &AnyConnection, rows: usize, columns: usize) -> String {
    let numbered = is_numbered(connection);
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            text.push_str(if column == 0 { "" } else { ", " });
            push_placeholder(&mut text, numbered, row * columns + column + 1);
        }
        text.push(')');
    }
    text
}

/// Whether values of a statement have numbers.
pub(super) fn is_numbered(connection: &AnyConnection) -> bool {
    connection.backend_name() != "SQLite"
}

/// The place of the value with this number.
pub(super) fn push_placeholder(text: &mut String, numbered: bool, number: usize) {
    use std::fmt::Write as _;
    if numbered {
        // Writing to a String cannot fail.
        let _ = write!(text, "${number}");
    } else {
        text.push('?');
    }
}

/// Rows of so many columns in pieces that each go into one statement.
pub(crate) fn chunks<T>(mut rows: &[T], columns: usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let fits = |size: &usize| *size <= rows.len() && (*size == 1 || size * columns <= MAX_VALUES);
        let size = SIZES.into_iter().find(fits)?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;

    #[tokio::test]
    async fn placeholders_are_what_the_database_wants() {
        sqlx::any::install_default_drivers();
        let sqlite = sqlx::AnyConnection::connect("sqlite::memory:").await.unwrap();
        assert_eq!(placeholders(&sqlite, 2, 3), "(?, ?, ?), (?, ?, ?)");
        assert_eq!(placeholders(&sqlite, 1, 1), "(?)");
        let mut text = String::new();
        push_placeholder(&mut text, true, 12);
        assert_eq!(text, "$12");
    }

    #[test]
    fn chunks_are_of_few_sizes_and_lose_nothing() {
        let rows: Vec<usize> = (0..600).collect();
        let sizes: Vec<usize> = chunks(&rows, 15).map(<[usize]>::len).collect();
        assert_eq!(sizes, [256, 256, 64, 16, 4, 4]);
        assert_eq!(chunks(&rows, 100).next().unwrap().len(), 16);
        assert_eq!(chunks(&rows, 5000).next().unwrap().len(), 1);
        assert_eq!(chunks(&rows, 15).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(chunks::<u8>(&[], 2).count(), 0);
    }
}
