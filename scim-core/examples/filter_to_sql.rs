//! A SCIM filter as parameterised SQL: values never become part of the text, and attributes without a column are
//! refused. Three tables: `users`, and `emails` and `ims` with one row per value.
//!
//! ```text
//! cargo run -p scim-core --example filter_to_sql -- 'userName sw "a" and emails[type eq "work" and primary eq true]'
//! ```

use std::io::Write as _;

use scim_core::filter::{CompareOp, Comparison, Filter, Literal, Visitor};
use scim_core::path::AttributePath;

/// What a column holds, which decides how it compares.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    /// Text without regard to case.
    Text,
    /// Text by the letter.
    Exact,
    /// 0 or 1.
    Boolean,
    /// An instant as `2026-01-31T09:30:00Z`: such texts sort like their instants.
    Instant,
}

/// The columns of the users table, by attribute.
const USERS: [(&str, &str, Holds); 9] = [
    ("id", "u.id", Holds::Exact),
    ("externalId", "u.external_id", Holds::Exact),
    ("userName", "u.user_name", Holds::Text),
    ("displayName", "u.display_name", Holds::Text),
    ("title", "u.title", Holds::Text),
    ("userType", "u.user_type", Holds::Text),
    ("name.familyName", "u.family_name", Holds::Text),
    ("active", "u.active", Holds::Boolean),
    ("meta.lastModified", "u.last_modified", Holds::Instant),
];

/// The tables of multi-valued attributes; all have the columns below.
const TABLES: [&str; 2] = ["emails", "ims"];

/// The columns of one value, by sub-attribute.
const ELEMENT: [(&str, &str, Holds); 3] =
    [("value", "e.value", Holds::Text), ("type", "e.type", Holds::Text), ("primary", "e.is_primary", Holds::Boolean)];

/// A condition and what its question marks stand for.
#[derive(Debug, PartialEq)]
struct Sql {
    text: String,
    parameters: Vec<String>,
}

impl Sql {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), parameters: Vec::new() }
    }

    fn with(mut self, parameter: impl Into<String>) -> Self {
        self.parameters.push(parameter.into());
        self
    }

    fn map(self, text: impl FnOnce(&str) -> String) -> Self {
        Self { text: text(&self.text), parameters: self.parameters }
    }

    fn join(terms: Vec<Self>, operator: &str) -> Self {
        let text = terms.iter().map(|term| term.text.as_str()).collect::<Vec<_>>().join(operator);
        Self { text: format!("({text})"), parameters: terms.into_iter().flat_map(|term| term.parameters).collect() }
    }
}

#[derive(Default)]
struct ToSql {
    /// The table whose rows are looked at, between brackets.
    table: Option<&'static str>,
}

impl ToSql {
    /// The column of an attribute, and the table if it is one with a row per value.
    fn column(&self, path: &AttributePath) -> Result<(Option<&'static str>, &'static str, Holds), String> {
        let unknown = || format!("`{path}` cannot be searched here");
        let find = |columns: &[(&str, &'static str, Holds)], name: &str| {
            let found = columns.iter().find(|(attribute, ..)| attribute.eq_ignore_ascii_case(name));
            found.map(|(_, column, holds)| (*column, *holds)).ok_or_else(unknown)
        };
        if self.table.is_some() {
            let (column, holds) = find(&ELEMENT, &path.to_string())?;
            return Ok((None, column, holds));
        }
        if let Some(table) = TABLES.iter().find(|table| table.eq_ignore_ascii_case(path.name())) {
            let (column, holds) = find(&ELEMENT, path.sub().unwrap_or("value"))?;
            return Ok((Some(table), column, holds));
        }
        let (column, holds) = find(&USERS, &path.to_string())?;
        Ok((None, column, holds))
    }
}

/// `column op value`, true or false and never NULL, so that `NOT` turns it round.
fn condition(column: &str, holds: Holds, op: CompareOp, value: &Literal) -> Result<Sql, String> {
    let sql = match (value, op) {
        (Literal::Null, CompareOp::Eq) => Sql::new(format!("{column} IS NULL")),
        (Literal::Null, CompareOp::Ne) => Sql::new(format!("{column} IS NOT NULL")),
        (Literal::Boolean(value), CompareOp::Eq) if holds == Holds::Boolean => {
            Sql::new(format!("COALESCE({column} = ?, FALSE)")).with(i32::from(*value).to_string())
        }
        (Literal::Boolean(value), CompareOp::Ne) if holds == Holds::Boolean => {
            Sql::new(format!("COALESCE({column} <> ?, TRUE)")).with(i32::from(*value).to_string())
        }
        (Literal::String(text), op) if holds != Holds::Boolean => {
            let (left, right) = match holds {
                Holds::Text => (format!("LOWER({column})"), "LOWER(?)"),
                _ => (column.to_owned(), "?"),
            };
            let like = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let (compared, parameter) = match op {
                CompareOp::Eq => (format!("{left} = {right}"), text.to_string()),
                CompareOp::Ne => {
                    return Ok(Sql::new(format!("COALESCE({left} <> {right}, TRUE)")).with(text.as_str()));
                }
                CompareOp::Gt => (format!("{left} > {right}"), text.to_string()),
                CompareOp::Ge => (format!("{left} >= {right}"), text.to_string()),
                CompareOp::Lt => (format!("{left} < {right}"), text.to_string()),
                CompareOp::Le => (format!("{left} <= {right}"), text.to_string()),
                CompareOp::Co => (format!("{left} LIKE {right} ESCAPE '\\'"), format!("%{like}%")),
                CompareOp::Sw => (format!("{left} LIKE {right} ESCAPE '\\'"), format!("{like}%")),
                CompareOp::Ew => (format!("{left} LIKE {right} ESCAPE '\\'"), format!("%{like}")),
            };
            Sql::new(format!("COALESCE({compared}, FALSE)")).with(parameter)
        }
        _ => return Err(format!("`{}` does not go with that value here", op.as_str())),
    };
    Ok(sql)
}

/// Some value of the user meets the condition.
fn exists(table: &str, condition: &str) -> String {
    format!("EXISTS (SELECT 1 FROM {table} e WHERE e.user_id = u.id AND {condition})")
}

impl Visitor for ToSql {
    type Output = Sql;
    type Error = String;

    fn compare(&mut self, comparison: &Comparison) -> Result<Sql, String> {
        let Comparison { path, op, value } = comparison;
        let (table, column, holds) = self.column(path)?;
        let Some(table) = table else {
            return condition(column, holds, *op, value);
        };
        // About the list as a whole: no value at all is `null`, and differs from every value.
        let any = exists(table, &format!("{column} IS NOT NULL"));
        match (value, op) {
            (Literal::Null, CompareOp::Eq) => Ok(Sql::new(format!("NOT {any}"))),
            (Literal::Null, CompareOp::Ne) => Ok(Sql::new(any)),
            (_, CompareOp::Ne) => Ok(condition(column, holds, *op, value)?
                .map(|test| format!("(NOT {any} OR {})", exists(table, &format!("{column} IS NOT NULL AND {test}"))))),
            _ => Ok(condition(column, holds, *op, value)?.map(|test| exists(table, test))),
        }
    }

    fn present(&mut self, path: &AttributePath) -> Result<Sql, String> {
        let (table, column, holds) = self.column(path)?;
        let test = match holds {
            Holds::Boolean => format!("{column} IS NOT NULL"),
            _ => format!("COALESCE({column} <> '', FALSE)"),
        };
        Ok(Sql::new(table.map_or(test.clone(), |table| exists(table, &test))))
    }

    fn and(&mut self, terms: Vec<Sql>) -> Result<Sql, String> {
        Ok(Sql::join(terms, " AND "))
    }

    fn or(&mut self, terms: Vec<Sql>) -> Result<Sql, String> {
        Ok(Sql::join(terms, " OR "))
    }

    fn not(&mut self, inner: Sql) -> Result<Sql, String> {
        Ok(inner.map(|text| format!("NOT {text}")))
    }

    fn enter(&mut self, path: &AttributePath) -> Result<(), String> {
        let found = TABLES.iter().find(|table| path.sub().is_none() && table.eq_ignore_ascii_case(path.name()));
        self.table = Some(found.ok_or_else(|| format!("`{path}` cannot be searched here"))?);
        Ok(())
    }

    fn value_path(&mut self, path: &AttributePath, inner: Sql) -> Result<Sql, String> {
        let table = self.table.take().ok_or_else(|| format!("`{path}` was not entered"))?;
        Ok(inner.map(|text| exists(table, text)))
    }
}

fn to_sql(filter: &str) -> Result<Sql, String> {
    Filter::parse(filter).map_err(|error| error.to_string())?.accept(&mut ToSql::default())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = std::env::args().nth(1).ok_or("usage: filter_to_sql FILTER")?;
    let sql = to_sql(&filter)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "SELECT u.* FROM users u WHERE {}", sql.text)?;
    for (at, parameter) in sql.parameters.iter().enumerate() {
        writeln!(out, "  ?{} = {parameter:?}", at + 1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_parameters_and_never_text() {
        let sql = to_sql(r#"userName eq "x'; DROP TABLE users; --" and title co "100%_\\""#).unwrap();
        assert_eq!(
            sql.text,
            r"(COALESCE(LOWER(u.user_name) = LOWER(?), FALSE) AND COALESCE(LOWER(u.title) LIKE LOWER(?) ESCAPE '\', FALSE))"
        );
        assert_eq!(sql.parameters, ["x'; DROP TABLE users; --", r"%100\%\_\\%"]);
    }

    #[test]
    fn one_row_meets_the_whole_value_path() {
        let sql = to_sql(r#"not (emails[type eq "work" and primary eq true])"#).unwrap();
        assert_eq!(
            sql.text,
            "NOT EXISTS (SELECT 1 FROM emails e WHERE e.user_id = u.id AND \
             (COALESCE(LOWER(e.type) = LOWER(?), FALSE) AND COALESCE(e.is_primary = ?, FALSE)))"
        );
        assert_eq!(sql.parameters, ["work", "1"]);
    }

    #[test]
    fn what_has_no_column_is_refused() {
        for filter in ["password sw \"a\"", "emails[display pr]", "addresses[type eq \"work\"]", "active gt true"] {
            assert!(to_sql(filter).is_err(), "{filter}");
        }
    }
}
