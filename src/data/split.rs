//! Splits and orders: lists of row indices, drawn from the seed alone.

use super::wording;
use crate::diag::{Code, Diagnostic, Span};
use crate::math::Stream;
use std::fmt;

/// What samples are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    /// To learn from.
    Train,
    /// To steer learning by.
    Validation,
    /// For the last look.
    Test,
}

impl Split {
    /// All three, in order.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// Its name in a spec: `accuracy(test)`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A list of rows of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows(Vec<u32>);

impl Rows {
    /// These rows, in this order.
    pub fn new(rows: Vec<u32>) -> Rows {
        Rows(rows)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The indices.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Those rows for which the condition holds, in the same order.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(u32) -> bool) -> Rows {
        Rows(self.0.iter().copied().filter(|row| keep(*row)).collect())
    }

    /// Those rows for which the condition at `at` holds; none of some is a diagnostic.
    pub fn filter_some(&self, split: Split, at: Span, keep: impl FnMut(u32) -> bool) -> Result<Rows, Diagnostic> {
        let rows = self.filter(keep);
        if rows.is_empty() && !self.is_empty() {
            let message = format!("the condition holds for none of the {} samples", split.name());
            return Err(Diagnostic::new(Code::EMPTY_SPLIT, message)
                .at(at, format!("false for all {}", wording::thousands(self.len() as u128)))
                .help("`neurula data` shows the range of each field and how often each class occurs"));
        }
        Ok(rows)
    }
}

impl Rows {
    /// The first so many; fewer than that is a diagnostic at the place that asks for them.
    pub fn first(&self, count: usize, at: Span) -> Result<Rows, Diagnostic> {
        match self.0.get(..count) {
            Some(first) => Ok(Rows(first.to_vec())),
            None => Err(too_many(count, self.len(), "", at)),
        }
    }

    /// The first so many of each class that occurs, in their order. `classes` has the class of every row of the dataset.
    pub fn first_of_each(&self, count: usize, field: &str, classes: &[i32], at: Span) -> Result<Rows, Diagnostic> {
        let mut taken: std::collections::BTreeMap<i32, usize> = std::collections::BTreeMap::new();
        let mut rows = Vec::new();
        for row in &self.0 {
            let of_class = taken.entry(classes[*row as usize]).or_default();
            if *of_class < count {
                *of_class += 1;
                rows.push(*row);
            }
        }
        match taken.iter().find(|(_, taken)| **taken < count) {
            None => Ok(Rows(rows)),
            Some((class, taken)) => Err(too_many(count, *taken, &format!("of `{field}` {class} "), at)),
        }
    }

    /// All of them, the one with the least value first; equal ones stay in their order. `values` has one for every row of
    /// the dataset.
    pub fn sorted(&self, values: &[f64], at: Span) -> Result<Rows, Diagnostic> {
        if let Some(row) = self.0.iter().find(|row| values[**row as usize].is_nan()) {
            let message = format!("what the samples are ordered by is no number, in sample {row}");
            return Err(Diagnostic::new(Code::NOT_FINITE, message)
                .at(at, "not a number")
                .help("look for a division by zero, or a logarithm of 0 or less"));
        }
        let mut rows = self.0.clone();
        rows.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
        Ok(Rows(rows))
    }
}

/// The diagnostic for samples that are to be taken and are not there.
fn too_many(count: usize, there: usize, of: &str, at: Span) -> Diagnostic {
    let message = format!("{count} samples are to be taken, and {of}there are {there} to train on");
    let help = match there {
        0 => "leave `take` out".to_string(),
        _ => format!("take {there} or fewer; `neurula data` shows how often each class occurs"),
    };
    Diagnostic::new(Code::TAKES_TOO_MANY, message).at(at, format!("more than {there}")).help(help)
}

/// Which rows are for what. A split that a source does not have is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Splits {
    /// To learn from.
    pub train: Rows,
    /// To steer learning by.
    pub validation: Rows,
    /// For the last look.
    pub test: Rows,
}

impl Splits {
    /// The rows of one split.
    pub fn get(&self, split: Split) -> &Rows {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    /// `where CONDITION` on all splits; each that had rows must keep some.
    pub fn filter(&self, at: Span, keep: impl Fn(u32) -> bool) -> Result<Splits, Diagnostic> {
        Ok(Splits {
            train: self.train.filter_some(Split::Train, at, &keep)?,
            validation: self.validation.filter_some(Split::Validation, at, &keep)?,
            test: self.test.filter_some(Split::Test, at, &keep)?,
        })
    }
}

/// How many of `samples` so many per cent are: the nearest whole number, a half upwards.
pub fn held_out(samples: usize, percent: f64) -> usize {
    (samples as f64 * percent / 100.0 + 0.5).floor() as usize
}

/// Refuses a validation split that would be empty or leave nothing to learn from.
pub(super) fn refuse_empty(samples: usize, held: usize, percent: f64, at: Span) -> Result<(), Diagnostic> {
    if held > 0 && held < samples {
        return Ok(());
    }
    let all = wording::counted(samples, "training sample");
    let (split, label) = match held {
        0 => (Split::Validation, "holds out no sample"),
        _ => (Split::Train, "holds out every sample"),
    };
    let message = format!("the {split} split would be empty: {percent} % of {all} is {held}");
    Err(Diagnostic::new(Code::EMPTY_SPLIT, message).at(at, label).help(match samples {
        0 | 1 => "leave `validation` out".to_string(),
        _ => format!("hold out between 1 and {} samples, or leave `validation` out", samples - 1),
    }))
}

/// Parts `rows` into those that stay and `held` that are held out, both in the order of `rows`.
///
/// Each class gives its share of `held`, rounded by largest remainder so that the shares add up (of equal
/// remainders, the lower class's is rounded up first); within a class the seed draws. Without labels all rows are
/// one class. The draw depends on the seed and on the name of the data item.
pub fn hold_out(rows: &Rows, labels: Option<&[i32]>, held: usize, seed: u64, name: &str) -> (Rows, Rows) {
    let class = |row: u32| labels.map_or(0, |labels| labels[row as usize].max(0) as usize);
    let mut counts = vec![0; rows.0.iter().map(|row| class(*row) + 1).max().unwrap_or(0)];
    for row in &rows.0 {
        counts[class(*row)] += 1;
    }
    let mut open = shares(&counts, held.min(rows.len()));
    let mut out = vec![false; rows.len()];
    for place in Stream::new(seed, &format!("validation:{name}")).permutation(rows.len()) {
        let left = &mut open[class(rows.0[place as usize])];
        if *left > 0 {
            *left -= 1;
            out[place as usize] = true;
        }
    }
    let part = |which: bool| rows.0.iter().zip(&out).filter(|(_, out)| **out == which).map(|(row, _)| *row).collect();
    (Rows(part(false)), Rows(part(true)))
}

/// `held` shared out in proportion to `counts`, by largest remainder.
fn shares(counts: &[usize], held: usize) -> Vec<usize> {
    let total = counts.iter().sum::<usize>().max(1) as u128;
    let exact = |count: usize| count as u128 * held as u128;
    let mut shares: Vec<usize> = counts.iter().map(|count| (exact(*count) / total) as usize).collect();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    by_remainder.sort_by_key(|class| std::cmp::Reverse(exact(counts[*class]) % total));
    let missing = held - shares.iter().sum::<usize>();
    for class in by_remainder.into_iter().take(missing) {
        shares[class] += 1;
    }
    shares
}

/// The rows in the order in which an epoch (counted from birth) trains on them: a permutation from the seed, the name
/// of the data item and the epoch.
pub fn order(seed: u64, name: &str, epoch: u64, rows: &[u32]) -> Vec<u32> {
    let places = Stream::new(seed, &format!("order:{name}")).at(epoch).permutation(rows.len());
    places.into_iter().map(|place| rows[place as usize]).collect()
}

/// Training steps in an epoch: the last, smaller batch counts unless it is dropped.
pub fn steps_per_epoch(samples: usize, batch: usize, drop_last: bool) -> usize {
    if drop_last { samples / batch } else { samples.div_ceil(batch) }
}
