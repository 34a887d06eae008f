//! Values of the interpreter.

use super::Fault;
use crate::tensor::{Element, Type};
use ndarray::{ArrayD, Axis, IxDyn, Slice};

/// An array with its element.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Reals.
    Real(ArrayD<f64>),
    /// Whole numbers, and bytes.
    Int(ArrayD<i64>),
    /// Truth values.
    Bool(ArrayD<bool>),
}

/// Does the same with an array of whatever element.
macro_rules! each {
    ($array:expr, $x:ident => $do:expr) => {
        match $array {
            Array::Real($x) => Array::Real($do),
            Array::Int($x) => Array::Int($do),
            Array::Bool($x) => Array::Bool($do),
        }
    };
}
pub(super) use each;

impl Array {
    /// An array of a type with constant extents (a count at its bound) from numbers in row-major order; what is missing
    /// is 0.
    pub fn from_numbers(ty: &Type, numbers: impl IntoIterator<Item = f64>) -> Array {
        let shape: Vec<usize> = ty.shape.iter().map(|extent| extent.bound()).collect();
        let mut numbers = numbers.into_iter();
        let mut next = || numbers.next().unwrap_or(0.0);
        match ty.element {
            Element::Real => Array::Real(ArrayD::from_shape_simple_fn(IxDyn(&shape), next)),
            Element::Bool => Array::Bool(ArrayD::from_shape_simple_fn(IxDyn(&shape), || next() != 0.0)),
            Element::Int | Element::Class(_) | Element::Byte => {
                Array::Int(ArrayD::from_shape_simple_fn(IxDyn(&shape), || next() as i64))
            }
        }
    }

    /// Zeros of an element.
    pub fn zeros(element: Element, shape: &[usize]) -> Array {
        let shape = IxDyn(shape);
        match element {
            Element::Real => Array::Real(ArrayD::zeros(shape)),
            Element::Bool => Array::Bool(ArrayD::from_elem(shape, false)),
            _ => Array::Int(ArrayD::zeros(shape)),
        }
    }

    /// A single whole number.
    pub fn int(value: i64) -> Array {
        Array::Int(ArrayD::from_elem(IxDyn(&[]), value))
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        match self {
            Array::Real(x) => x.shape(),
            Array::Int(x) => x.shape(),
            Array::Bool(x) => x.shape(),
        }
    }

    /// All elements as numbers, row-major.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Array::Real(x) => x.iter().copied().collect(),
            Array::Int(x) => x.iter().map(|value| *value as f64).collect(),
            Array::Bool(x) => x.iter().map(|value| f64::from(u8::from(*value))).collect(),
        }
    }

    pub(super) fn whole(&self) -> Result<i64, Fault> {
        match self {
            Array::Int(x) => {
                x.first().copied().ok_or_else(|| Fault("an empty array where one number was wanted".into()))
            }
            _ => Err(Fault("a whole number was wanted".into())),
        }
    }

    pub(super) fn truth(&self) -> Result<bool, Fault> {
        match self {
            Array::Bool(x) => {
                x.first().copied().ok_or_else(|| Fault("an empty array where one truth was wanted".into()))
            }
            _ => Err(Fault("a truth value was wanted".into())),
        }
    }

    pub(super) fn reals(&self) -> Result<&ArrayD<f64>, Fault> {
        match self {
            Array::Real(x) => Ok(x),
            _ => Err(Fault("reals were wanted".into())),
        }
    }

    pub(super) fn ints(&self) -> Result<&ArrayD<i64>, Fault> {
        match self {
            Array::Int(x) => Ok(x),
            _ => Err(Fault("whole numbers were wanted".into())),
        }
    }

    /// A part of an axis.
    pub(super) fn part(&self, axis: usize, start: usize, length: usize) -> Array {
        let slice = Slice::from(start..start + length);
        each!(self, x => x.slice_axis(Axis(axis), slice).to_owned())
    }

    /// One row of the first axis.
    pub(super) fn row(&self, row: usize) -> Array {
        each!(self, x => x.index_axis(Axis(0), row).to_owned())
    }

    /// Writes one row of the first axis.
    pub(super) fn set_row(&mut self, row: usize, value: &Array) -> Result<(), Fault> {
        match (self, value) {
            (Array::Real(x), Array::Real(v)) => x.index_axis_mut(Axis(0), row).assign(v),
            (Array::Int(x), Array::Int(v)) => x.index_axis_mut(Axis(0), row).assign(v),
            (Array::Bool(x), Array::Bool(v)) => x.index_axis_mut(Axis(0), row).assign(v),
            _ => return Err(Fault("a record of another element".into())),
        }
        Ok(())
    }
}
