use crate::filter::{Comparison, Filter, ValuePath};
use crate::path::AttributePath;

/// Turns a filter into something else, bottom up: a query of a database, a set of columns, a price.
///
/// Between [`enter`](Self::enter) and [`value_path`](Self::value_path) the paths of comparisons are sub-attributes of
/// the entered attribute. A filter that was parsed is at most [`Limits::depth`](crate::limits::Limits::depth) deep, so
/// the walk is too.
///
/// The attributes that a filter looks at:
///
/// ```
/// use std::convert::Infallible;
/// use scim_core::filter::{Comparison, Filter, Visitor};
/// use scim_core::path::AttributePath;
///
/// struct Names;
/// impl Visitor for Names {
///     type Output = Vec<String>;
///     type Error = Infallible;
///     fn compare(&mut self, comparison: &Comparison) -> Result<Vec<String>, Infallible> {
///         self.present(&comparison.path)
///     }
///     fn present(&mut self, path: &AttributePath) -> Result<Vec<String>, Infallible> {
///         Ok(vec![path.to_string()])
///     }
///     fn and(&mut self, terms: Vec<Vec<String>>) -> Result<Vec<String>, Infallible> {
///         Ok(terms.concat())
///     }
///     fn or(&mut self, terms: Vec<Vec<String>>) -> Result<Vec<String>, Infallible> {
///         Ok(terms.concat())
///     }
///     fn not(&mut self, inner: Vec<String>) -> Result<Vec<String>, Infallible> {
///         Ok(inner)
///     }
///     fn value_path(&mut self, path: &AttributePath, inner: Vec<String>) -> Result<Vec<String>, Infallible> {
///         Ok(inner.into_iter().map(|name| format!("{path}.{name}")).collect())
///     }
/// }
/// let filter = Filter::parse(r#"title pr and emails[type eq "work" or primary eq true]"#)?;
/// let Ok(names) = filter.accept(&mut Names);
/// assert_eq!(names, ["title", "emails.type", "emails.primary"]);
/// # Ok::<(), scim_core::error::ParseError>(())
/// ```
pub trait Visitor {
    /// What a filter becomes.
    type Output;
    /// Why one cannot become that, such as an attribute without a column.
    type Error;

    /// `attribute op value`.
    ///
    /// # Errors
    /// As the visitor decides.
    fn compare(&mut self, comparison: &Comparison) -> Result<Self::Output, Self::Error>;

    /// `attribute pr`.
    ///
    /// # Errors
    /// As the visitor decides.
    fn present(&mut self, path: &AttributePath) -> Result<Self::Output, Self::Error>;

    /// All of the terms, which are two or more.
    ///
    /// # Errors
    /// As the visitor decides.
    fn and(&mut self, terms: Vec<Self::Output>) -> Result<Self::Output, Self::Error>;

    /// Any of the terms, which are two or more.
    ///
    /// # Errors
    /// As the visitor decides.
    fn or(&mut self, terms: Vec<Self::Output>) -> Result<Self::Output, Self::Error>;

    /// Not that.
    ///
    /// # Errors
    /// As the visitor decides.
    fn not(&mut self, inner: Self::Output) -> Result<Self::Output, Self::Error>;

    /// `attribute[` was read; what is visited until [`value_path`](Self::value_path) is about one of its elements.
    ///
    /// # Errors
    /// As the visitor decides.
    fn enter(&mut self, path: &AttributePath) -> Result<(), Self::Error> {
        let _ = path;
        Ok(())
    }

    /// `attribute[inner]`: one and the same element meets all of `inner`.
    ///
    /// # Errors
    /// As the visitor decides.
    fn value_path(&mut self, path: &AttributePath, inner: Self::Output) -> Result<Self::Output, Self::Error>;
}

impl Filter {
    /// Shows the filter to a visitor, its innermost parts first.
    ///
    /// # Errors
    /// The first one of the visitor.
    pub fn accept<V: Visitor>(&self, visitor: &mut V) -> Result<V::Output, V::Error> {
        match self {
            Self::And(list) => {
                let terms = visit_all(list, visitor)?;
                visitor.and(terms)
            }
            Self::Or(list) => {
                let terms = visit_all(list, visitor)?;
                visitor.or(terms)
            }
            Self::Not(inner) => {
                let inner = inner.accept(visitor)?;
                visitor.not(inner)
            }
            Self::Compare(comparison) => visitor.compare(comparison),
            Self::Present(path) => visitor.present(path),
            Self::ValuePath(ValuePath { path, filter }) => {
                visitor.enter(path)?;
                let inner = filter.accept(visitor)?;
                visitor.value_path(path, inner)
            }
        }
    }
}

fn visit_all<V: Visitor>(list: &[Filter], visitor: &mut V) -> Result<Vec<V::Output>, V::Error> {
    list.iter().map(|term| term.accept(visitor)).collect()
}
