//! Each invariant, broken in a program of its own: the verifier says so, and says nothing else.

use super::random_loops::random_case;
use neurula::loops::eval::{self, Fault};
use neurula::loops::memory::Storage;
use neurula::loops::parse::parse;
use neurula::loops::verify::verify;
use neurula::loops::{Precision, live, pass};

/// Slots and scratch memory that most programs here use.
const MEMORY: &str = "
  slot 0 x: real[32] state strides [1] len 32
  slot 1 w: real[2, 16] state strides [16, 1] len 32
  slot 2 class: class<4>[20] input strides [1] len 20
  slot 3 int: int[] state strides [] len 1
  slot 4 bool: bool[20] state strides [1] len 20
  slot 5 byte: byte[20] input strides [1] len 20
  buffer b0 real[32] slot 0 x
  buffer b1 real[32] slot 1 w
  buffer b2 class<4>[20] slot 2 class
  buffer b3 int[1] slot 3 int
  buffer b4 bool[20] slot 4 bool
  buffer b5 byte[20] slot 5 byte
  buffer b6 real[32] scratch 0 s
  buffer b7 real[32] scratch 128 t
";

fn violations(text: &str) -> Vec<String> {
    let program = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    verify(&program).iter().map(ToString::to_string).collect()
}

/// A body is refused with one message.
fn refused(body: &str, message: &str) {
    let found = violations(&format!("loops test f32 scratch 256 {{{MEMORY}{body}\n}}"));
    assert!(matches!(&found[..], [one] if one.contains(message)), "{body}\nfor {message:?} said {found:?}");
}

fn accepted(body: &str) {
    let found = violations(&format!("loops test f32 scratch 256 {{{MEMORY}{body}\n}}"));
    assert!(found.is_empty(), "{body}\nsaid {found:?}");
}

/// A whole program is refused with one message.
fn refused_whole(program: &str, message: &str) {
    let found = violations(program);
    assert!(matches!(&found[..], [one] if one.contains(message)), "{program}\nfor {message:?} said {found:?}");
}

#[test]
fn what_is_named_exists() {
    refused("r0: real = load b9[0]", "there is no buffer b9");
    refused("store b0[0] r7", "r7 is not known here");
    refused("loop i0 < 2 serial {\n r0: int = index i5\n}", "there is no variable i5");
    refused("r0: real = load b0[i0]", "there is no variable i0");
    refused_whole("loops t f32 scratch 0 {\n buffer b0 real[1] slot 0 x\n}", "there is no slot 0");
    let mut program = parse("loops t f32 scratch 0 {\n r0: real = constant 1.0\n}").expect("it parses");
    program.registers.clear();
    assert_eq!(verify(&program)[0].message, "there is no register r0");
}

#[test]
fn registers_are_written_once_and_before_they_are_read() {
    refused("r0: real = constant 1.0\nr0: real = constant 2.0", "r0 is written twice");
    refused("nest a {\n r0: real = constant 1.0\n}\nstore b0[0] r0", "r0 is not known here");
    refused("when r0 {\n} else {\n}\nr0: bool = constant true", "r0 is not known here");
    refused("r1: real = fold i0 < 2 chain sum r0 {\n}\nr0: real = constant 1.0", "r0 is not known here");
    refused("until i0 < 2 go r0 rounds b3 {\n nest a {\n r0: bool = constant true\n }\n}", "r0 is not known here");
    accepted("r0: real = constant 1.0\nr1: real = fold i0 < 2 chain sum r0 {\n}");
}

#[test]
fn variables_are_known_in_their_loop_alone() {
    refused("loop i0 < 2 serial {\n}\nr0: int = index i0", "i0 is not known here");
    refused("loop i0 < 2 serial {\n}\nr0: real = load b0[i0]", "i0 is not known here");
    refused("loop i0 < 2 serial {\n}\nloop i0 < 2 serial {\n}", "i0 is the variable of two loops");
}

#[test]
fn kinds_are_those_of_what_writes_and_reads() {
    refused("r0: bool = constant true\nr1: real = negate r0", "`negate` does not take (bool)");
    refused("r0: int = constant 1\nr1: int = negate r0", "`negate` does not take (int)");
    refused("r0: real = constant 1.0\nr1: int = add r0 r0", "r1 is of kind int, not real");
    refused("r0: real = constant 1.0\nr1: real = add r0", "`add` does not take (real)");
    refused("r0: real = constant 1.0\nr1: int = clamp r0 below 3", "`clamp` does not take (real)");
    refused("r0: int = constant 1\nr1: int = clamp r0", "`below` belongs to `clamp`");
    refused("r0: int = constant 1\nr1: int = clamp r0 below 0", "has no value");
    refused("r0: int = constant 1\nr1: int = add r0 r0 below 4", "`below` belongs to `clamp`");
    refused("r0: int = constant 1\nr1: real = constant 1.0\nr2: real = fma r1 r1 r0", "r0 is of kind int, not real");
    refused("r0: int = load b0[0]", "r0 is of kind int, not real");
    refused("r0: int = constant 1\nstore b0[0] r0", "r0 is of kind int, not real");
    refused("r0: int = constant 1\nwhen r0 {\n} else {\n}", "r0 is of kind int, not bool");
    refused("r0: int = constant 1\nuntil i0 < 2 go r0 rounds b3 {\n}", "r0 is of kind int, not bool");
    refused("r0: bool = constant true\nr1: bool = fold i0 < 2 chain sum r0 {\n}", "`sum` does not take (bool)");
    refused("r0: int = constant 1\nr1: int = fold i0 < 2 chain dot r0 r0 {\n}", "`dot` does not take (int, int)");
    refused("r0: int = constant 2147483648", "does not fit in 32 bits");
}

#[test]
fn slots_and_buffers_are_the_same_memory() {
    let slot = "slot 0 x: real[2, 3] state strides [4, 1] len 8";
    let program = |slots: &str, buffers: &str| format!("loops t f32 scratch 64 {{\n{slots}\n{buffers}\n}}");
    let buffer = "buffer b0 real[8] slot 0 x";
    assert_eq!(violations(&program(slot, buffer)), [""; 0]);
    refused_whole(&program(slot, ""), "no buffer is its memory");
    refused_whole(&program(slot, &format!("{buffer}\nbuffer b1 real[8] slot 0 y")), "two buffers are its memory");
    refused_whole(&program(slot, "buffer b0 int[8] slot 0 x"), "holds something else");
    refused_whole(&program(slot, "buffer b0 real[7] slot 0 x"), "holds something else");
    refused_whole(&program(&slot.replace("[4, 1]", "[4]"), buffer), "2 axes, but 1 strides");
    refused_whole(&program(&slot.replace("[4, 1]", "[2, 1]"), buffer), "two elements would lie in one cell");
    refused_whole(&program(&slot.replace("[4, 1]", "[6, 1]"), buffer), "do not fit into 8 cells");
    refused_whole(&program(&slot.replace("2, 3", "n<2, 3"), buffer), "the extents of a slot are constants");
    let twice = format!("{slot}\n{}", slot.replace("slot 0", "slot 1"));
    let buffers = format!("{buffer}\nbuffer b1 real[8] slot 1 y");
    refused_whole(&program(&twice, &buffers), "another slot has this name");
}

#[test]
fn scratch_memory_is_aligned_inside_and_written_first() {
    let program = |buffers: &str, body: &str| format!("loops t f32 scratch 256 {{\n{buffers}\n{body}\n}}");
    refused_whole(&program("buffer b0 real[1] scratch 4 a", ""), "no multiple of 64");
    refused_whole(&program("buffer b0 real[33] scratch 128 a", ""), "reaches past the 256 bytes");
    refused_whole(&program("buffer b0 class<0>[1] scratch 0 a", ""), "no range of ints");
    let most = usize::MAX / 2;
    let huge = violations(&program(&format!("buffer b0 real[{most}] scratch 0 a"), ""));
    assert!(huge.iter().any(|message| message.contains("more than memory can hold")), "{huge:?}");
    let read = program("buffer b0 real[1] scratch 0 a", "r0: real = load b0[0]\nstore b0[0] r0");
    refused_whole(&read, "read before it is written");
}

/// Two buffers in one place: `a` is written and read, then `b`.
fn overlapping(body: &str) -> Vec<String> {
    violations(&format!(
        "loops t f32 scratch 128 {{
  buffer b0 real[32] scratch 0 a
  buffer b1 real[16] scratch 64 b
  buffer b2 int[1] scratch 0 c
  r0: real = constant 1.0
{body}
}}"
    ))
}

#[test]
fn buffers_in_use_at_the_same_time_do_not_overlap() {
    let fine = |body: &str| assert_eq!(overlapping(body), [""; 0], "{body}");
    let clash = |body: &str| {
        let found = overlapping(body);
        assert!(matches!(&found[..], [one] if one.contains("overlaps b1 \"b\" while both are in use")), "{found:?}");
    };
    fine("store b0[0] r0\nr1: real = load b0[0]\nstore b1[0] r1");
    clash("store b0[0] r0\nstore b1[0] r0\nr1: real = load b0[0]");
    // Inside a loop: what belongs to a round may give way within it, what outlives the round may not.
    fine("loop i0 < 3 serial {\nstore b0[0] r0\nr1: real = load b0[0]\nstore b1[0] r1\n}");
    clash("loop i0 < 3 serial {\nstore b0[i0] r0\nr1: real = load b0[0]\nstore b1[0] r1\n}");
    clash("store b0[0] r0\nloop i0 < 3 serial {\nr1: real = load b0[0]\nstore b1[0] r1\n}");
    clash("loop i0 < 3 serial {\nstore b1[0] r0\nstore b0[0] r0\n}\nr1: real = load b0[0]");
    // In a loop inside a loop.
    fine("loop i0 < 3 serial {\nloop i1 < 2 lanes {\nstore b0[i1] r0\n}\nstore b1[0] r0\n}");
    clash("loop i0 < 3 serial {\nloop i1 < 2 lanes {\nstore b0[i0 + 4*i1] r0\n}\nstore b1[0] r0\n}");
    // An operand and the result of one statement.
    clash("store b0[0] r0\nmatrix rows 1 columns 1 depth 1 left b0[0] row 1 right b0[0] row 1 out b1[0] row 1 room 1");
}

#[test]
fn a_range_ends_where_it_is_last_used() {
    let text = "loops t f32 scratch 64 {\n buffer b0 real[1] scratch 0 a\n buffer b1 real[1] scratch 0 b\n
        r0: real = constant 1.0\n store b0[0] r0\n r1: real = load b0[0]\n}";
    let program = parse(text).expect("it parses");
    let ranges = live::ranges(&program.body, 2);
    let range = ranges[0].expect("it is used");
    assert!(range.first < range.last && !range.reads_first);
    assert_eq!(ranges[1], None);
}

#[test]
fn no_index_leaves_its_buffer() {
    refused("r0: real = load b0[32]", "cell 32 may be asked for, but b0 \"x\" has 32");
    refused("loop i0 < 17 serial {\n r0: real = load b0[2*i0]\n}", "cell 32 may be asked for");
    refused("loop i0 < b3 max 33 serial {\n r0: real = load b0[i0]\n}", "cell 32 may be asked for");
    refused("r0: int = load b3[0]\nr1: real = load b0[r0]", "nothing keeps r0 inside the array");
    refused("r0: int = load b5[0]\nr1: real = load b0[r0]", "cell 255 may be asked for");
    refused("r0: int = load b2[0]\nr1: real = load b0[10*r0 + 2]", "cell 32 may be asked for");
    refused("r0: int = constant 1\nr1: int = subtract r0 r0\nr2: real = load b0[r1]", "nothing keeps r1");
    refused("loop i0 < 3 serial {\n r0: real = load b0[18446744073709551615*i0]\n}", "larger than what can be counted");
    accepted("loop i0 < 16 serial {\n r0: real = load b0[1 + 2*i0]\n}");
    accepted("r0: int = load b3[0]\nr1: int = clamp r0 below 32\nr2: real = load b0[r1]");
    accepted("r0: int = load b2[0]\nr1: int = add r0 r0\nr2: int = multiply r1 r0\nr3: real = load b0[r2]");
    accepted("r0: int = load b3[0]\nr1: int = constant 31\nr2: int = remainder r0 r1\nr3: real = load b0[r2 + 1]");
    refused(
        "r0: int = load b3[0]\nr1: int = constant 33\nr2: int = remainder r0 r1\nr3: real = load b0[r2]",
        "cell 32 may be asked for",
    );
    accepted("r0: int = fold i0 < 20 lanes min r1 {\n r1: int = load b2[i0]\n}\nr2: real = load b0[8*r0 + 7]");
    refused(
        "r0: int = fold i0 < b3 max 20 lanes min r1 {\n r1: int = load b2[i0]\n}\nr2: real = load b0[r0]",
        "nothing keeps r0 inside the array",
    );
}

#[test]
fn what_is_stored_keeps_the_promise_of_its_buffer() {
    refused("r0: int = load b3[0]\nstore b2[0] r0", "r0 is not known to lie in 0..4");
    refused("r0: int = constant 4\nstore b2[0] r0", "r0 is not known to lie in 0..4");
    refused("r0: int = constant -1\nstore b2[0] r0", "r0 is not known to lie in 0..4");
    refused("r0: int = constant 256\nstore b5[0] r0", "r0 is not known to lie in 0..256");
    accepted("r0: int = constant 3\nstore b2[0] r0\nr1: int = constant 255\nstore b5[0] r1");
}

#[test]
fn counts_are_ints_in_memory() {
    refused("loop i0 < b0 max 3 serial {\n}", "b0 \"x\" does not hold a count");
    refused("r0: bool = constant true\nuntil i0 < 3 go r0 rounds b4 {\n}", "b4 \"bool\" does not hold a count");
    refused("r0: bool = constant true\nuntil i0 < 4 go r0 rounds b2 {\n}", "holds ints in 0..4, but 4 may come");
    refused("loop i0 < 2147483648 serial {\n}", "more than can be counted");
    accepted("r0: bool = constant true\nuntil i0 < 3 go r0 rounds b2 {\n}");
}

#[test]
fn folds_and_lanes_hold_what_they_may() {
    let fold = "a fold holds scalar statements and folds, nothing else";
    for inner in ["store b0[0] r0", "loop i1 < 2 serial {\n}", "nest a {\n}", "when r9 {\n} else {\n}"] {
        let body = format!(
            "r0: real = constant 1.0\nr9: bool = constant true\nr1: real = fold i0 < 2 chain sum r0 {{\n{inner}\n}}"
        );
        refused(&body, fold);
    }
    let lanes = "side by side there are scalar statements, serial loops and chains, nothing else";
    let product = "matrix rows 1 columns 1 depth 1 left b1[0] row 1 right b1[0] row 1 out b0[0] row 1 room 1";
    let blocks =
        ["nest a {\n}", "when r9 {\n} else {\n}", "loop i1 < 2 lanes {\n}", "until i1 < 2 go r9 rounds b3 {\n}"];
    for inner in blocks.into_iter().chain(["r2: real = fold i1 < 2 lanes sum r0 {\n}", product]) {
        let body = format!("r0: real = constant 1.0\nr9: bool = constant true\nloop i0 < 1 lanes {{\n{inner}\n}}");
        refused(&body, lanes);
    }
    refused(
        "r0: real = constant 1.0\nr1: real = fold i0 < 2 lanes sum r2 {\nr2: real = fold i1 < 2 lanes sum r0 {\n}\n}",
        lanes,
    );
    accepted(
        "r0: real = constant 1.0\nr1: real = fold i0 < 2 lanes sum r2 {\nr2: real = fold i1 < 2 chain sum r0 {\n}\n}",
    );
    accepted("r0: real = constant 1.0\nloop i0 < 2 lanes {\nloop i1 < 3 reverse {\nstore b0[i0 + 2*i1] r0\n}\n}");
}

#[test]
fn rounds_side_by_side_are_independent() {
    let loads = "a round may load what another one stores to b0";
    let stores = "a round may store what another one stores to b0";
    let same = "two rounds may store to the same cell of b0";
    let lanes = |body: &str| format!("r0: real = constant 1.0\nloop i0 < 16 lanes {{\n{body}\n}}");
    let fine = |body: &str| accepted(&lanes(body));
    refused(&lanes("store b0[3] r0"), same);
    refused(&lanes("loop i1 < 2 serial {\nstore b0[i1] r0\n}"), same);
    refused(&lanes("loop i1 < 3 serial {\nstore b0[i0 + i1] r0\n}"), same);
    refused(&lanes("loop i1 < 3 serial {\nstore b0[1*i0 + 2*i1] r0\n}"), same);
    refused(&lanes("r1: int = load b2[i0]\nstore b0[i0 + 4*r1] r0"), "differs from round to round");
    refused(&lanes("r1: real = load b0[1 + i0]\nstore b0[i0] r1"), loads);
    refused(&lanes("r1: real = load b0[0]\nstore b0[i0] r1"), loads);
    refused(&lanes("r1: int = load b2[i0]\nr2: real = load b0[r1]\nstore b0[i0] r2"), loads);
    refused(&lanes("r1: int = load b2[i0]\nr2: real = load b0[i0 + r1]\nstore b0[i0] r2"), loads);
    refused(&lanes("r1: real = fold i1 < 16 chain sum r2 {\nr2: real = load b0[i1]\n}\nstore b0[i0] r1"), loads);
    refused(&lanes("store b0[i0] r0\nstore b0[1 + i0] r0"), stores);
    refused(
        "r0: int = constant 1\nloop i0 < 16 lanes {\nloop i1 < b3 max 2 serial {\n}\nstore b3[0] r0\n}",
        "two rounds may store to the same cell of b3",
    );
    fine("r1: real = load b0[i0]\nstore b0[i0] r1");
    fine("r1: real = load b0[i0]\nstore b0[16 + i0] r1");
    fine("r1: real = load b0[1 + 2*i0]\nstore b0[2*i0] r1");
    fine("loop i1 < 2 serial {\nr1: real = load b0[i0 + 16*i1]\nstore b0[i0 + 16*i1] r1\n}");
    fine("r1: real = fold i1 < 2 chain sum r2 {\nr2: real = load b0[2*i0 + i1]\n}\nstore b0[1 + 2*i0] r1");
    fine(
        "loop i1 < 2 serial {\nstore b0[i0 + 16*i1] r0\n}\nr1: real = fold i2 < 2 chain sum r2 {\nr2: real = load b0[i0 + 16*i2]\n}\nstore b1[i0] r1",
    );
    fine("r1: int = load b2[i0]\nr2: real = load b1[r1]\nstore b0[i0] r2");
    accepted(
        "r0: int = load b2[0]\nr1: real = constant 1.0\nloop i0 < 8 lanes {\nr2: real = load b0[8*r0 + i0]\nstore b0[8*r0 + i0] r1\n}",
    );
    accepted("r0: real = constant 1.0\nloop i0 < 1 lanes {\nstore b0[3] r0\n}");
}

#[test]
fn a_matrix_product_stays_inside_and_apart() {
    let product = "matrix rows 2 columns 4 depth 3 left b0[0] row 3 right b1[0] row 4 out b6[0] row 16 room 4";
    accepted(product);
    refused(&product.replace("b0[0] row 3", "b0[27] row 3"), "cell 32 may be asked for, but b0");
    refused(&product.replace("b1[0] row 4", "b1[0] row 16"), "cell 35 may be asked for, but b1");
    refused(&product.replace("b6[0]", "b6[13]"), "cell 32 may be asked for, but b6");
    refused(&product.replace("room 4", "room 32").replace("rows 2", "rows 1"), "cell 39 may be asked for, but b1");
    let row = "matrix rows 1 columns 4 depth 1 left b0[0] row 3 right b1[0] row 16 out b6[16] row 16 room 16";
    accepted(row);
    refused(&row.replace("b6[16]", "b6[17]"), "cell 32 may be asked for, but b6");
    refused(&product.replace("row 16 room 4", "row 3 room 4"), "rows of the result lie 3 cells apart");
    refused(&product.replace("row 16 room 4", "row 4 room 16"), "rows of the result lie 4 cells apart");
    refused(&product.replace("room 4", "room 5"), "room for 5 columns");
    refused(&product.replace("room 4", "room 3"), "room for 3 columns");
    refused(&product.replace("b1[0] row 4", "b1[0] row 4 column 2"), "are neighbours in memory");
    refused(&product.replace("left b0", "left b4"), "b4 \"bool\" does not hold reals");
    refused(&product.replace("out b6[0]", "out b0[0]"), "the result may overlap the left operand");
    refused(&product.replace("out b6[0]", "out b1[0]"), "the result may overlap the right operand");
    accepted(&product.replace("out b6[0] row 16", "out b0[6] row 4"));
    refused(&product.replace("out b6[0] row 16", "out b0[5] row 4"), "the result may overlap the left operand");
    refused(
        &format!("loop i0 < 2 serial {{\n{}\n}}", product.replace("out b6[0] row 16", "out b0[6 + 10*i0] row 4")),
        "overlap the left",
    );
}

#[test]
fn every_violation_is_told_at_its_statement() {
    let body = "nest \"A -> B\" {\n loop i0 < 2 lanes {\n  r0: int = index i0\n  store b0[0] r0\n }\n}\nr1: real = load b0[99]";
    let found = violations(&format!("loops test f32 scratch 256 {{{MEMORY}{body}\n}}"));
    let expected = [
        "0: nest \"A -> B\" / 0: lanes loop i0 / 1: store b0: r0 is of kind int, not real",
        "1: r1 = load: cell 99 may be asked for, but b0 \"x\" has 32",
        "0: nest \"A -> B\" / 0: lanes loop i0: two rounds may store to the same cell of b0",
    ];
    assert_eq!(found, expected);
}

/// Random programs with one digit changed: whatever is still valid runs without leaving its memory.
#[test]
fn what_is_valid_runs() {
    let mut valid = 0;
    for seed in 0..12 {
        let text = random_case(seed, Precision::F32).program.to_string();
        let digits = text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at);
        for (number, at) in digits.enumerate() {
            let mut changed = text.clone();
            changed.replace_range(at..=at, &(number % 10).to_string());
            let Ok(program) = parse(&changed) else { continue };
            if changed == text || !verify(&program).is_empty() {
                continue;
            }
            valid += 1;
            let mut memory: Vec<_> = program.slots.iter().map(|slot| Storage::for_slot(slot, Precision::F32)).collect();
            let result = eval::run(&program, &mut memory.iter_mut().collect::<Vec<_>>(), 1);
            assert!(matches!(result, Ok(()) | Err(Fault::Class { .. })), "{result:?}\n{changed}");
        }
    }
    assert!(valid > 1000, "{valid}");
}

#[test]
fn passes_are_verified_in_between() {
    let text = format!("loops test f32 scratch 256 {{{MEMORY}\n}}");
    let program = parse(&text).expect("it parses");
    assert_eq!(pass::run(program.clone()), program);
    let rename =
        pass::Pass { name: "rename", run: |program| neurula::loops::Program { name: "other".into(), ..program } };
    assert_eq!(&*pass::run_these(program.clone(), &[rename]).name, "other");
    let lose = pass::Pass { name: "lose", run: |program| neurula::loops::Program { slots: Vec::new(), ..program } };
    let panic = std::panic::catch_unwind(|| pass::run_these(program.clone(), &[lose])).expect_err("it is not valid");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("after the pass `lose`"), "{message}");
}

#[test]
fn pieces_store_nothing_that_others_use() {
    let cut = |split: &str, body: &str| format!("r0: real = constant 1.0\nnest n split {split} {{\n{body}\n}}");
    let along = |body: &str| cut("i0 by 1", &format!("loop i0 < 8 serial {{\n{body}\n}}"));
    let fine = |body: &str| accepted(&along(body));
    let same = "two rounds may store to the same cell of b0";
    refused(&along("store b0[3] r0"), same);
    refused(&along("loop i1 < 4 serial {\nstore b0[i1] r0\n}"), same);
    refused(&along("r1: real = load b0[0]\nr2: real = add r1 r0\nstore b0[0] r2"), same);
    refused(&along("r1: int = load b2[i0]\nstore b0[r1] r0"), "r1 differs from round to round");
    refused(&along("r1: real = load b0[i0]\nstore b0[1 + i0] r1"), "a round may load what another one stores to b0");
    // What stands beside the loop is part of every piece.
    let beside = |stmt: &str| cut("i0 by 1", &format!("loop i0 < 8 serial {{\nstore b0[i0] r0\n}}\n{stmt}"));
    refused(&beside("store b0[9] r0"), same);
    refused(&beside("r1: real = load b0[8]\nstore b1[0] r1"), "two rounds may store to the same cell of b1");
    refused(
        &beside("loop i1 < 2 serial {\nr1: real = load b0[i1]\n}"),
        "a round may load what another one stores to b0",
    );
    accepted(&beside("r1: real = load b0[8]"));
    fine("store b0[i0] r0");
    fine("loop i1 < 4 lanes {\nr1: real = load b0[4*i0 + i1]\nstore b0[4*i0 + i1] r1\n}");
    let product = "matrix rows 2 columns 2 depth 2 left b1[4*i0] row 2 right b1[0] row 2 out b0[OUT] row 2 room 2";
    fine(&product.replace("OUT", "4*i0"));
    refused(&along(&product.replace("OUT", "0")), same);
    refused(&along(&product.replace("OUT", "2*i0")), same);
    // The sum over a loop around may be cut along the rows, not along the loop.
    let summed = "loop i0 < 4 serial {\nmatrix rows 2 columns 2 depth 2 left b1[4*i0] row 2 right b1[0] row 2 out b0[0] row 2 room 2 accumulate\n}";
    accepted(&cut("rows by 1", summed));
    accepted(&cut("columns by 16", summed));
    refused(&cut("i0 by 1", summed), same);
}

#[test]
fn a_nest_is_split_along_what_it_has() {
    let nest = |split: &str, body: &str| format!("r0: real = constant 1.0\nnest n split {split} {{\n{body}\n}}");
    let serial = "loop i0 < 8 serial {\nstore b0[i0] r0\n}";
    let lanes = "loop i0 < 8 lanes {\nstore b0[i0] r0\n}";
    let product = "matrix rows 2 columns 2 depth 2 left b1[0] row 2 right b1[0] row 2 out b0[0] row 2 room 2";
    accepted(&nest("i0 by 3", serial));
    accepted(&nest("i0 by 32", lanes));
    accepted(&nest("rows by 1", product));
    accepted(&nest("columns by 16", product));
    refused(&nest("i0 by 0", serial), "pieces of 0 rounds");
    refused(&nest("i0 by 8", lanes), "pieces of 8 rounds: it is a multiple of 16");
    refused(&nest("columns by 8", product), "pieces of 8 rounds: it is a multiple of 16");
    refused(&nest("rows by 1", serial), "it is split along a matrix product, and holds 0");
    refused(&nest("rows by 1", &format!("{product}\n{product}")), "and holds 2");
    refused(&nest("i7 by 1", serial), "split along i7, which is none of its loops");
    refused(&nest("i0 by 1", &serial.replace("serial", "reverse")), "whose rounds go backwards");
    let inside = "loop i1 < 8 lanes {\nloop i0 < 2 serial {\nstore b0[i1 + 8*i0] r0\n}\n}";
    refused(&nest("i0 by 1", inside), "none of its loops outside lanes");
    let others = "a split nest holds loops, matrix products and scalar statements, nothing else";
    refused(&nest("i0 by 1", &format!("nest inner {{\n{serial}\n}}")), others);
    refused(&nest("i0 by 1", &format!("r1: bool = load b4[0]\nwhen r1 {{\n{serial}\n}} else {{\n}}")), others);
}

#[test]
fn memory_of_a_piece_is_made_in_every_round() {
    let program = |own: usize, place: &str, body: &str| {
        format!(
            "loops t f32 scratch 0 own {own} {{\n slot 0 x: real[32] state strides [1] len 32\n slot 1 y: real[32] state strides [1] len 32\n\
            buffer b0 real[32] slot 0 x\n buffer b1 real[32] slot 1 y\n buffer b2 real[4] {place} block\n{body}\n}}"
        )
    };
    let make = "matrix rows 2 columns 2 depth 2 left b0[4*i0] row 2 right b0[0] row 2 out b2[0] row 2 room 2";
    let use_up =
        "loop i1 < 2 serial {\nloop i2 < 2 lanes {\nr0: real = load b2[2*i1 + i2]\nstore b1[4*i0 + 2*i1 + i2] r0\n}\n}";
    let nest = |body: &str| format!("nest n split i0 by 1 {{\nloop i0 < 8 serial {{\n{body}\n}}\n}}");
    let whole = nest(&format!("{make}\n{use_up}"));
    assert_eq!(violations(&program(64, "own 0", &whole)), [""; 0]);
    let refused = |body: &str, message: &str| refused_whole(&program(64, "own 0", body), message);
    refused(&nest(&format!("{make} accumulate\n{use_up}")), "it does not begin as a matrix product of its own");
    refused(
        &nest(&format!("{make}\n{}", use_up.replace("2*i1 + i2]\nstore", "i0]\nstore"))).replace("< 8", "< 4"),
        "something else than what the product has made",
    );
    refused(&nest(use_up), "it does not begin as a matrix product");
    refused(
        &format!("{whole}\nr1: real = load b2[0]\nstore b1[0] r1"),
        "it belongs to the pieces of a split nest, and is used outside",
    );
    refused(
        &nest(make).replace("4*i0", "0").replace(
            "}\n}",
            &format!("}}\n{}\n}}", use_up.replace("4*i0", "0").replace("store b1[0 + 2*i1 + i2] r0", "")),
        ),
        "it is used outside the rounds",
    );
    refused_whole(&program(128, "own 32", &whole), "byte 32 is no multiple of 64");
    refused_whole(&program(64, "own 64", &whole), "it reaches past the 64 bytes of a piece's own memory");
    refused_whole(&program(80, "own 0", &whole), "80 bytes for each piece are no multiple of 64");
    // Scratch memory is shared.
    let shared = program(0, "scratch 0", &whole).replace("scratch 0 own 0 {", "scratch 64 {");
    refused_whole(&shared, "two rounds may store to the same cell of b2");
}

#[test]
fn what_a_split_nest_uses_is_in_use_through_all_of_it() {
    let body = "loop i0 < 8 serial {\nstore b6[i0] r0\n}\nnest n split i1 by 1 {\nr1: real = load b6[0]\nloop i1 < 8 serial {\nstore b7[i1] r1\n}\n}\n\
        loop i2 < 8 serial {\nr2: real = load b7[i2]\nstore b0[i2] r2\n}";
    let text = |body: &str| {
        format!(
            "loops t f32 scratch 256 {{{}\nr0: real = constant 1.0\n{body}\n}}",
            MEMORY.replace("scratch 128", "scratch 0")
        )
    };
    let found = violations(&text(body));
    assert!(matches!(&found[..], [one] if one.contains("it overlaps b7 \"t\" while both are in use")), "{found:?}");
    assert_eq!(violations(&text(&body.replace(" split i1 by 1", ""))), [""; 0]);
}
