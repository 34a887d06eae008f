//! What is done to fields before anybody sees them: `centred`, `standardised`, by the training split alone.

use super::{Column, Dataset, Element, Signature};
use crate::diag::{Code, Diagnostic, Span};

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
    /// Prepares a field of numbers, in all splits alike; `at` is the clause that says so.
    pub fn prepare(&mut self, field: usize, how: Preparation, at: Span) -> Result<(), Diagnostic> {
        let by = self.statistics(field, how);
        let train = self.splits.train.len();
        let name = self.fields[field].name.clone();
        self.notes.push(format!("`{name}` {} by the {train} training samples", how.word()));
        self.apply(field, Prepared { field: name, by }).map_err(|(row, value)| {
            let name = &self.fields[field].name;
            let message = format!("`{name}` {} comes to {value}, in sample {row}", how.word());
            Diagnostic::new(Code::NOT_FINITE, message)
                .at(at, "too far from the mean for any number")
                .help("divide such a field by a large number before it is written, or leave the sample out")
        })
    }

    /// What each element of a field is moved and divided by, of the training samples. They are gone through in the order in which they
    /// lie in memory.
    fn statistics(&self, field: usize, how: Preparation) -> Vec<(f64, f64)> {
        let each = self.fields[field].ty.elements();
        let count = self.splits.train.len().max(1) as f64;
        let mut units = vec![0.0; each];
        self.over(field, &mut units, |most, value, _| *most = if value.abs() > *most { value.abs() } else { *most });
        // Squares of parts beyond 1e150 would still overflow, so large values are counted in the largest's order of magnitude.
        units.iter_mut().for_each(|most| *most = if *most > LARGE { order_of_magnitude(*most) } else { 1.0 });
        let mut means = vec![0.0; each];
        self.over(field, &mut means, |sum, value, element| *sum += value / units[element]);
        means.iter_mut().for_each(|sum| *sum /= count);
        let moved = means.iter().zip(&units).map(|(mean, unit)| mean * unit);
        if how == Preparation::Centred {
            return moved.map(|mean| (mean, 1.0)).collect();
        }
        let mut variances = vec![0.0; each];
        self.over(field, &mut variances, |sum, value, element| {
            *sum += (value / units[element] - means[element]).powi(2)
        });
        let spreads = variances.iter().zip(&units).map(|(variance, unit)| (variance / count).sqrt() * unit);
        moved
            .zip(spreads)
            .map(|(mean, spread)| (mean, if spread > CONSTANT * mean.abs() { spread } else { 1.0 }))
            .collect()
    }

    /// Goes over the training samples, with something kept for each element of a field.
    fn over(&self, field: usize, kept: &mut [f64], add: impl Fn(&mut f64, f64, usize)) {
        for row in self.splits.train.as_slice() {
            for (element, kept) in kept.iter_mut().enumerate() {
                add(kept, self.value(field, *row, element), element);
            }
        }
    }

    /// Does to a field what was done to the same field of other samples. One that is no finite number then: its sample.
    pub fn apply(&mut self, field: usize, prepared: Prepared) -> Result<(), (u32, f64)> {
        let each = self.fields[field].ty.elements();
        let mut values = Vec::with_capacity(self.rows() * each);
        for row in 0..self.rows() as u32 {
            for (element, (mean, spread)) in prepared.by.iter().enumerate() {
                let value = moved(self.value(field, row, element), *mean, *spread);
                if !value.is_finite() {
                    return Err((row, value));
                }
                values.push(value);
            }
        }
        self.columns[field] = Column::Reals(values);
        self.fields[field].ty.element = Element::Real;
        self.prepared.push(prepared);
        Ok(())
    }
}

/// Beyond this, sums and differences are made of parts that cannot overflow.
const LARGE: f64 = 1e150;
/// The parts: a power of two, so that nothing is rounded by it.
const PART: f64 = 1.0 / (1u64 << 63) as f64 / (1u64 << 63) as f64;

/// The largest power of two that is not above a number.
fn order_of_magnitude(value: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    f64::from_bits(value.to_bits() & EXPONENT)
}

/// `(value - mean) / spread`.
fn moved(value: f64, mean: f64, spread: f64) -> f64 {
    if value.abs() < LARGE && mean.abs() < LARGE {
        return (value - mean) / spread;
    }
    (value * PART - mean * PART) / (spread * PART)
}
