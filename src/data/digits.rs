//! `digits`: 1,797 handwritten digits of 8 by 8 pixels, embedded.
//!
//! `digits.bin` holds a row of 65 bytes per digit, in the order of scikit-learn's `load_digits`: 64 pixels from 0 to
//! 16, row by row, then the label. `digits.md` says where they come from.

use super::{Call, Column, Dataset, Element, Field, Outcome, Place, Rows, Signature, Source, SourceFile, Splits};

pub(super) const SOURCE: Source = Source {
    name: "digits",
    about: "1,797 handwritten digits of 8 by 8 pixels, embedded in the binary",
    example: "digits(batch = 32, validation = 10 %)",
    parameters: &[],
    signature,
    read,
};

const DATA: &[u8] = include_bytes!("digits.bin");
const LICENCE: &str = include_str!("digits.md");
const PIXELS: usize = 64;
const ROWS: usize = DATA.len() / (PIXELS + 1);
/// Of the digits sorted by label, every fifth from the first is for the test.
const EVERY: usize = 5;
const TEST: usize = ROWS.div_ceil(EVERY);

fn fields() -> Vec<Field> {
    vec![
        Field::new("image", Element::Byte { divisor: 16.0 }, vec![8, 8]),
        Field::new("label", Element::Class(10), Vec::new()),
    ]
}

fn signature(_: &Call, _: &Place) -> Outcome<Signature> {
    Ok(Signature { fields: fields(), train: ROWS - TEST, validation: 0, test: TEST })
}

fn read(_: &Call, _: &Place) -> Outcome<Dataset> {
    let mut pixels = Vec::with_capacity(ROWS * PIXELS);
    let mut labels = Vec::with_capacity(ROWS);
    for row in DATA.chunks_exact(PIXELS + 1) {
        pixels.extend_from_slice(&row[..PIXELS]);
        labels.push(i32::from(row[PIXELS]));
    }
    Ok(Dataset {
        source: SOURCE.name,
        fields: fields(),
        splits: splits(&labels),
        columns: vec![Column::Bytes(pixels), Column::Classes(labels)],
        files: vec![SourceFile::embedded("digits.bin", DATA)],
        licence: Some(LICENCE),
        notes: vec![
            "pixels from 0 to 16 read as 0 to 1".to_string(),
            "sorted stably by label, every fifth from the first is for the test".to_string(),
        ],
        prepared: Vec::new(),
    })
}

/// The fixed split; each part lists its rows in the order of the file.
fn splits(labels: &[i32]) -> Splits {
    let mut sorted: Vec<u32> = (0..labels.len() as u32).collect();
    sorted.sort_by_key(|row| labels[*row as usize]);
    let part = |test: bool| {
        let places = sorted.iter().enumerate().filter(|(place, _)| place.is_multiple_of(EVERY) == test);
        let mut rows: Vec<u32> = places.map(|(_, row)| *row).collect();
        rows.sort_unstable();
        Rows::new(rows)
    };
    Splits { train: part(false), validation: Rows::default(), test: part(true) }
}
