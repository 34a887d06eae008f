//! Data: what the checker knows of a source before it is read, and the samples once they are.
//!
//! A spec's `data d = SOURCE(arguments)` becomes a [`Call`]; its [`Call::signature`] opens no more than headers, its
//! [`Call::read`] brings everything into memory once, in the type of the file. Splits, `where` and `take` are lists
//! of row indices ([`Rows`]); conversion and scaling are the gather's. One file per source, listed in [`ALL`].
//!
//! What holds: nothing is read past the end that a header declares, and no memory is taken before the file has
//! shown that it holds what its header declares; a class label is below its number of classes; an index is below the
//! number of rows; every fault of a file is a [`Diagnostic`] at the argument that named the file.

mod archive;
mod array;
mod call;
mod csv;
mod dataset;
mod digits;
mod fields;
mod idx;
mod input;
mod npy;
mod npz;
mod place;
mod prepare;
mod signature;
pub mod split;
mod summary;
mod weights;
mod wording;

pub use call::{Argument, BATCH, COMMON, Call, Kind, Parameter, Value};
pub use dataset::{Column, Dataset, SourceFile};
pub use place::Place;
pub use prepare::{Preparation, Prepared};
pub use signature::{Element, Field, FieldType, Signature};
pub use split::{Rows, Split, Splits};
pub use summary::{ClassCount, FieldSummary, Summary};
pub use weights::weights;

use crate::diag::{Code, Diagnostic, Span};

/// A value, or every independent fault that stands in its way.
pub type Outcome<T> = Result<T, Vec<Diagnostic>>;

/// A source of data: a row of [`ALL`].
pub struct Source {
    /// Its name in `data d = NAME(…)`.
    pub name: &'static str,
    /// One sentence on what it gives.
    pub about: &'static str,
    /// A call as a spec would write it.
    pub example: &'static str,
    /// Its own arguments; [`COMMON`] lists those of every source.
    pub parameters: &'static [Parameter],
    /// Fields and counts, from headers alone and before a validation split is held out.
    signature: fn(&Call, &Place) -> Outcome<Signature>,
    /// Everything, before a validation split is held out.
    read: fn(&Call, &Place) -> Outcome<Dataset>,
}

/// All sources, sorted by name.
pub const ALL: &[Source] = &[csv::SOURCE, digits::SOURCE, idx::SOURCE, npy::SOURCE, npz::SOURCE];

/// Sources that the language has and this version does not read yet, sorted.
pub const LATER: &[&str] = &["bars", "gaussians", "images", "patches", "sequence"];

/// The source of this name, or why there is none.
pub fn find(name: &str, span: Span) -> Result<&'static Source, Diagnostic> {
    if let Some(source) = ALL.iter().find(|source| source.name == name) {
        return Ok(source);
    }
    let known = || ALL.iter().map(|source| source.name);
    if LATER.contains(&name) {
        return Err(Diagnostic::new(Code::NOT_SUPPORTED, format!("the data source `{name}` is not supported yet"))
            .at(span, "this version cannot read it")
            .help(format!("sources of this version: {}", wording::list(known()))));
    }
    let help = match wording::nearest(name, known().chain(LATER.iter().copied())) {
        Some(near) => format!("did you mean `{near}`? Sources are: {}", wording::list(known())),
        None => format!("sources are: {}", wording::list(known())),
    };
    Err(Diagnostic::new(Code::UNKNOWN_SOURCE, format!("there is no data source `{name}`"))
        .at(span, "unknown source")
        .help(help))
}

/// Whether a name in a file can stand behind a point in a spec.
fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Call {
    /// Fields, and samples per split; opens no more of a file than its header.
    pub fn signature(&self, place: &Place) -> Outcome<Signature> {
        let mut signature = (self.source.signature)(self, place)?;
        if let Some((percent, span)) = self.test_share() {
            let held = split::held_out(signature.train, percent);
            split::refuse_empty(signature.train, held, percent, span).map_err(|fault| vec![fault])?;
            signature.train -= held;
            signature.test = held;
        }
        if let Some((percent, span)) = self.validation() {
            let held = split::held_out(signature.train, percent);
            split::refuse_empty(signature.train, held, percent, span).map_err(|fault| vec![fault])?;
            signature.train -= held;
            signature.validation = held;
        }
        Ok(signature)
    }

    /// Reads everything and holds out the validation split, which depends on the seed and on the name of the
    /// spec's `data` item.
    pub fn read(&self, place: &Place, seed: u64, name: &str) -> Outcome<Dataset> {
        let mut dataset = (self.source.read)(self, place)?;
        if let Some((percent, span)) = self.test_share() {
            let train = dataset.splits.train.len();
            let held = split::held_out(train, percent);
            split::refuse_empty(train, held, percent, span).map_err(|fault| vec![fault])?;
            dataset.set_test_apart(held, seed, name);
        }
        if let Some((percent, span)) = self.validation() {
            let train = dataset.splits.train.len();
            let held = split::held_out(train, percent);
            split::refuse_empty(train, held, percent, span).map_err(|fault| vec![fault])?;
            dataset.hold_out(held, seed, name);
        }
        Ok(dataset)
    }
}
