//! Every diagnostic code, sorted: number, name for `allow`, usual severity. Codes are never reused.
//!
//! Blocks: E01xx text and grammar, E02xx names and definitions, E03xx shapes, types and units, E04xx wiring,
//! E05xx credit and learning, E06xx development and measurement, E07xx data, E08xx limits and runs, E09xx not
//! supported yet. Each code has a page `docs/errors/<code>.md` whose wrong example raises it.

use super::Severity;
use std::fmt;

/// A diagnostic's code; a row of [`ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

/// One row of the table.
pub struct Row {
    /// Such as `E0301`.
    pub code: Code,
    /// The name that `allow(NAME, "reason")` uses.
    pub name: &'static str,
    /// The severity that the diagnostic usually has.
    pub severity: Severity,
    /// The page in `docs/errors`, embedded.
    pub page: &'static str,
}

macro_rules! codes {
    ($($constant:ident $code:literal $name:literal $severity:ident;)*) => {
        impl Code {
            $(#[doc = concat!("`", $code, "`: ", $name)] pub const $constant: Code = Code($code);)*
        }
        /// The table, sorted by code.
        pub const ALL: &[Row] = &[
            $(Row {
                code: Code($code), name: $name, severity: Severity::$severity,
                page: include_str!(concat!("../../docs/errors/", $code, ".md")),
            }),*
        ];
    };
}

codes! {
    SYNTAX             "E0101" "syntax"             Error;
    UNKNOWN_SOURCE     "E0701" "unknown_source"     Error;
    SOURCE_ARGUMENT    "E0702" "source_argument"    Error;
    MISSING_FILE       "E0703" "missing_file"       Error;
    WRONG_MAGIC        "E0704" "wrong_magic"        Error;
    WRONG_ELEMENT      "E0705" "wrong_element"      Error;
    TRUNCATED_FILE     "E0706" "truncated_file"     Error;
    TRAILING_BYTES     "E0707" "trailing_bytes"     Error;
    CORRUPT_GZIP       "E0708" "corrupt_gzip"       Error;
    LABEL_OUT_OF_RANGE "E0709" "label_out_of_range" Error;
    NO_SAMPLES         "E0710" "no_samples"         Error;
    COUNTS_DIFFER      "E0711" "counts_differ"      Error;
    SHAPES_DIFFER      "E0712" "shapes_differ"      Error;
    UNKNOWN_FIELD      "E0713" "unknown_field"      Error;
    EMPTY_SPLIT        "E0714" "empty_split"        Error;
    UNREADABLE_FILE    "E0715" "unreadable_file"    Error;
    NOT_SUPPORTED      "E0901" "not_supported"      Error;
}

impl Code {
    /// The code's row.
    pub fn row(self) -> &'static Row {
        match ALL.iter().find(|row| row.code == self) {
            Some(row) => row,
            None => crate::bug!("code {} is not in the table", self.0),
        }
    }

    /// The code's name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The code's usual severity.
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// The code written so (`E0301` or `e0301`), or named so.
    pub fn find(text: &str) -> Option<Code> {
        ALL.iter().find(|row| row.code.0.eq_ignore_ascii_case(text) || row.name == text).map(|row| row.code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
