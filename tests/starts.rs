//! How weights start: from a file, and equal where a key says so.

use super::data::numpy::{doubles, head, npy, npz};
use super::trained::{EXACT, Way, checked, train_in};
use neurula::credit;
use neurula::diag::Code;
use neurula::tensor::{Element, Extent, Role, Slot, Type};
use std::path::Path;
use tempfile::TempDir;

/// An array of doubles that counts up from a number.
fn array(shape: &str, count: usize, from: f64) -> Vec<u8> {
    let values: Vec<f64> = (0..count).map(|i| from + i as f64).collect();
    npy(&head("<f8", shape), &doubles(&values))
}

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

fn spec(body: &str) -> String {
    format!(
        "data world {{ samples 40, batch 8  x[6] = normal(0, 1)  y[4] = normal(0, 1) }}\n\
         region X[6] = world.x\nregion Out[4] = drive\n{body}\ncost wrong in Out = mse(Out, world.y)\n\
         learn all by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

/// The first values of a parameter.
fn born(folder: &Path, text: &str, slot: &str, shape: &[usize], seed: u64) -> Vec<f64> {
    let model = checked(folder, text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"));
    let shape = shape.iter().map(|&size| Extent::Const(size)).collect();
    let slot = Slot { name: slot.into(), ty: Type { element: Element::Real, shape }, role: Role::Parameter };
    credit::initial(&model, &slot, seed)
}

fn counted(count: usize, from: f64) -> Vec<f64> {
    (0..count).map(|i| from + i as f64).collect()
}

#[test]
fn weights_start_as_they_lie_in_a_file() {
    let names = [
        ("X -> Out.npy", array("(4, 6)", 24, 0.5)),
        ("other.npy", array("(4, 6)", 24, 7.0)),
        ("X -> H.left.npy", array("(5, 2)", 10, 1.0)),
        ("X -> H.right.npy", array("(2, 6)", 12, 20.0)),
        ("X -> A.weight.npy", array("(2, 1, 3, 3)", 18, -4.0)),
    ];
    let files = [
        ("all.npz", npz(&names)),
        ("one.npz", npz(&[("anything.npy", array("(4, 6)", 24, 3.0))])),
        ("plain.npy", array("(6,)", 6, -1.0)),
        (
            "columns.npy",
            npy(
                "{'descr': '>f4', 'fortran_order': True, 'shape': (4, 6), }\n",
                &(0..24).flat_map(|i| (i as f32).to_be_bytes()).collect::<Vec<u8>>(),
            ),
        ),
    ];
    let folder = folder(&files);
    let first = |body: &str, slot: &str, shape: &[usize]| born(folder.path(), &spec(body), slot, shape, 3);
    let dense = |file: &str| first(&format!("connect X -> Out : init from \"{file}\""), "X -> Out.weight", &[4, 6]);
    assert_eq!(dense("all.npz"), counted(24, 0.5));
    assert_eq!(dense("one.npz"), counted(24, 3.0));
    let columns: Vec<f64> = (0..4).flat_map(|row| (0..6).map(move |column| f64::from(4 * column + row))).collect();
    assert_eq!(dense("columns.npy"), columns);
    let hidden = "region H[5] = drive\nconnect X -> H : lowrank(2), init from \"all.npz\"\nconnect H -> Out";
    assert_eq!(first(hidden, "X -> H.left", &[5, 2]), counted(10, 1.0));
    assert_eq!(first(hidden, "X -> H.right", &[2, 6]), counted(12, 20.0));
    let single =
        "region H[6] = drive\nconnect X -> H : one_to_one, bounded -1..4, init from \"plain.npy\"\nconnect H -> Out";
    assert_eq!(first(single, "X -> H.weight", &[6]), counted(6, -1.0));
    let images = spec("region A[2, 8, 8] = drive\nconnect X -> A : conv(size = 3, padding = 1), init from \"all.npz\"\nconnect A -> Out")
        .replace("region X[6] = world.x", "region X[8, 8] = world.x").replace("x[6]", "x[8, 8]");
    assert_eq!(born(folder.path(), &images, "X -> A.weight", &[2, 1, 3, 3], 0), counted(18, -4.0));
    // A run begins there, and a fixed projection stays there.
    let text =
        spec("region H[6] = drive\nconnect X -> H : one_to_one, fixed, init from \"plain.npy\"\nconnect H -> Out")
            .replace("learn all", "learn H -> Out");
    let run =
        train_in(folder.path(), &text, &Way { epochs: Some(2), ..EXACT }).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(run.slot("X -> H.weight"), counted(6, -1.0));
}

#[test]
fn a_file_that_does_not_fit_is_told() {
    let bad = npy(&head("<f8", "(4, 6)"), &doubles(&[f64::NAN; 24]));
    let mut cut = array("(4, 6)", 24, 0.0);
    cut.truncate(cut.len() - 8);
    let files = [
        ("two.npz", npz(&[("a.npy", array("(4, 6)", 24, 0.0)), ("b.npy", array("(4, 6)", 24, 0.0))])),
        ("left.npz", npz(&[("X -> Out.left.npy", array("(4, 2)", 8, 0.0))])),
        ("turned.npy", array("(6, 4)", 24, 0.0)),
        ("whole.npy", array("(4, 6)", 24, 0.0)),
        ("square.npy", array("(6, 6)", 36, 1.0)),
        ("bad.npy", bad),
        ("cut.npy", cut),
        ("text.npz", b"no archive".to_vec()),
    ];
    let folder = folder(&files);
    let codes = |text: &str| -> Vec<Code> {
        checked(folder.path(), text).err().unwrap_or_default().iter().map(|said| said.code).collect()
    };
    let cases = [
        ("init from \"nowhere.npz\"", Code::MISSING_FILE),
        ("init from \"two.npz\"", Code::MISSING_ARRAY),
        ("lowrank(2), init from \"left.npz\"", Code::MISSING_ARRAY),
        ("init from \"turned.npy\"", Code::SHAPES_DIFFER),
        ("init from \"bad.npy\"", Code::NOT_FINITE),
        ("init from \"cut.npy\"", Code::TRUNCATED_FILE),
        ("init from \"text.npz\"", Code::WRONG_MAGIC),
        ("init from \"whole.npy\", bounded 0..1", Code::START_OUTSIDE),
        ("init from \"whole.npy\", inhibitory", Code::START_OUTSIDE),
        ("init from \"whole.npy\", sparse(0.5)", Code::START_OUTSIDE),
        ("init from \"whole.npy\", local(1)", Code::START_OUTSIDE),
        ("init he(key = 3)", Code::WRONG_ARGUMENTS),
        ("init he(name = \"a\")", Code::WRONG_ARGUMENTS),
        ("init he(key = \"a\", key = \"b\")", Code::WRONG_ARGUMENTS),
    ];
    for (clauses, code) in cases {
        assert_eq!(codes(&spec(&format!("connect X -> Out : {clauses}"))), [code], "{clauses}");
    }
    let own = "region H[6] = drive\nconnect X -> H : no self, init from \"square.npy\"\nconnect H -> Out";
    assert_eq!(codes(&spec(own)), [Code::START_OUTSIDE]);
    assert_eq!(codes(&spec("connect X -> Out : init from \"whole.npy\", excitatory")), []);
}

#[test]
fn projections_of_one_key_start_equal() {
    let text = spec(
        "region A[5] = tanh(drive)\nregion B[5] = tanh(drive)\nregion C[5] = tanh(drive)\nregion D[7] = tanh(drive)\n\
         connect X -> A, X -> B : init he(key = \"column\")\nconnect X -> C : excitatory, init he(key = \"column\")\n\
         connect X -> D : init he\nconnect X -> A as more, X -> B as more : lowrank(2), init normal(0.1, key = \"low\")\n\
         connect A -> Out, B -> Out, C -> Out, D -> Out",
    );
    let text = text
        .replace("A[5] = tanh(drive)", "A[5] = tanh(drive + more)")
        .replace("B[5] = tanh(drive)", "B[5] = tanh(drive + more)");
    let first = |slot: &str, shape: &[usize], seed: u64| born(Path::new("."), &text, slot, shape, seed);
    let a = first("X -> A.weight", &[5, 6], 1);
    assert_eq!(a, first("X -> B.weight", &[5, 6], 1));
    assert_eq!(a.iter().map(|w| w.abs()).collect::<Vec<_>>(), first("X -> C.weight", &[5, 6], 1));
    assert_ne!(a, first("X -> A.weight", &[5, 6], 2));
    assert_ne!(a, first("X -> D.weight", &[7, 6], 1)[..30]);
    let left = first("X -> A as more.left", &[5, 2], 1);
    assert_eq!(left, first("X -> B as more.left", &[5, 2], 1));
    assert_ne!(left, first("X -> A as more.right", &[2, 6], 1)[..10]);
    // What is said of one clause's key does not reach another start.
    let other = text.replace("he(key = \"column\")", "he(key = \"row\")");
    assert_ne!(a, born(Path::new("."), &other, "X -> A.weight", &[5, 6], 1));
}
