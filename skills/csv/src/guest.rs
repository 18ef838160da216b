//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

#![expect(clippy::too_many_arguments, reason = "the generated bindings flatten records")]

use crate::{group, table};

wit_bindgen::generate!({ world: "csv", path: "wit", generate_all });

struct Skill;

impl Guest for Skill {
    fn parse(text: String, format: Option<Format>) -> Result<Table, Error> {
        let table = table::parse(&text, layout(format)).map_err(Error::Permanent)?;
        let row = |row: table::Row| row.fields.iter().map(str::to_owned).collect();
        Ok(Table { columns: table.columns, rows: table.rows.into_iter().map(row).collect() })
    }

    fn records(text: String, format: Option<Format>) -> Result<Json, Error> {
        let records = table::records(&text, layout(format)).map_err(Error::Permanent)?;
        Ok(records.to_string())
    }

    fn group(
        text: String,
        by: Vec<String>,
        aggregates: Vec<Aggregate>,
        format: Option<Format>,
    ) -> Result<Json, Error> {
        let aggregates: Vec<_> = aggregates.into_iter().map(plain).collect();
        let groups = group::group(&text, &by, &aggregates, layout(format));
        Ok(groups.map_err(Error::Permanent)?.to_string())
    }
}

fn layout(format: Option<Format>) -> table::Format {
    let default = table::Format::default();
    let Some(format) = format else { return default };
    table::Format {
        delimiter: format.delimiter.unwrap_or(default.delimiter),
        header: format.header.unwrap_or(default.header),
    }
}

fn plain(aggregate: Aggregate) -> group::Aggregate {
    let function = match aggregate.function {
        AggregateFunction::Count => group::Function::Count,
        AggregateFunction::Sum => group::Function::Sum,
        AggregateFunction::Mean => group::Function::Mean,
        AggregateFunction::Min => group::Function::Min,
        AggregateFunction::Max => group::Function::Max,
    };
    group::Aggregate { function, column: aggregate.column, name: aggregate.name }
}

export!(Skill);
