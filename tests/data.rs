//! Room `data`: sources, their arguments, files in every state of damage, splits and orders.

mod arguments;
mod corrupt;
mod digits;
pub mod fence;
mod idx;
pub mod numpy;
mod pages;
mod split;

use neurula::data::{self, Argument, Call, Dataset, Place, Signature, Value};
use neurula::diag::{Diagnostic, FileId, Span};
use std::io::Write;

/// A place in an imagined spec: argument number `i` stands at bytes `10 i + 1 .. 10 i + 9`.
pub fn span(i: u32) -> Span {
    Span { file: FileId(0), start: 10 * i + 1, end: 10 * i + 9 }
}

/// The call itself stands before its arguments.
pub const CALL: u32 = 90;

/// A named argument, or an unnamed one if the name is empty.
pub fn argument(i: usize, name: &str, value: Value) -> Argument {
    let name = (!name.is_empty()).then(|| (name.to_string(), span(i as u32)));
    Argument { name, value, span: span(i as u32) }
}

/// A text value.
pub fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

/// A call with these arguments, or its faults.
pub fn bind(source: &str, arguments: &[(&str, Value)]) -> data::Outcome<Call> {
    let source = data::find(source, span(CALL)).map_err(|fault| vec![fault])?;
    let numbered = arguments.iter().enumerate();
    let arguments: Vec<Argument> = numbered.map(|(i, (name, value))| argument(i, name, value.clone())).collect();
    Call::bind(source, span(CALL), &arguments)
}

/// A call that is right.
pub fn call(source: &str, arguments: &[(&str, Value)]) -> Call {
    bind(source, arguments).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Signature and dataset of a call, which must agree with each other.
pub fn load(call: &Call, place: &Place, seed: u64) -> data::Outcome<(Signature, Dataset)> {
    let signature = call.signature(place)?;
    let dataset = call.read(place, seed, "world")?;
    assert_eq!(signature, dataset.signature());
    Ok((signature, dataset))
}

/// The one fault of something that fails.
pub fn fault<T>(outcome: data::Outcome<T>) -> Diagnostic {
    match outcome {
        Ok(_) => panic!("nothing was found wrong"),
        Err(mut faults) => {
            assert_eq!(faults.len(), 1, "{faults:?}");
            faults.remove(0)
        }
    }
}

/// Bytes packed with gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An idx file of unsigned bytes with these axes.
pub fn idx_file(sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
    file.extend(body);
    file
}
