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
    TOO_DEEP           "E0102" "too_deep"           Error;
    TOO_LONG           "E0103" "too_long"           Error;
    NOT_TEXT           "E0104" "not_text"           Error;
    UNCLOSED_STRING    "E0105" "unclosed_string"    Error;
    BRACKET            "E0106" "bracket"            Error;
    BAD_NUMBER         "E0107" "bad_number"         Error;
    UNKNOWN_ITEM       "E0108" "unknown_item"       Error;
    RESERVED_NAME      "E0109" "reserved_name"      Error;
    CHAINED_COMPARISON "E0110" "chained_comparison" Error;
    CLAUSE_TWICE       "E0111" "clause_twice"       Error;
    UNKNOWN_NAME       "E0201" "unknown_name"       Error;
    DUPLICATE_NAME     "E0202" "duplicate_name"     Error;
    WRONG_ARGUMENTS    "E0203" "wrong_arguments"    Error;
    RECURSION          "E0204" "recursion"          Error;
    WRONG_KIND         "E0205" "wrong_kind"         Error;
    USED_BEFORE        "E0206" "used_before"        Error;
    MISPLACED_WORD     "E0207" "misplaced_word"     Error;
    IMPORT             "E0208" "import"             Error;
    NO_CHANGE          "E0209" "no_change"          Error;
    UNBOUND_INDEX      "E0210" "unbound_index"      Error;
    MISSING_INDEX      "E0211" "missing_index"      Error;
    IDLE_INDEX         "E0212" "idle_index"         Error;
    MIXED_SAMPLES      "E0213" "mixed_samples"      Error;
    KEPT_OTHERWISE     "E0214" "kept_otherwise"     Error;
    SHAPE_MISMATCH     "E0301" "shape_mismatch"     Error;
    TYPE_MISMATCH      "E0302" "type_mismatch"      Error;
    UNIT_MISMATCH      "E0303" "unit_mismatch"      Error;
    NOT_CONSTANT       "E0304" "not_constant"       Error;
    NOT_WHOLE          "E0305" "not_whole"          Error;
    NOT_SCALAR         "E0306" "not_scalar"         Error;
    BAD_INDEX          "E0307" "bad_index"          Error;
    UNKNOWN_SHAPE      "E0308" "unknown_shape"      Error;
    INDEX_LENGTHS      "E0309" "index_lengths"      Error;
    SHORT_TIME_CONSTANT "E0310" "short_time_constant" Error;
    MODULATOR_SHAPE    "E0311" "modulator_shape"    Error;
    CYCLE              "E0401" "cycle"              Error;
    NO_INPUT           "E0402" "no_input"           Error;
    UNREAD_REGION      "E0403" "unread_region"      Warning;
    DUPLICATE_PROJECTION "E0404" "duplicate_projection" Error;
    UNUSED_PROJECTION  "E0405" "unused_projection"  Error;
    NO_SUCH_PATH       "E0406" "no_such_path"       Error;
    BAD_INIT           "E0407" "bad_init"           Error;
    NEEDS_TIME         "E0408" "needs_time"         Error;
    LATE_DELAY         "E0409" "late_delay"         Error;
    NO_OUTPUT          "E0410" "no_output"          Error;
    NOT_AN_IMAGE       "E0411" "not_an_image"       Error;
    WINDOW_OUTSIDE     "E0412" "window_outside"     Error;
    CLASHING_CONSTRAINTS "E0413" "clashing_constraints" Error;
    START_OUTSIDE      "E0414" "start_outside"      Error;
    NO_SELF            "E0415" "no_self"            Error;
    SUM_OF_BOTH_SIGNS  "E0416" "sum_of_both_signs"  Error;
    FACTORED           "E0417" "factored"           Error;
    TIED_WEIGHTS       "E0418" "tied_weights"       Error;
    TIED_IN_A_CIRCLE   "E0419" "tied_in_a_circle"   Error;
    NO_AFFERENTS       "E0420" "no_afferents"       Error;
    SETTLE_STEPS       "E0421" "settle_steps"       Error;
    BAD_SETTLE         "E0422" "bad_settle"         Error;
    UNREACHED_SYNAPSE  "E0501" "unreached_synapse"  Error;
    IDLE_COST          "E0502" "idle_cost"          Error;
    NO_ROUTE           "E0503" "no_route"           Error;
    NOT_DIFFERENTIABLE "E0504" "not_differentiable" Error;
    TAUGHT_TWICE       "E0505" "taught_twice"       Error;
    NO_OPTIMISER       "E0506" "no_optimiser"       Error;
    NO_LOCAL_COST      "E0507" "no_local_cost"      Error;
    NEEDLESS_COST      "E0508" "needless_cost"      Error;
    FIXED_AND_TAUGHT   "E0509" "fixed_and_taught"   Error;
    NOTHING_LEARNS     "E0510" "nothing_learns"     Error;
    USELESS_COST       "E0511" "useless_cost"       Error;
    UNMET_NEED         "E0512" "unmet_need"         Error;
    CONTESTED_FEEDBACK "E0513" "contested_feedback" Error;
    WEIGHT_TRANSPORT   "E0520" "weight_transport"   Error;
    NOT_LOCAL          "E0521" "not_local"          Error;
    NOT_SYMMETRIC      "E0526" "not_symmetric"      Error;
    NO_TARGET          "E0527" "no_target"          Error;
    NO_CLAMPED_REGION  "E0528" "no_clamped_region"  Error;
    NOTHING_TO_NUDGE   "E0529" "nothing_to_nudge"   Error;
    PASS_WITHOUT_SETTLE "E0530" "pass_without_settle" Error;
    NO_LEVELS          "E0531" "no_levels"          Error;
    NO_ESTIMATOR       "E0533" "no_estimator"       Error;
    UNCREDITED_DRAW    "E0534" "uncredited_draw"    Error;
    NO_SCORE           "E0535" "no_score"           Error;
    NO_DRIVE           "E0536" "no_drive"           Error;
    UNFELT_WEIGHTS     "E0537" "unfelt_weights"     Error;
    CHANGING_WEIGHTS   "E0540" "changing_weights"   Error;
    FROZEN_AND_TAUGHT  "E0601" "frozen_and_taught"  Error;
    TEST_STEERS        "E0602" "test_steers"        Error;
    LABEL_UNSUPERVISED "E0603" "label_unsupervised" Error;
    BAD_BOUND          "E0604" "bad_bound"          Error;
    TWO_SOURCES        "E0605" "two_sources"        Error;
    NO_DATA            "E0606" "no_data"            Error;
    EMPTY_DEVELOPMENT  "E0607" "empty_development"  Error;
    UNTAUGHT_PROBE     "E0608" "untaught_probe"     Error;
    NO_SIGNAL          "E0609" "no_signal"          Error;
    WIDE_SIGNAL        "E0610" "wide_signal"        Error;
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
    NOT_FINITE         "E0716" "not_finite"         Error;
    RAGGED_TABLE       "E0717" "ragged_table"       Error;
    NOT_A_NUMBER       "E0718" "not_a_number"       Error;
    MISSING_COLUMN     "E0719" "missing_column"     Error;
    DUPLICATE_COLUMN   "E0720" "duplicate_column"   Error;
    BAD_HEAD           "E0721" "bad_head"           Error;
    BAD_ARCHIVE        "E0722" "bad_archive"        Error;
    MISSING_ARRAY      "E0723" "missing_array"      Error;
    TAKES_TOO_MANY     "E0724" "takes_too_many"     Error;
    NOT_A_CLASS        "E0725" "not_a_class"        Error;
    SPLITS_OF_SOURCE   "E0726" "splits_of_source"   Error;
    FIXED_FIELD        "E0727" "fixed_field"        Error;
    TOO_LARGE          "E0801" "too_large"          Error;
    INFINITE_ACTIVITY  "E0802" "infinite_activity"  Error;
    INFINITE_GRADIENT  "E0803" "infinite_gradient"  Error;
    INFINITE_CHANGE    "E0804" "infinite_change"    Error;
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
