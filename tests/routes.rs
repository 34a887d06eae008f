//! Credit rules that change what credit crosses, on architectures of all kinds: equation by equation, against other rules and by hand.

use super::feedback::{At, DEEP, FORKED, OVER_TIME, at, spec};
use super::model::codes;

/// Architectures before `Out`: with the projections whose weights credit crosses.
const BODIES: &[(&str, &[&str])] = &[
    (DEEP, &["A -> B", "B -> Out"]),
    (FORKED, &["A -> B", "A -> C", "A -> Out", "B -> C as gate", "B -> Out", "C -> Out"]),
    (
        "region Eye[4, 4] = task.image\nregion Maps[2, 4, 4] = tanh(drive)\nregion Small[2, 2, 2] = drive\n\
         region More[3, 2, 2] = tanh(drive)\nconnect Eye -> Maps : conv(2, 3, 1, 1)\nconnect Maps -> Small : pool(mean, 2)\n\
         connect Small -> More : conv(3, 3, 1, 1)\nconnect More -> Out\nconnect In -> Out",
        &["Small -> More", "More -> Out"],
    ),
    (
        "region A[4] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A\nconnect A -> B : sparse(0.5)\nconnect B -> Out",
        &["A -> B", "B -> Out"],
    ),
    (
        "region A[4] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A\nconnect A -> B : one_to_one\nconnect B -> Out",
        &["A -> B", "B -> Out"],
    ),
    (
        "region A[5] = tanh(drive)\nregion B[5] = tanh(drive)\nregion C[5] = tanh(drive)\nconnect In -> A -> B\n\
         connect B -> C : transpose(A -> B)\nconnect C -> Out",
        &["A -> B", "B -> C", "C -> Out"],
    ),
];

/// Architectures that not every rule takes.
const FACTORED: &str = "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A\nconnect A -> B : lowrank(2)\nconnect B -> Out";
const SETTLING: &str = "region A[4] = tanh(drive + 0.5 * back), settle 6 steps\nregion B[3] = tanh(drive), settle 6 steps\n\
                        connect In -> A -> B -> Out\nconnect B -> A as back";

/// What a step makes of a slot.
fn new(at: &At, slot: &str) -> Vec<f64> {
    at.value(&format!("{slot}.new"))
}

fn close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-13 * wanted.abs().max(1.0), "{what}: {found} {wanted}");
    }
}

#[test]
fn by_kolen_and_pollack_both_paths_change_as_feedback_alignment_changes_the_one_and_decay_alike() {
    let mut texts: Vec<String> = BODIES.iter().map(|(body, _)| spec(body, "RULE")).collect();
    texts.extend([spec(FACTORED, "RULE"), spec(SETTLING, "RULE"), OVER_TIME.to_string()]);
    for text in texts {
        let taught = at(&text.replace("RULE", "kolen_pollack(decay = 0.3)"));
        let random = at(&text.replace("RULE", "feedback_alignment"));
        let found = taught.feedback();
        assert_eq!(found, random.feedback());
        for feedback in &found {
            let weight = taught.stands_for(feedback);
            let (weights, over) = (taught.slot(&weight), taught.slot(feedback));
            let decayed = |of: &[f64]| -> Vec<f64> {
                let moved = new(&random, &weight).into_iter().zip(&weights).map(|(new, old)| new - old);
                moved.zip(of).map(|(moved, of)| of + moved - 0.03 * of).collect()
            };
            close(&new(&taught, &weight), &decayed(&weights), &format!("{weight}\n{text}"));
            close(&new(&taught, feedback), &decayed(&over), &format!("{feedback}\n{text}"));
            assert!(weights.iter().zip(new(&random, &weight)).any(|(old, new)| (old - new).abs() > 1e-6));
        }
        for (name, value) in random.news() {
            let crossed = found.iter().any(|feedback| format!("{}.new", taught.stands_for(feedback)) == name);
            assert!(crossed || taught.value(&name) == value, "{name}\n{text}");
        }
    }
}

#[test]
fn what_changes_forward_and_feedback_weights_alike_teaches_all_that_it_crosses() {
    let two = |first: &str, second: &str| {
        let learn = |paths: &str, rule: &str| format!("learn {paths} by {rule} from wrong using sgd(rate = 0.1)\n");
        let body = spec(DEEP, "RULE").lines().filter(|line| !line.starts_with("learn")).collect::<Vec<_>>().join("\n");
        codes(&format!("{body}\n{}{}", learn("In -> A", first), learn("A -> B -> Out", second)))
    };
    assert_eq!(two("kolen_pollack", "backprop"), ["E0512"]);
    assert_eq!(two("backprop", "kolen_pollack"), [""; 0]);
    assert_eq!(two("feedback_alignment", "kolen_pollack"), ["E0513"]);
    assert_eq!(two("direct_feedback_alignment", "kolen_pollack"), ["E0513"]);
    assert_eq!(two("direct_feedback_alignment", "feedback_alignment"), [""; 0]);
}
