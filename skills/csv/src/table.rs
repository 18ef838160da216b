//! CSV text to columns and rows.

use std::collections::BTreeSet;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use serde_json::Value;

/// How a text is written. The default is a comma and a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// What stands between fields.
    pub delimiter: char,
    /// Whether the first row names the columns.
    pub header: bool,
}

impl Default for Format {
    fn default() -> Self {
        Self { delimiter: ',', header: true }
    }
}

/// The content of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// One field per column each.
    pub rows: Vec<Row>,
}

/// One row and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line in the text where it begins, from 1.
    pub line: u64,
    /// Its fields.
    pub fields: StringRecord,
}

/// Reads a whole text.
pub fn parse(text: &str, format: Format) -> Result<Table, String> {
    // Spreadsheets put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(format.delimiter)?)
        .has_headers(false)
        .trim(Trim::None)
        .from_reader(text.as_bytes());
    let mut rows = reader
        .records()
        .map(|record| {
            let fields = record.map_err(describe)?;
            let line = fields.position().map_or(0, csv::Position::line);
            Ok(Row { line, fields })
        })
        .collect::<Result<Vec<Row>, String>>()?;
    let columns = match rows.first() {
        Some(first) if format.header => first.fields.iter().map(str::to_owned).collect(),
        Some(first) => (1..=first.fields.len()).map(|n| format!("column_{n}")).collect(),
        None => Vec::new(),
    };
    if format.header && !rows.is_empty() {
        rows.remove(0);
    }
    Ok(Table { columns, rows })
}

/// Reads a whole text into one object per row.
pub fn records(text: &str, format: Format) -> Result<Value, String> {
    let table = parse(text, format)?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = table.columns.iter().find(|column| !seen.insert(column.as_str())) {
        return Err(format!("two columns are called `{twice}`"));
    }
    let object = |row: &Row| {
        let fields = row.fields.iter().map(Value::from);
        table.columns.iter().cloned().zip(fields).collect::<Value>()
    };
    Ok(table.rows.iter().map(object).collect())
}

fn delimiter(delimiter: char) -> Result<u8, String> {
    u8::try_from(delimiter)
        .ok()
        .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n'))
        .ok_or_else(|| {
            format!(
                "`{delimiter}` cannot stand between fields, expected `,`, `;`, a tab or the like"
            )
        })
}

fn describe(error: csv::Error) -> String {
    match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            let fields = if *len == 1 { "field" } else { "fields" };
            format!("line {line} has {len} {fields}, expected {expected_len} as in the first row")
        }
        _ => format!("not CSV: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, format: Format, columns: &[&str], rows: &[&[&str]]) {
        let table = parse(text, format).unwrap();
        let found: Vec<Vec<&str>> =
            table.rows.iter().map(|row| row.fields.iter().collect()).collect();
        assert_eq!(
            (table.columns.as_slice(), found.as_slice()),
            (
                columns.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>().as_slice(),
                rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>().as_slice(),
            )
        );
    }

    #[test]
    fn reads_quotes_line_breaks_and_a_byte_order_mark() {
        check(
            "\u{feff}a,b\r\n\"x, \"\"y\"\"\",\"1\n2\"\n",
            Format::default(),
            &["a", "b"],
            &[&["x, \"y\"", "1\n2"]],
        );
    }

    #[test]
    fn columns_without_a_header_have_numbers() {
        let format = Format { delimiter: ';', header: false };
        check("1;2\n3;4", format, &["column_1", "column_2"], &[&["1", "2"], &["3", "4"]]);
    }

    #[test]
    fn nothing_has_neither_columns_nor_rows() {
        check("", Format::default(), &[], &[]);
        check("a,b\n", Format::default(), &["a", "b"], &[]);
    }

    #[test]
    fn records_keep_the_order_of_columns() {
        let found = records("z,a\n1,2\n", Format::default()).unwrap();
        assert_eq!(found.to_string(), r#"[{"z":"1","a":"2"}]"#);
    }

    #[track_caller]
    fn check_refused(text: &str, delimiter: char, expected: &str) {
        let format = Format { delimiter, header: true };
        assert_eq!(records(text, format).unwrap_err(), expected);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        check_refused("a,b\n1,2\n3\n", ',', "line 3 has 1 field, expected 2 as in the first row");
        check_refused("a,a\n1,2\n", ',', "two columns are called `a`");
        check_refused(
            "a",
            '→',
            "`→` cannot stand between fields, expected `,`, `;`, a tab or the like",
        );
    }
}
