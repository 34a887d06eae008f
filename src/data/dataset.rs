//! Samples in memory: each field once, in the type of its file, and the splits as lists of rows.

use super::{Element, Field, Signature, Splits, split, wording};
use sha2::{Digest, Sha256};

/// All samples of one field, row-major `[samples, elements]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Bytes, each standing for itself divided by the field's divisor.
    Bytes(Vec<u8>),
    /// Labels, each below the field's number of classes.
    Classes(Vec<i32>),
    /// Whole numbers.
    Ints(Vec<i32>),
    /// Real numbers.
    Reals(Vec<f64>),
}

impl Column {
    /// Elements of all samples together.
    pub fn len(&self) -> usize {
        match self {
            Column::Bytes(values) => values.len(),
            Column::Classes(values) | Column::Ints(values) => values.len(),
            Column::Reals(values) => values.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A file that a dataset was read from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SourceFile {
    /// Its path as it was opened, or the name of embedded data in angle brackets.
    pub path: String,
    /// Its size as it lies there, packed or not.
    pub bytes: u64,
    /// The SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
}

impl SourceFile {
    /// Data embedded in the binary.
    pub(super) fn embedded(name: &str, bytes: &[u8]) -> SourceFile {
        let sha256 = hexadecimal(&Sha256::digest(bytes));
        SourceFile { path: format!("<{name}>"), bytes: bytes.len() as u64, sha256 }
    }
}

/// A digest in hexadecimal.
pub(super) fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A source, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The source's name.
    pub source: &'static str,
    /// The fields.
    pub fields: Vec<Field>,
    /// The samples of each field, in the order of `fields`.
    pub columns: Vec<Column>,
    /// Which rows are for what.
    pub splits: Splits,
    /// What it was read from, with digests.
    pub files: Vec<SourceFile>,
    /// Where the data come from and under what licence, if Neurula ships them.
    pub licence: Option<&'static str>,
    /// What was done to the data, a sentence each.
    pub notes: Vec<String>,
    /// What was done to which fields.
    pub prepared: Vec<super::Prepared>,
}

impl Dataset {
    /// Samples of all splits.
    pub fn rows(&self) -> usize {
        match (self.columns.first(), self.fields.first()) {
            (Some(column), Some(field)) => column.len() / field.ty.elements(),
            _ => 0,
        }
    }

    /// Fields and counts as the checker sees them.
    pub fn signature(&self) -> Signature {
        Signature {
            fields: self.fields.clone(),
            train: self.splits.train.len(),
            validation: self.splits.validation.len(),
            test: self.splits.test.len(),
        }
    }

    /// The value of one element: a byte divided, a label or whole number as it is.
    pub fn value(&self, field: usize, row: u32, element: usize) -> f64 {
        let place = row as usize * self.fields[field].ty.elements() + element;
        match (&self.columns[field], self.fields[field].ty.element) {
            (Column::Bytes(values), Element::Byte { divisor }) => f64::from(values[place]) / divisor,
            (Column::Bytes(values), _) => f64::from(values[place]),
            (Column::Classes(values) | Column::Ints(values), _) => f64::from(values[place]),
            (Column::Reals(values), _) => values[place],
        }
    }

    /// The labels that strata and counts go by: those of the first field that is a single class.
    pub fn labels(&self) -> Option<&[i32]> {
        match &self.columns[self.signature().label()?] {
            Column::Classes(labels) => Some(labels),
            _ => None,
        }
    }

    /// Moves `held` training rows to the test split.
    pub(super) fn set_test_apart(&mut self, held: usize, seed: u64, name: &str) {
        let all = self.splits.train.len();
        let purpose = format!("test of {name}");
        let (train, test) = split::hold_out(&self.splits.train, self.labels(), held, seed, &purpose);
        self.splits.train = train;
        self.splits.test = test;
        let [held, all] = [held, all].map(|count| wording::thousands(count as u128));
        self.notes.push(format!("{held} of {all} samples set apart for the test, by seed {seed}"));
    }

    /// Moves `held` training rows to the validation split.
    pub(super) fn hold_out(&mut self, held: usize, seed: u64, name: &str) {
        let all = self.splits.train.len();
        let (train, validation) = split::hold_out(&self.splits.train, self.labels(), held, seed, name);
        self.splits.train = train;
        self.splits.validation = validation;
        let strata = match self.signature().label() {
            Some(label) => format!(" in equal shares of each class of `{}`", self.fields[label].name),
            None => String::new(),
        };
        let [held, all] = [held, all].map(|count| wording::thousands(count as u128));
        self.notes.push(format!("{held} of {all} training samples held out for validation{strata}, by seed {seed}"));
    }
}
