//! Tables: what is read of a csv file, what is refused in it, and a regression whose answer is known in closed form.

use super::trained::{EXACT, Way, checked, train_in};
use neurula::credit;
use neurula::data::{Dataset, Place, Split};
use neurula::diag::Diagnostic;
use std::path::Path;
use tempfile::TempDir;

const HEAD: &str = "rooms,age,price";

/// A folder with a table, and a spec that reads it.
fn folder(table: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.csv"), table).unwrap();
    folder
}

fn spec(arguments: &str, clauses: &str, input: &str) -> String {
    format!(
        "data d = csv(\"a.csv\", {arguments}batch = 2){clauses}\nregion X[{input}] = d.x\nregion Y[1] = drive\nconnect X -> Y\n\
         cost wrong in Y = Y[0]^2\nlearn X -> Y by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

fn read(folder: &TempDir, text: &str) -> Result<Dataset, Vec<Diagnostic>> {
    let model = checked(folder.path(), text)?;
    credit::samples(&model, &model.data[0], &Place::only(folder.path()), 0)
}

fn field(set: &Dataset, name: &str, row: u32) -> Vec<f64> {
    let place = set.fields.iter().position(|field| field.name == name).unwrap_or_else(|| panic!("no {name}"));
    (0..set.fields[place].ty.elements()).map(|i| set.value(place, row, i)).collect()
}

#[test]
fn columns_are_fields_and_x_is_all_but_the_target() {
    let place = folder(&format!("{HEAD},floor no\n3,10,250,1\n4, 2 ,410,0\n\n1,1e1,-2.5,7\n"));
    let set = read(&place, &spec("target = \"price\", ", "", "3")).unwrap();
    assert_eq!(set.rows(), 3);
    assert_eq!(field(&set, "x", 1), [4.0, 2.0, 0.0]);
    assert_eq!(field(&set, "x", 2), [1.0, 10.0, 7.0]);
    assert_eq!(field(&set, "price", 2), [-2.5]);
    assert_eq!(field(&set, "age", 0), [10.0]);
    assert!(set.fields.iter().all(|field| field.name != "floor no"), "no name of the language");
    let all = read(&place, &spec("", "", "4")).unwrap();
    assert_eq!(field(&all, "x", 0), [3.0, 10.0, 250.0, 1.0]);
}

#[test]
fn a_target_may_be_a_class_and_a_part_of_the_rows_the_test() {
    let rows: String = (0..40).map(|i| format!("{i},{},{}\n", i * i, i % 4)).collect();
    let place = folder(&format!("a,b,kind\n{rows}"));
    let set = read(&place, &spec("target = \"kind\", classes = 4, test = 20 %, validation = 25 %, ", "", "2")).unwrap();
    let counts = Split::ALL.map(|split| set.splits.get(split).len());
    assert_eq!(counts, [24, 8, 8]);
    for split in Split::ALL {
        for class in 0..4 {
            let of_class =
                set.splits.get(split).as_slice().iter().filter(|row| field(&set, "kind", **row) == [f64::from(class)]);
            assert_eq!(of_class.count(), counts[Split::ALL.iter().position(|other| *other == split).unwrap()] / 4);
        }
    }
    let said = read(&place, &spec("target = \"kind\", classes = 3, ", "", "2")).unwrap_err();
    assert_eq!(said[0].code.0, "E0709");
}

#[test]
fn a_test_table_has_the_same_columns() {
    let place = folder(&format!("{HEAD}\n3,10,250\n4,2,410\n"));
    std::fs::write(place.path().join("b.csv"), format!("{HEAD}\n9,9,9\n")).unwrap();
    std::fs::write(place.path().join("c.csv"), "age,rooms,price\n9,9,9\n").unwrap();
    let set = read(&place, &spec("target = \"price\", test = \"b.csv\", ", "", "2")).unwrap();
    assert_eq!(set.splits.get(Split::Test).as_slice(), [2]);
    assert_eq!(field(&set, "price", 2), [9.0]);
    let said = read(&place, &spec("target = \"price\", test = \"c.csv\", ", "", "2")).unwrap_err();
    assert_eq!(said[0].code.0, "E0712");
}

#[test]
fn what_is_wrong_in_a_table_is_told_with_line_and_column() {
    for (table, code, at) in [
        ("rooms,age,price\n3,10,250\n4,410\n", "E0717", "line 3"),
        ("rooms,age,price\n3,10,250,8\n", "E0717", "line 2"),
        ("rooms,age,price\n3,10,250\n4,,410\n", "E0718", "line 3, column 2 (`age`)"),
        ("rooms,age,price\n3,ten,250\n", "E0718", "line 2, column 2"),
        ("rooms,age,price\n3,NaN,250\n", "E0716", "line 2, column 2"),
        ("rooms,age,price\n3,1,1e999\n", "E0716", "line 2, column 3"),
        ("rooms,age,price\n", "E0710", "0 rows"),
        ("", "E0710", "0 rows"),
        ("rooms,age,age\n1,2,3\n", "E0720", "column 3"),
        (&format!("{}z\n", "a,".repeat(20_000)), "E0801", "20001 columns"),
        ("rooms,age,cost\n1,2,3\n", "E0719", "`price`"),
    ] {
        let said = read(&folder(table), &spec("target = \"price\", ", "", "2")).unwrap_err();
        assert_eq!(said.iter().map(|said| said.code.0).collect::<Vec<_>>(), [code], "{table:?}");
        assert!(said[0].message.contains(at) && said[0].message.contains("expected"), "{}", said[0].message);
    }
    let place = folder("");
    std::fs::write(place.path().join("a.csv"), b"a,price\n\xff\xfe,2\n").unwrap();
    assert_eq!(read(&place, &spec("target = \"price\", ", "", "2")).unwrap_err()[0].code.0, "E0715");
    assert_eq!(read(&TempDir::new().unwrap(), &spec("", "", "2")).unwrap_err()[0].code.0, "E0703");
}

#[test]
fn a_clause_of_data_in_a_phase_is_not_passed_over() {
    let place = folder(&format!("{HEAD}\n3,10,250\n4,2,410\n"));
    let phase = "development { phase p for 1 epoch { data d = d where price > 300, standardised\nlearn X -> Y by backprop from wrong using sgd(rate = 0.1) } }";
    let text = spec("target = \"price\", ", "", "2")
        .replace("learn X -> Y by backprop from wrong using sgd(rate = 0.1)\n", phase);
    let said = checked(place.path(), &text).map(drop).unwrap_err();
    assert_eq!(said.iter().map(|said| said.code.0).collect::<Vec<_>>(), ["E0901"]);
}

#[test]
fn tables_of_any_bytes_are_read_or_refused() {
    let stream = neurula::math::Stream::new(3, "noise");
    for round in 0..300u64 {
        let letters = b"0123456789,,,,\n\n\"-.e x\xff";
        let pick = |i: u64| letters[stream.at(round).word(i) as usize % letters.len()];
        let bytes: Vec<u8> = (0..round % 60).map(pick).collect();
        let place = folder("");
        std::fs::write(place.path().join("a.csv"), bytes).unwrap();
        let _ = read(&place, &spec("", "", "2"));
    }
}

#[test]
fn fields_are_prepared_by_the_training_samples_alone() {
    let rows = "1,10,5\n3,10,7\n5,10,9\n";
    let place = folder(&format!("{HEAD}\n{rows}"));
    std::fs::write(place.path().join("b.csv"), format!("{HEAD}\n7,12,1\n")).unwrap();
    let with = |clauses: &str| read(&place, &spec("target = \"price\", test = \"b.csv\", ", clauses, "2")).unwrap();
    let sd = (8f64 / 3.0).sqrt();
    let all = with(", standardised");
    assert_eq!(field(&all, "x", 0), [-2.0 / sd, 0.0]);
    assert_eq!(field(&all, "x", 3), [4.0 / sd, 2.0]);
    assert_eq!(field(&all, "price", 3), [-6.0 / sd]);
    let tenths = folder(&format!("{HEAD}\n0.1,1,5\n0.1,2,7\n0.1,3,9\n"));
    let constant = read(&tenths, &spec("target = \"price\", ", ", standardised", "2")).unwrap();
    assert!((0..3).all(|row| field(&constant, "x", row)[0].abs() < 1e-15), "rounding is no deviation");
    let some = with(", centred(price), standardised(x)");
    assert_eq!(field(&some, "price", 3), [-6.0]);
    assert_eq!(field(&some, "rooms", 3), [7.0]);
    let refused = |text: &str| checked(place.path(), text).map(drop).unwrap_err()[0].code.0;
    assert_eq!(refused(&spec("", ", centred(nothing)", "3")), "E0713");
    let digits = "data d = digits(batch = 1437), standardised\nregion X[8, 8] = d.image\nregion Y[1] = drive\nconnect X -> Y\n\
                  cost wrong in Y = Y[0]^2\nmetric m = mean(X)\nmetric s = mean(X^2)\nlearn X -> Y by backprop from wrong using sgd(rate = 0.1)";
    let found = train_in(place.path(), digits, &Way { epochs: Some(1), ..EXACT }).unwrap();
    assert!(found.value("m", "train").abs() < 1e-12, "{}", found.value("m", "train"));
    // Of the 64 points three are the same in all training images, and so 0.
    let lit = found.value("s", "train") * 64.0;
    assert!((lit - lit.round()).abs() < 1e-9 && (58.0..64.0).contains(&lit), "{lit}");
    assert_eq!(refused(&digits.replace("standardised", "centred(label)")), "E0302");
}

/// Solves a linear system by elimination with the largest pivot.
fn solved(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|i, j| a[*i][column].abs().total_cmp(&a[*j][column].abs())).unwrap();
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in 0..n {
            if row != column {
                let factor = a[row][column] / a[column][column];
                let above = a[column].clone();
                a[row].iter_mut().zip(above).for_each(|(cell, above)| *cell -= factor * above);
                b[row] -= factor * b[column];
            }
        }
    }
    (0..n).map(|i| b[i] / a[i][i]).collect()
}

/// With fields standardised, the line minimises mean((w x + c - y)^2) + 0.1 |w|^2: (C + 0.1) w = mean(x y), c = 0.
#[test]
fn the_line_of_the_example_is_ridge_regression_in_closed_form() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let text = std::fs::read_to_string(examples.join("regression.neu")).unwrap();
    let model = checked(&examples, &text).unwrap();
    let set = credit::samples(&model, &model.data[0], &Place::only(&examples), 0).unwrap();
    let rows = |split: Split| set.splits.get(split).as_slice().to_vec();
    let train = rows(Split::Train);
    let mean = |of: &dyn Fn(u32) -> f64, rows: &[u32]| rows.iter().map(|row| of(*row)).sum::<f64>() / rows.len() as f64;
    let x = |row: u32, i: usize| field(&set, "x", row)[i];
    let y = |row: u32| field(&set, "price", row)[0];
    let a = (0..6)
        .map(|i| (0..6).map(|j| mean(&|row| x(row, i) * x(row, j), &train) + if i == j { 0.1 } else { 0.0 }).collect())
        .collect();
    let w = solved(a, (0..6).map(|i| mean(&|row| x(row, i) * y(row), &train)).collect());
    let error =
        |split: Split| mean(&|row| ((0..6).map(|i| w[i] * x(row, i)).sum::<f64>() - y(row)).powi(2), &rows(split));
    let found = train_in(&examples, &text.replace("1500 epochs", "400 epochs"), &EXACT).unwrap();
    found.slot("Flat -> Line.weight").iter().zip(&w).for_each(|(found, wanted)| {
        assert!((found - wanted).abs() < 1e-7, "{found} and {wanted}");
    });
    assert!(found.slot("Line.bias")[0].abs() < 1e-7);
    for split in [Split::Train, Split::Test] {
        let value = found.value("line_error", split.name());
        assert!((value - error(split)).abs() < 1e-3, "{split}: {value} and {}", error(split));
    }
    assert!(error(Split::Test) > 0.02, "there is something that a line cannot say");
}

#[test]
fn large_numbers_are_prepared_without_overflow_or_refused() {
    let with = |rows: &str, clauses: &str| {
        let place = folder(&format!("{HEAD}\n{rows}"));
        read(&place, &spec("target = \"price\", ", clauses, "2"))
    };
    let set = with("1e308,1.5e308,1\n-1e308,1.5e308,2\n", ", standardised").unwrap();
    assert_eq!((field(&set, "x", 0), field(&set, "x", 1)), (vec![1.0, 0.0], vec![-1.0, 0.0]));
    let set = with("1.7e308,1,1\n1.7e308,3,3\n", ", centred(x)").unwrap();
    assert_eq!(field(&set, "x", 1), [0.0, 1.0]);
    let said = with("1.7e308,1,1\n-1.7e308,2,2\n-1.7e308,3,3\n", ", centred(x)").unwrap_err();
    assert_eq!(said[0].code.0, "E0716");
    assert!(said[0].message.contains("`x` centred comes to inf, in sample 0"), "{}", said[0].message);
}

#[test]
fn a_class_out_of_range_is_told_where_it_stands_and_empty_cells_are_counted() {
    let place = folder("a,kind\n1,0\n2,1\n");
    std::fs::write(place.path().join("b.csv"), "a,kind\n1,1\n\n2,1\n3,2\n").unwrap();
    let said = read(&place, &spec("target = \"kind\", classes = 2, test = \"b.csv\", ", "", "1")).unwrap_err();
    assert_eq!(said[0].code.0, "E0709");
    let wanted = "b.csv`, line 5, column 2 (`kind`): found `2`; expected a whole number from 0 to 1";
    assert!(said[0].message.ends_with(wanted), "{}", said[0].message);
    let said = read(&folder(&format!("{HEAD}\n1,,3\n,,6\n7,8,9\n")), &spec("", "", "3")).unwrap_err();
    assert!(said[0].message.contains("line 2, column 2 (`age`): found an empty cell"), "{}", said[0].message);
    assert!(said[0].help.as_ref().unwrap().ends_with("; 3 cells are empty: 1 in `rooms`, 2 in `age`"), "{said:?}");
}

#[test]
fn what_was_subtracted_and_divided_by_is_shown() {
    let place = folder(&format!("{HEAD}\n1,10,5\n3,10,7\n"));
    let set = read(&place, &spec("target = \"price\", ", ", standardised(x)", "2")).unwrap();
    let summary = set.summary();
    assert_eq!(summary.fields[0].prepared, [(2.0, 1.0), (10.0, 1.0)]);
    assert!(summary.fields[1].prepared.is_empty() && summary.fields.iter().all(|field| field.missing == 0));
    let shown = neurula::report::dataset(&summary);
    for words in ["missing", "mean", "spread", "2 to 10"] {
        assert!(shown.contains(words), "no {words} in\n{shown}");
    }
}
