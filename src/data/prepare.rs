//! What is done to fields before anybody sees them: `centred`, `standardised`, by the training split alone.

use super::{Column, Dataset, Element, Signature};

/// A deviation below this part of the mean is what rounding leaves of a constant.
const CONSTANT: f64 = 1e-12;

/// What is done to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// The mean of each element over the training samples is subtracted.
    Centred,
    /// That, and each element is divided by its standard deviation over the training samples, if it has one.
    Standardised,
}

impl Preparation {
    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            Preparation::Centred => "centred",
            Preparation::Standardised => "standardised",
        }
    }
}

impl Signature {
    /// The fields that a preparation without names is about: those of numbers.
    pub fn numeric(&self) -> impl Iterator<Item = usize> {
        (0..self.fields.len())
            .filter(|place| matches!(self.fields[*place].ty.element, Element::Byte { .. } | Element::Real))
    }

    /// The signature behind a preparation: what was prepared is real.
    pub fn prepare(&mut self, field: usize) {
        self.fields[field].ty.element = Element::Real;
    }
}

/// What was done to a field: for each element what is subtracted, and then divided by.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The field.
    pub field: String,
    /// The mean and the spread of each element.
    pub by: Vec<(f64, f64)>,
}

impl Dataset {
    /// Prepares a field of numbers, in all splits alike.
    pub fn prepare(&mut self, field: usize, how: Preparation) {
        let each = self.fields[field].ty.elements();
        let train = self.splits.train.clone();
        let count = train.len().max(1) as f64;
        let mean_of = |of: &dyn Fn(u32) -> f64| train.as_slice().iter().map(|row| of(*row)).sum::<f64>() / count;
        let statistics = |element: usize| {
            let mean = mean_of(&|row| self.value(field, row, element));
            let variance = mean_of(&|row| (self.value(field, row, element) - mean).powi(2));
            match how {
                Preparation::Standardised if variance.sqrt() > CONSTANT * mean.abs() => (mean, variance.sqrt()),
                _ => (mean, 1.0),
            }
        };
        let by = (0..each).map(statistics).collect();
        let name = self.fields[field].name.clone();
        self.notes.push(format!("`{name}` {} by the {} training samples", how.word(), train.len()));
        self.apply(field, Prepared { field: name, by });
    }

    /// Does to a field what was done to the same field of other samples.
    pub fn apply(&mut self, field: usize, prepared: Prepared) {
        let each = self.fields[field].ty.elements();
        let mut values = Vec::with_capacity(self.rows() * each);
        for row in 0..self.rows() as u32 {
            let all = prepared.by.iter().enumerate();
            values.extend(all.map(|(element, (mean, spread))| (self.value(field, row, element) - mean) / spread));
        }
        self.columns[field] = Column::Reals(values);
        self.fields[field].ty.element = Element::Real;
        self.prepared.push(prepared);
    }
}
