//! Frequent slips, each with its repair.

use super::tree::Name;
use crate::diag::{Code, Diagnostic, Span};

/// `a < x < b`.
pub fn chained_comparison(first: Span, second: Span, repaired: &str) -> Diagnostic {
    Diagnostic::new(Code::CHAINED_COMPARISON, "comparisons do not chain")
        .at(second, "a second comparison of the same value")
        .because(first, "the first one")
        .help(format!("write `{repaired}`"))
}

/// `a..b..c`.
pub fn chained_range(first: Span, second: Span) -> Diagnostic {
    Diagnostic::new(Code::SYNTAX, "a range has two ends")
        .at(second, "a second `..`")
        .because(first, "the first one")
        .help("write `0..64`")
}

/// `a == not b`.
pub fn inner_not(here: Span) -> Diagnostic {
    Diagnostic::new(Code::SYNTAX, "`not` stands before a whole comparison")
        .at(here, "within a comparison or a sum")
        .help("put brackets around it: `a == (not b)`")
}

/// `sum(k <= j: x, y)`.
pub fn index_beside_arguments(here: Span) -> Diagnostic {
    Diagnostic::new(Code::SYNTAX, "a sum over an index has no other arguments")
        .at(here, "an index and its condition")
        .help("write `sum(k <= j: x[k])`")
}

/// `sum(1: x)`.
pub fn no_index(here: Span, function: &Name) -> Diagnostic {
    Diagnostic::new(Code::SYNTAX, "the condition of a sum begins with its index")
        .at(here, "no name to be the index")
        .help(format!("write `{function}(k <= j: x[k])`"))
}

/// `f(x) -> B`.
pub fn arrow_between_values(here: Span) -> Diagnostic {
    Diagnostic::new(Code::SYNTAX, "an arrow goes from region to region")
        .at(here, "not the name of a region")
        .help("write a path: `A -> B`")
}

/// A clause that stands twice.
pub fn clause_twice(here: Span, first: Span, word: &str) -> Diagnostic {
    Diagnostic::new(Code::CLAUSE_TWICE, format!("`{word}` stands twice in one statement"))
        .at(here, "again here")
        .because(first, "first here")
        .help("leave one of the two out")
}
