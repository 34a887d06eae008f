//! The table of operations tests itself: the type that each row's rule gives is that of what comes out, every derivative
//! agrees with differences, and tensors, loops and machine code give the same values.

mod cases;
mod derivatives;
mod values;

use neurula::tensor::op;

#[test]
fn every_row_has_cases_and_the_table_is_sorted() {
    for row in op::ALL {
        assert!(!cases::of(row).is_empty(), "{}", row.name);
        assert_eq!(op::find(row.name), Some(*row));
        assert!(row.draw.0 < row.draw.1, "{}", row.name);
    }
    assert!(op::ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
}
