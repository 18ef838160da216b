//! Rows to groups, and aggregates over each group.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::decimal::Decimal;
use crate::table::{self, Format, Row, Table};

/// Least digits behind the point of a mean.
const MEAN_SCALE: u32 = 6;

/// What to compute over the rows of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The function.
    pub function: Function,
    /// The column whose fields it takes.
    pub column: Option<String>,
    /// What the result is called.
    pub name: Option<String>,
}

/// Functions over the fields of a column. Empty fields do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented in wit/world.wit, where people see it")]
pub enum Function {
    Count,
    Sum,
    Mean,
    Min,
    Max,
}

impl Function {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// Groups the rows of `text`; the groups come in the order of their keys.
pub fn group(
    text: &str,
    by: &[String],
    aggregates: &[Aggregate],
    format: Format,
) -> Result<Value, String> {
    let table = table::parse(text, format)?;
    let keys = by.iter().map(|name| column(&table, name)).collect::<Result<Vec<_>, _>>()?;
    let columns = aggregates
        .iter()
        .map(|aggregate| Column::new(&table, aggregate))
        .collect::<Result<Vec<_>, _>>()?;
    check_names(by, &columns)?;
    let mut groups: BTreeMap<Vec<&str>, Vec<&Row>> = BTreeMap::new();
    for row in &table.rows {
        let key = keys.iter().map(|index| field(row, *index)).collect();
        groups.entry(key).or_default().push(row);
    }
    if by.is_empty() {
        groups.entry(Vec::new()).or_default();
    }
    let mut found = Vec::with_capacity(groups.len());
    for (key, rows) in groups {
        let mut object: Map<String, Value> =
            by.iter().cloned().zip(key.into_iter().map(Value::from)).collect();
        for column in &columns {
            object.insert(column.name.clone(), column.over(&rows)?);
        }
        found.push(Value::Object(object));
    }
    Ok(Value::Array(found))
}

/// An aggregate with its column found.
struct Column {
    function: Function,
    index: Option<usize>,
    /// Of the result.
    name: String,
    /// Of the column, for messages.
    title: String,
    /// Whether every field that is not empty is a number, so that the order is that of numbers.
    numbers: bool,
}

impl Column {
    fn new(table: &Table, aggregate: &Aggregate) -> Result<Self, String> {
        let function = aggregate.function;
        let index = aggregate.column.as_deref().map(|name| column(table, name)).transpose()?;
        if index.is_none() && function != Function::Count {
            return Err(format!("`{}` needs a column", function.name()));
        }
        let default_name = match &aggregate.column {
            Some(column) => format!("{}_{column}", function.name()),
            None => function.name().to_owned(),
        };
        let is_number = |row: &Row| {
            let text = index.map_or("", |index| field(row, index));
            text.is_empty() || Decimal::parse(text).is_some()
        };
        Ok(Self {
            function,
            index,
            name: aggregate.name.clone().unwrap_or(default_name),
            title: aggregate.column.clone().unwrap_or_default(),
            numbers: table.rows.iter().all(is_number),
        })
    }

    fn over(&self, rows: &[&Row]) -> Result<Value, String> {
        let Some(index) = self.index else { return Ok(rows.len().into()) };
        let filled: Vec<&Row> =
            rows.iter().copied().filter(|row| !field(row, index).is_empty()).collect();
        match self.function {
            Function::Count => Ok(filled.len().into()),
            Function::Sum => self.sum(index, &filled).map(Decimal::to_json),
            Function::Mean if filled.is_empty() => Ok(Value::Null),
            Function::Mean => self
                .sum(index, &filled)?
                .divided(filled.len() as u64, MEAN_SCALE)
                .map(Decimal::to_json)
                .ok_or_else(|| self.overflow()),
            Function::Min => self.extreme(index, &filled, Ordering::Less),
            Function::Max => self.extreme(index, &filled, Ordering::Greater),
        }
    }

    fn sum(&self, index: usize, rows: &[&Row]) -> Result<Decimal, String> {
        rows.iter().try_fold(Decimal::ZERO, |sum, row| {
            let text = field(row, index);
            let number = Decimal::parse(text).ok_or_else(|| {
                let (line, title) = (row.line, &self.title);
                format!("line {line}: `{text}` in column `{title}` is not a decimal number")
            })?;
            sum.plus(number).ok_or_else(|| self.overflow())
        })
    }

    /// The field that stands in the `wanted` order to every other one.
    fn extreme(&self, index: usize, rows: &[&Row], wanted: Ordering) -> Result<Value, String> {
        let mut texts = rows.iter().map(|row| field(row, index));
        let Some(first) = texts.next() else { return Ok(Value::Null) };
        if !self.numbers {
            let found = texts.fold(first, |a, b| if b.cmp(a) == wanted { b } else { a });
            return Ok(found.into());
        }
        // `numbers` says that all of them parse.
        let number = |text| Decimal::parse(text).unwrap_or(Decimal::ZERO);
        texts
            .map(number)
            .try_fold(number(first), |a, b| Some(if b.compare(a)? == wanted { b } else { a }))
            .map(Decimal::to_json)
            .ok_or_else(|| self.overflow())
    }

    fn overflow(&self) -> String {
        format!("the numbers in column `{}` have too many digits", self.title)
    }
}

fn field(row: &Row, index: usize) -> &str {
    row.fields.get(index).unwrap_or_default()
}

fn column(table: &Table, name: &str) -> Result<usize, String> {
    table.columns.iter().position(|column| column == name).ok_or_else(|| {
        let columns: Vec<String> = table.columns.iter().map(|name| format!("`{name}`")).collect();
        format!("there is no column `{name}`, found {}", columns.join(", "))
    })
}

fn check_names(by: &[String], columns: &[Column]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut names = by.iter().chain(columns.iter().map(|column| &column.name));
    match names.find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(format!("two fields of the result are called `{twice}`")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALES: &str =
        "day,shop,price\n2024-01-02,B,0.10\n2024-01-01,A,0.20\n2024-01-03,B,0.20\n2024-01-04,B,\n";

    fn aggregate(function: Function, column: &str) -> Aggregate {
        let column = Some(column.to_owned()).filter(|column| !column.is_empty());
        Aggregate { function, column, name: None }
    }

    #[track_caller]
    fn run(by: &[&str], aggregates: &[(Function, &str)]) -> Result<String, String> {
        let by: Vec<String> = by.iter().map(|name| (*name).to_owned()).collect();
        let aggregates: Vec<_> = aggregates.iter().map(|(f, c)| aggregate(*f, c)).collect();
        group(SALES, &by, &aggregates, Format::default()).map(|value| value.to_string())
    }

    #[track_caller]
    fn check(by: &[&str], aggregates: &[(Function, &str)], expected: &str) {
        assert_eq!(run(by, aggregates).as_deref(), Ok(expected));
    }

    #[test]
    fn groups_come_in_the_order_of_their_keys() {
        check(
            &["shop"],
            &[(Function::Count, ""), (Function::Count, "price"), (Function::Sum, "price")],
            r#"[{"shop":"A","count":1,"count_price":1,"sum_price":0.2},{"shop":"B","count":3,"count_price":2,"sum_price":0.3}]"#,
        );
    }

    #[test]
    fn no_keys_make_one_group() {
        check(
            &[],
            &[(Function::Mean, "price"), (Function::Min, "day"), (Function::Max, "price")],
            r#"[{"mean_price":0.166667,"min_day":"2024-01-01","max_price":0.2}]"#,
        );
    }

    #[test]
    fn nothing_has_no_mean() {
        let aggregates = [aggregate(Function::Mean, "a"), aggregate(Function::Sum, "a")];
        let found = group("a\n", &[], &aggregates, Format::default()).unwrap();
        assert_eq!(found.to_string(), r#"[{"mean_a":null,"sum_a":0}]"#);
    }

    #[track_caller]
    fn check_refused(by: &[&str], aggregates: &[(Function, &str)], expected: &str) {
        assert_eq!(run(by, aggregates).unwrap_err(), expected);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        check_refused(
            &[],
            &[(Function::Sum, "day")],
            "line 2: `2024-01-02` in column `day` is not a decimal number",
        );
        check_refused(&["shpo"], &[], "there is no column `shpo`, found `day`, `shop`, `price`");
        check_refused(&[], &[(Function::Sum, "")], "`sum` needs a column");
        check_refused(
            &["shop"],
            &[(Function::Count, ""), (Function::Count, "")],
            "two fields of the result are called `count`",
        );
    }
}
