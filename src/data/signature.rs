//! What the checker knows of a source before it is read: fields with their types, and samples per split.

use super::wording;
use crate::diag::{Code, Diagnostic, Span};
use std::fmt;

/// What one element of a field is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Element {
    /// A byte that stands for `byte / divisor`, divided in the program's precision.
    Byte {
        /// The byte that reads as 1.
        divisor: f64,
    },
    /// A real number.
    Real,
    /// A whole number.
    Int,
    /// A label below this number of classes.
    Class(usize),
}

/// The type of a field, per sample.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldType {
    /// What an element is.
    pub element: Element,
    /// The sizes of its axes; none for a single value.
    pub shape: Vec<usize>,
}

impl FieldType {
    /// Elements per sample.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes per sample in memory.
    pub fn bytes(&self) -> usize {
        let each = match self.element {
            Element::Byte { .. } => 1,
            Element::Class(_) | Element::Int => 4,
            Element::Real => 8,
        };
        self.elements() * each
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.element {
            Element::Class(classes) => write!(f, "class[{classes}]")?,
            Element::Int => f.write_str("int")?,
            Element::Byte { .. } | Element::Real => {
                return f.write_str(&wording::shape(&self.shape));
            }
        }
        if self.shape.is_empty() { Ok(()) } else { write!(f, " {}", wording::shape(&self.shape)) }
    }
}

/// A field of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name: `image` in `world.image`.
    pub name: String,
    /// Its type, per sample.
    pub ty: FieldType,
}

impl Field {
    /// A field of this name and type.
    pub fn new(name: &str, element: Element, shape: Vec<usize>) -> Field {
        Field { name: name.to_string(), ty: FieldType { element, shape } }
    }
}

/// What is known of a source without reading its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// The fields, in the order in which the source gives them.
    pub fields: Vec<Field>,
    /// Samples to train on.
    pub train: usize,
    /// Samples held out of training; none if 0.
    pub validation: usize,
    /// Samples for the last look; none if 0.
    pub test: usize,
}

impl Signature {
    /// Samples in one split.
    pub fn samples(&self, split: super::Split) -> usize {
        match split {
            super::Split::Train => self.train,
            super::Split::Validation => self.validation,
            super::Split::Test => self.test,
        }
    }

    /// Samples in all splits.
    pub fn total(&self) -> usize {
        self.train + self.validation + self.test
    }

    /// Bytes that all samples take in memory.
    pub fn bytes(&self) -> u128 {
        self.fields.iter().map(|field| field.ty.bytes() as u128).sum::<u128>() * self.total() as u128
    }

    /// The place of a field in the list.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The place of the field that strata and counts go by: the first that is a single class.
    pub fn label(&self) -> Option<usize> {
        self.fields.iter().position(|f| matches!(f.ty.element, Element::Class(_)) && f.ty.shape.is_empty())
    }

    /// The diagnostic for a name that is no field: `at` is the name, `item` the `data` item, called `data`.
    pub fn unknown_field(&self, data: &str, name: &str, at: Span, item: Span) -> Diagnostic {
        let names = || self.fields.iter().map(|field| field.name.as_str());
        let fields = wording::list(names());
        let help = match wording::nearest(name, names()) {
            Some(near) => format!("did you mean `{data}.{near}`?"),
            None => format!("its fields are {fields}"),
        };
        Diagnostic::new(Code::UNKNOWN_FIELD, format!("`{data}` has no field `{name}`"))
            .at(at, "unknown field")
            .because(item, format!("`{data}` has {fields}"))
            .help(help)
    }
}
