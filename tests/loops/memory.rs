//! Storages begin at 64 bytes; arrays go in and out row-major, whatever their layout.

use neurula::loops::memory::{Mismatch, Storage, Values};
use neurula::loops::{Cell, Precision, Slot};
use neurula::tensor::{Element, Role, Type};

fn slot(element: Element, shape: &[usize], strides: &[usize], len: usize) -> Slot {
    let ty = Type { element, shape: shape.iter().map(|n| (*n).into()).collect() };
    Slot { name: "x".into(), ty, role: Role::State, strides: strides.to_vec(), len }
}

#[test]
fn every_storage_is_aligned_and_zero() {
    let mut kept = Vec::new();
    for len in [0, 1, 2, 15, 16, 17, 100, 4097] {
        for cell in [Cell::Real, Cell::Int(None), Cell::Int(Some(3)), Cell::Bool, Cell::Byte] {
            for precision in [Precision::F32, Precision::F64] {
                let mut storage = Storage::zeros(cell, precision, len);
                assert!(len == 0 || (storage.as_ptr() as usize).is_multiple_of(64));
                assert!(len == 0 || (storage.as_mut_ptr() as usize).is_multiple_of(64));
                assert_eq!(storage.len(), len);
                assert!((0..len).all(|cell| storage.get(cell) == 0.0));
                if len > 0 {
                    storage.set(len - 1, 1.0);
                }
                let copy = storage.clone();
                assert!(len == 0 || (copy.as_ptr() as usize).is_multiple_of(64));
                assert_eq!(copy, storage);
                kept.push(storage);
            }
        }
    }
    let moved: Vec<_> = kept.into_iter().map(Box::new).collect();
    assert!(moved.iter().all(|storage| storage.is_empty() || (storage.as_ptr() as usize).is_multiple_of(64)));
}

#[test]
fn arrays_go_in_and_out_row_major() {
    let padded = slot(Element::Real, &[2, 3], &[16, 1], 32);
    let mut storage = Storage::for_slot(&padded, Precision::F32);
    let values = Values::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    storage.write_logical(&padded, &values).expect("it fits");
    assert_eq!(storage.get(2), 3.0);
    assert_eq!(storage.get(3), 0.0);
    assert_eq!(storage.get(16), 4.0);
    assert_eq!(storage.read_logical(&padded), values);
    let transposed = slot(Element::Real, &[2, 3], &[1, 4], 12);
    let mut other = Storage::for_slot(&transposed, Precision::F32);
    other.write_logical(&transposed, &values).expect("it fits");
    assert_eq!(other.get(1), 4.0);
    assert_eq!(other.read_logical(&transposed), values);
    assert_eq!(storage.logical_bytes(&padded), other.logical_bytes(&transposed));
    let bytes: Vec<u8> = (1..7).flat_map(|x| (x as f32).to_le_bytes()).collect();
    assert_eq!(storage.logical_bytes(&padded), bytes);
}

#[test]
fn padding_is_no_part_of_the_bits() {
    let padded = slot(Element::Real, &[2, 3], &[16, 1], 32);
    let mut a = Storage::for_slot(&padded, Precision::F64);
    let mut b = a.clone();
    a.set(3, 7.0);
    assert!(a.same_bits(&b, &padded));
    b.set(17, -0.0);
    assert!(!a.same_bits(&b, &padded));
    assert_eq!(a.first_difference(&b, padded.cells()), Some(17));
}

#[test]
fn any_two_nans_are_the_same() {
    let scalar = slot(Element::Real, &[], &[], 1);
    for precision in [Precision::F32, Precision::F64] {
        let (mut a, mut b) = (Storage::for_slot(&scalar, precision), Storage::for_slot(&scalar, precision));
        a.set(0, f64::NAN);
        b.set(0, -f64::NAN);
        assert!(a.same_bits(&b, &scalar));
        b.set(0, 1.0);
        assert!(!a.same_bits(&b, &scalar));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let real = slot(Element::Real, &[3], &[1], 16);
    let mut storage = Storage::for_slot(&real, Precision::F32);
    assert_eq!(storage.fits(&real, Precision::F32), Ok(()));
    assert!(matches!(storage.fits(&real, Precision::F64), Err(Mismatch::Cells { .. })));
    let longer = Slot { len: 32, ..real.clone() };
    assert!(matches!(storage.fits(&longer, Precision::F32), Err(Mismatch::Length { expected: 32, found: 16, .. })));
    assert!(matches!(storage.write_logical(&real, &Values::F32(vec![0.0; 16])), Err(Mismatch::Length { .. })));
    assert!(matches!(storage.write_logical(&real, &Values::F64(vec![0.0; 3])), Err(Mismatch::Cells { .. })));
}

#[test]
fn a_stray_class_is_found() {
    let classes = slot(Element::Class(4), &[2, 2], &[3, 1], 6);
    let mut storage = Storage::for_slot(&classes, Precision::F32);
    storage.write_logical(&classes, &Values::Int(vec![0, 3, 2, 1])).expect("it fits");
    storage.set(2, 99.0);
    assert_eq!(storage.stray_class(&classes), None, "padding is no element");
    storage.set(3, 4.0);
    assert_eq!(storage.stray_class(&classes), Some((2, 4)));
    storage.set(1, -1.0);
    assert_eq!(storage.stray_class(&classes), Some((1, -1)));
}
