//! The verifier holds every invariant: a program for each, broken in that alone.

use neurula::tensor::parse::parse;
use neurula::tensor::{Extent, Name, Program, Value, verify};

/// A program with these lines behind its slots `x: real[3]`, `k: int[]`, `c: class<4>[2]`, `t: bool[]` and `y: real[3]`
/// (v0 to v4).
fn program(lines: &str) -> Program {
    let text = format!(
        "step s {{\n  v0: real[3] = slot x input\n  v1: int[] = slot k input\n  v2: class<4>[2] = slot c input\n  \
         v3: bool[] = slot t input\n  v4: real[3] = slot y state\n{lines}\n}}\n"
    );
    parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The program is refused with one message, which holds these words, at this node.
fn refused(program: &Program, node: &[usize], words: &str) {
    let found = verify::verify(program);
    let messages: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(messages.iter().any(|message| message.contains(words)), "no {words:?} in {messages:?}");
    assert_eq!(found.len(), 1, "{messages:?}");
    assert_eq!(found[0].path, node, "{messages:?}");
}

#[test]
fn what_breaks_nothing_is_valid() {
    let program = program("v5: real[3] = add v0, v0\nwrite y v5");
    assert_eq!(verify::verify(&program), []);
}

#[test]
fn values_are_defined_once_and_before_they_are_used() {
    refused(&program("v5: real[3] = add v0, v6\nv6: real[3] = add v0, v0"), &[0], "v6 is not defined here");
    refused(&program("v5: real[3] = add v0, v9"), &[0], "v9 is not defined here");
    let mut twice = program("v5: real[3] = add v0, v0\nv6: real[3] = add v0, v0");
    twice.graph.nodes[1].outputs[0] = Value(5);
    let messages = verify::verify(&twice);
    assert!(messages.iter().any(|message| message.what.contains("v5 is defined twice") && message.path == [1]));
    let mut none = program("v5: real[3] = add v0, v0");
    none.graph.nodes.clear();
    refused(&none, &[], "v5 is never defined");
}

#[test]
fn bodies_are_closed() {
    let lines =
        "v5: real[3] = loop 2 {\nv0: class<2>[] = index\nv1: real[3] = carry v0\nv2: real[3] = add v1, v4\nnext v2\n}";
    refused(&program(lines), &[0, 0], "v4 is not defined here");
}

#[test]
fn counts_are_bound_before_they_are_mentioned_once_and_with_one_bound() {
    let iota = "v5: class<3>[n<3] = iota to [n<3]";
    refused(&program(iota), &[0], "the count n<3 is not known here");
    let bound = "v5: int[] = bind n<3 v1\nv6: class<3>[n<3] = iota to [n<3]";
    assert_eq!(verify::verify(&program(bound)), []);
    refused(&program("v5: int[] = bind n<4 v1\nv6: class<3>[n<3] = iota to [n<3]"), &[1], "bound below 4");
    refused(&program("v5: int[] = bind n<3 v1\nv6: int[] = bind n<3 v1"), &[1], "bound twice");
    let inside = "v5: real[3] = loop 2 {\nv0: class<2>[] = index\nv1: int[] = invariant v1\nv2: real[3] = carry v0\n\
                  v3: int[] = bind n<3 v1\nnext v2\n}\nv6: class<3>[n<3] = iota to [n<3]";
    refused(&program(inside), &[1], "the count n<3 is not known here");
    refused(
        &program("v5: real[3] = loop n<3 {\nv0: class<3>[] = index\nv1: real[3] = carry v0\nnext v1\n}"),
        &[0],
        "not known",
    );
}

#[test]
fn bounds_are_at_least_one_and_sizes_can_be_counted() {
    let found = verify::verify(&program("v5: int[] = bind n<0 v1"));
    assert!(found.iter().any(|violation| violation.what.contains("has the bound 0")), "{found:?}");
    let found = verify::verify(&program("v5: class<0>[] = clamp below 0 v1"));
    assert!(found.iter().any(|violation| violation.what.contains("bound is 0")), "{found:?}");
    let huge = "v5: real[3, 4000000000, 4000000000] = expand to [3, 4000000000, 4000000000] axes [0] v0";
    refused(&program(huge), &[0], "larger than any memory");
}

#[test]
fn outputs_have_the_types_that_the_rows_give() {
    refused(&program("v5: int[3] = add v0, v0"), &[0], "it gives real[3]");
    refused(&program("v5: real[3] = add v0, v1"), &[0], "one shape");
    refused(&program("v5: real[3] = add v0"), &[0], "`add` takes 2 operands");
    refused(&program("v5: real[4] = sqrt v0"), &[0], "it gives real[3]");
    refused(&program("v5: int[] = bind n<3 v3"), &[0], "`bind` takes a whole number");
}

#[test]
fn a_gather_selects_by_a_class_that_is_never_too_large() {
    refused(&program("v5: real[2] = gather v0, v2"), &[0], "by a class<3>");
    let wide = "v5: real[4] = pad axis 0 start 0 length 4 v0\nv6: real[2] = gather v5, v2";
    assert_eq!(verify::verify(&program(wide)), []);
}

#[test]
fn a_loop_slices_no_more_than_there_is() {
    let sliced = |trip: usize, offset: usize| {
        program(&format!(
            "v5: real[] = constant 0.0\nv6: real[] = loop {trip} {{\nv0: class<{trip}>[] = index\nv1: real[] = row v0 + {offset}\n\
             v2: real[] = carry v5\nv3: real[] = add v1, v2\nnext v3\n}}"
        ))
    };
    assert_eq!(verify::verify(&sliced(3, 0)), []);
    assert_eq!(verify::verify(&sliced(2, 1)), []);
    refused(&sliced(4, 0), &[1], "passes the end of a slice");
    refused(&sliced(3, 1), &[1], "passes the end of a slice");
}

#[test]
fn what_goes_into_a_round_fits_and_so_does_what_comes_out() {
    let carried = |first: &str, inner: &str| {
        program(&format!("v5: real[3] = loop 2 {{\nv0: class<2>[] = index\nv1: real[3] = carry {first}\n{inner}\n}}"))
    };
    assert_eq!(verify::verify(&carried("v0", "next v1")), []);
    refused(&carried("v1", "next v1"), &[0], "first value of carry 0");
    refused(&carried("v0", "v2: real[] = sum axes [0] v1\nnext v2"), &[0], "next value of carry 0");
    refused(&carried("v0", ""), &[0], "results");
    let index = "v5: real[3] = loop 2 {\nv0: class<3>[] = index\nv1: real[3] = carry v0\nnext v1\n}";
    refused(&program(index), &[0], "a loop's index is class<2>[]");
}

#[test]
fn a_condition_is_a_truth_value_without_axes_and_its_count_that_of_the_loop() {
    let until = |count: &str, go: &str| {
        program(&format!(
            "v5: real[3], v6: int[] = loop 2 until {count} {{\nv0: class<2>[] = index\nv1: bool[] = invariant v3\n\
             v2: int[] = invariant v1\nv3: real[3] = carry v0\nnext v3\ngo {go}\n}}"
        ))
    };
    assert_eq!(verify::verify(&until("n<2", "v1")), []);
    refused(&until("n<2", "v2"), &[0], "whether a loop goes on is bool[]");
    refused(&until("n<3", "v1"), &[0], "is counted by n<3");
}

#[test]
fn a_loop_records_its_own_carries_and_no_more_values_than_there_are() {
    let recorded = |record: &str, ty: &str| {
        program(&format!(
            "v5: real[3], v6: {ty} = loop 2 {{\nv0: class<2>[] = index\nv1: real[3] = carry v0\nnext v1\nrecord {record}\n}}"
        ))
    };
    assert_eq!(verify::verify(&recorded("carry 0", "real[3, 3]")), []);
    assert_eq!(verify::verify(&recorded("v1", "real[2, 3]")), []);
    refused(&recorded("carry 1", "real[3, 3]"), &[0], "records carry 1");
    refused(&recorded("carry 0", "real[2, 3]"), &[0], "it gives");
}

#[test]
fn branches_take_and_give_the_same() {
    let when = |condition: &str, otherwise: &str| {
        program(&format!(
            "v5: real[3] = when {condition} {{\nv0: real[3] = given v0\ngive v0\n}} otherwise {{\n{otherwise}\n}}"
        ))
    };
    let same = "v0: real[3] = given v0\ngive v0";
    assert_eq!(verify::verify(&when("v3", same)), []);
    refused(&when("v1", same), &[0], "the condition of a `when` is bool[]");
    refused(
        &when("v3", "v0: real[3] = given v0\nv1: real[] = sum axes [0] v0\ngive v1"),
        &[0],
        "give real[3] and real[]",
    );
    refused(&when("v3", "v0: real[3] = given v0"), &[0], "results");
}

#[test]
fn a_contraction_has_no_index_in_one_place_alone() {
    refused(&program("v5: real[] = contract \"a,b->\" v0, v0"), &[0], "in one place alone");
    refused(&program("v5: real[3, 3] = contract \"a,b->aa\" v0, v0"), &[0], "twice in one place");
    refused(&program("v5: real[] = contract \"ab,ab->\" v0, v0"), &[0], "an index for each axis");
}

#[test]
fn only_a_contraction_is_a_product() {
    refused(&program("v5: real[3] = add v0, v0 product \"X -> Y\""), &[0], "is no contraction");
}

#[test]
fn slots_are_parameters_with_names_of_their_own_and_constant_shapes() {
    let valid = || program("v5: real[3] = add v0, v0\nwrite y v5");
    let mut more = valid();
    more.slots.push(more.slots[0].clone());
    let messages = verify::verify(&more);
    assert!(messages.iter().any(|message| message.what.contains("6 slots for 5 parameters")), "{messages:?}");
    let mut same = valid();
    same.slots[0].name = Name::from("y");
    refused(&same, &[], "two slots are called \"y\"");
    let mut other = valid();
    other.slots[0].ty.shape[0] = Extent::Const(4);
    refused(&other, &[], "but its parameter is real[3]");
}

#[test]
fn slots_are_written_once_with_what_fits_them() {
    refused(&program("v5: real[3] = add v0, v0\nwrite y v5\nwrite y v5"), &[], "written twice");
    refused(&program("v5: real[] = sum axes [0] v0\nwrite y v5"), &[], "v5 is real[]");
    let mut none = program("v5: real[3] = add v0, v0\nwrite y v5");
    none.writes[0] = 9;
    refused(&none, &[], "there is no slot 9");
    none.writes.clear();
    refused(&none, &[], "1 results for 0 writes");
}
