//! What `neurula data` tells of a dataset, as data.

use super::{Column, Dataset, Element, Source, SourceFile, Split};
use serde::Serialize;

/// A dataset in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The source's name.
    pub source: &'static str,
    /// A row per field.
    pub fields: Vec<FieldSummary>,
    /// Samples to train on.
    pub train: usize,
    /// Samples held out of training.
    pub validation: usize,
    /// Samples for the last look.
    pub test: usize,
    /// Bytes in memory.
    pub bytes: u64,
    /// What it was read from, with digests.
    pub files: Vec<SourceFile>,
    /// Origin and licence, if Neurula ships the data.
    pub licence: Option<&'static str>,
    /// What was done to the data, a sentence each.
    pub notes: Vec<String>,
}

/// A field in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldSummary {
    /// Its name.
    pub name: String,
    /// Its shape, per sample.
    pub shape: Vec<usize>,
    /// What an element is: `byte / 255`, `real`, `int` or `class[10]`.
    pub element: String,
    /// The least value as a model reads it, over all splits.
    pub least: f64,
    /// The greatest value as a model reads it, over all splits.
    pub greatest: f64,
    /// Elements that are no finite number.
    pub missing: usize,
    /// What was subtracted from each element and what it was divided by, if it was `centred` or `standardised`.
    pub prepared: Vec<(f64, f64)>,
    /// How often each class occurs; empty for a field that is no class.
    pub classes: Vec<ClassCount>,
}

/// How often a class occurs in each split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class.
    pub class: usize,
    /// In the training split.
    pub train: usize,
    /// In the validation split.
    pub validation: usize,
    /// In the test split.
    pub test: usize,
}

impl Dataset {
    /// The dataset in figures.
    pub fn summary(&self) -> Summary {
        Summary {
            source: self.source,
            fields: (0..self.fields.len()).map(|field| self.field_summary(field)).collect(),
            train: self.splits.train.len(),
            validation: self.splits.validation.len(),
            test: self.splits.test.len(),
            bytes: u64::try_from(self.signature().bytes()).unwrap_or(u64::MAX),
            files: self.files.clone(),
            licence: self.licence,
            notes: self.notes.clone(),
        }
    }

    fn field_summary(&self, place: usize) -> FieldSummary {
        let field = &self.fields[place];
        let (least, greatest) = range(&self.columns[place]);
        let scale = |value: f64| match field.ty.element {
            Element::Byte { divisor } => value / divisor,
            _ => value,
        };
        FieldSummary {
            name: field.name.clone(),
            shape: field.ty.shape.clone(),
            element: match field.ty.element {
                Element::Byte { divisor } => format!("byte / {divisor}"),
                Element::Real => "real".to_string(),
                Element::Int => "int".to_string(),
                Element::Class(classes) => format!("class[{classes}]"),
            },
            least: scale(least),
            greatest: scale(greatest),
            missing: match &self.columns[place] {
                Column::Reals(values) => values.iter().filter(|value| !value.is_finite()).count(),
                _ => 0,
            },
            prepared: self
                .prepared
                .iter()
                .filter(|prepared| prepared.field == field.name)
                .flat_map(|prepared| prepared.by.iter().copied())
                .collect(),
            classes: self.class_counts(place),
        }
    }

    /// Counts per class and split; every element of a field counts.
    fn class_counts(&self, place: usize) -> Vec<ClassCount> {
        let (Element::Class(classes), Column::Classes(labels)) = (self.fields[place].ty.element, &self.columns[place])
        else {
            return Vec::new();
        };
        let width = self.fields[place].ty.elements();
        let count = |split: Split| {
            let mut counts = vec![0; classes];
            for row in self.splits.get(split).as_slice() {
                for label in &labels[*row as usize * width..(*row as usize + 1) * width] {
                    counts[*label as usize] += 1;
                }
            }
            counts
        };
        let [train, validation, test] = Split::ALL.map(count);
        let row =
            |class: usize| ClassCount { class, train: train[class], validation: validation[class], test: test[class] };
        (0..classes).map(row).collect()
    }
}

/// The least and the greatest stored value.
fn range(column: &Column) -> (f64, f64) {
    fn ends<T: Copy + Into<f64>>(values: &[T]) -> (f64, f64) {
        let start = (f64::INFINITY, f64::NEG_INFINITY);
        values.iter().map(|value| (*value).into()).fold(start, |(least, greatest), value: f64| {
            (if value < least { value } else { least }, if value > greatest { value } else { greatest })
        })
    }
    match column {
        Column::Bytes(values) => ends(values),
        Column::Classes(values) | Column::Ints(values) => ends(values),
        Column::Reals(values) => ends(values),
    }
}

impl Source {
    /// Every parameter that a call may give, its own first.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static super::Parameter> {
        self.parameters.iter().chain(super::COMMON)
    }
}
