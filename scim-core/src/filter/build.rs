use crate::filter::{CompareOp, Comparison, Filter, Literal, ValuePath};
use crate::path::AttributePath;

/// Starts a filter on an attribute that the program itself names. A path that comes from outside goes
/// through [`AttributePath::parse`], which has the same methods.
///
/// ```
/// use scim_core::filter::attr;
/// let filter = attr("emails").any(attr("type").eq("work")).or(attr("active").eq(false)).not();
/// assert_eq!(filter.to_string(), r#"not (emails[type eq "work"] or active eq false)"#);
/// ```
pub fn attr(path: &'static str) -> AttributePath {
    AttributePath::constant(path)
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $op:ident;)*) => {
        impl AttributePath {
            $(
                $(#[$doc])*
                pub fn $name(self, value: impl Into<Literal>) -> Filter {
                    Filter::Compare(Comparison { path: self, op: CompareOp::$op, value: value.into() })
                }
            )*

            /// `attribute pr`: it has a value.
            pub fn pr(self) -> Filter {
                Filter::Present(self)
            }

            /// `attribute[filter]`: one element meets all of it.
            pub fn any(self, filter: Filter) -> Filter {
                Filter::ValuePath(ValuePath { path: self, filter: Box::new(filter) })
            }
        }
    };
}

comparisons! {
    /// `attribute eq value`
    eq = Eq;
    /// `attribute ne value`
    ne = Ne;
    /// `attribute co value`: contains.
    co = Co;
    /// `attribute sw value`: starts with.
    sw = Sw;
    /// `attribute ew value`: ends with.
    ew = Ew;
    /// `attribute gt value`
    gt = Gt;
    /// `attribute ge value`
    ge = Ge;
    /// `attribute lt value`
    lt = Lt;
    /// `attribute le value`
    le = Le;
}
