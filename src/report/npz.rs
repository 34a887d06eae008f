//! Arrays as an `.npz` file, which numpy and its kin read: a zip archive, not packed, of one `.npy` file an array.

use crate::loops::memory::Values;
use crate::runtime::predict::Activity;
use std::io::{Result, Seek, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// How many values are written together.
const CHUNK: usize = 1 << 14;

/// Writes each activity under the name of its region, little-endian and row-major. Equal activities give equal bytes.
pub fn npz(to: impl Write + Seek, activities: &[Activity]) -> Result<()> {
    let mut archive = ZipWriter::new(to);
    for activity in activities {
        let large = activity.values.len() as u64 * 8 >= u64::from(u32::MAX) - (1 << 16);
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
        archive.start_file(format!("{}.npy", activity.region), options)?;
        npy(&mut archive, &activity.shape, &activity.values)?;
    }
    archive.finish()?.flush()
}

/// Writes an array as numpy's format 1.0 has it.
fn npy(to: &mut impl Write, shape: &[usize], values: &Values) -> Result<()> {
    to.write_all(&head(shape, values))?;
    match values {
        Values::F32(values) => cells(to, values, |value| value.to_le_bytes()),
        Values::F64(values) => cells(to, values, |value| value.to_le_bytes()),
        Values::Int(values) => cells(to, values, |value| value.to_le_bytes()),
        Values::Byte(values) => to.write_all(values),
    }
}

/// What stands before the values: type, order and shape, so long that the values begin at a multiple of 64 bytes.
fn head(shape: &[usize], values: &Values) -> Vec<u8> {
    let element = match values {
        Values::F32(_) => "<f4",
        Values::F64(_) => "<f8",
        Values::Int(_) => "<i4",
        Values::Byte(_) => "|u1",
    };
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let mut text = format!("{{'descr': '{element}', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    const BEFORE: usize = 10;
    while !(BEFORE + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut head = b"\x93NUMPY\x01\x00".to_vec();
    head.extend((text.len() as u16).to_le_bytes());
    head.extend(text.bytes());
    head
}

fn cells<T: Copy, const N: usize>(to: &mut impl Write, values: &[T], bytes: fn(T) -> [u8; N]) -> Result<()> {
    for chunk in values.chunks(CHUNK) {
        to.write_all(&chunk.iter().flat_map(|value| bytes(*value)).collect::<Vec<u8>>())?;
    }
    Ok(())
}
