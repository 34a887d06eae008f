//! Weights that lie in a file: `init from "start.npz"`.

use super::array;
use super::fields::Array;
use super::input::Input;
use super::npz::Archive;
use super::{Column, Element, Place, wording};
use crate::diag::{Code, Diagnostic, Span};

/// Reads the array of a shape that an archive has under one of some names (or, if `only` is said, the one that it has at all),
/// or that an `npy` file is.
pub fn weights(
    place: &Place,
    (text, span): (&str, Span),
    names: &[&str],
    only: bool,
    shape: &[usize],
) -> Result<Vec<f64>, Diagnostic> {
    let Some(path) = place.find(text) else {
        return Err(place.missing(text, "file", span, "a path is relative to the folder of the spec"));
    };
    let array = match text.ends_with(".npz") {
        false => Array::open(Input::open(&path, span)?)?,
        true => {
            let archive = Archive::open(path, span).map_err(first)?;
            let found: Vec<&str> = archive.names().collect();
            let name = match (names.iter().find(|name| found.contains(name)), &found[..]) {
                (Some(name), _) => *name,
                (None, [one]) if only => *one,
                _ => names.first().copied().unwrap_or_default(),
            };
            archive.array(name, span)?
        }
    };
    let Array { mut input, head } = array;
    let mut sizes = vec![head.samples()];
    sizes.extend(head.shape());
    if sizes != shape {
        let [found, expected] = [&sizes[..], shape].map(wording::shape);
        let fault = input.fault(Code::SHAPES_DIFFER, &found, &expected, "has another shape");
        return Err(fault.help("a row for each unit of the target, with a weight for each unit of the source"));
    }
    match array::values(&mut input, &head, Element::Real)? {
        Column::Reals(values) => Ok(values),
        _ => crate::bug!("reals are read as something else"),
    }
}

fn first(faults: Vec<Diagnostic>) -> Diagnostic {
    match faults.into_iter().next() {
        Some(fault) => fault,
        None => crate::bug!("a fault that nobody told"),
    }
}
