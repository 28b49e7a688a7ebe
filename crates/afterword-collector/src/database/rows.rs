//! Many rows in one statement.

/// Rows of one statement. Of few sizes, so that few statements are prepared.
const SIZES: [usize; 6] = [1024, 256, 64, 16, 4, 1];

/// Values of one statement, at most: SQLite takes 32,766, PostgreSQL 65,535.
const MAX_VALUES: usize = 4096;

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}${}", row * columns + column + 1);
        }
        text.push(')');
    }
    text
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
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(placeholders(1, 1), "($1)");
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
