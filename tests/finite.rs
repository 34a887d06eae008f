//! Values that are not finite: the run ends, and says in which step, where in the spec and by which operation the first of
//! them came about.

use super::errors::shortcoming;
use super::trained::{EXACT, Way, checked, train_in};
use neurula::diag::{Diagnostic, Sources, render};
use neurula::driver;
use neurula::math::Precision;
use neurula::runtime::{Backend, RunError};
use std::path::Path;

/// What a run says that ends in the f32 of either backend, and the place that it points at.
struct End {
    said: Diagnostic,
    /// The text at the primary label.
    place: String,
    step: u64,
}

/// How a text ends when it is trained.
fn end(text: &str) -> End {
    let [jit, interpreter] = [Backend::Jit, Backend::Interpreter].map(|backend| {
        let way = Way { precision: Precision::F32, backend, epochs: Some(3), ..EXACT };
        match train_in(Path::new("."), text, &way) {
            Err(RunError::NotFinite { said, step, .. }) => (*said, step),
            other => panic!("{:?}\n{text}", other.map(|trained| trained.outcome.weights_digest)),
        }
    });
    assert_eq!(jit, interpreter);
    let (said, step) = jit;
    let mut sources = Sources::new();
    driver::parse_text(&mut sources, Path::new("./spec.neu"), text);
    let drawn = render::text(&said, &sources, render::Style::Plain);
    assert_eq!(shortcoming(&said), None, "{drawn}");
    let primary = said.labels.iter().find(|label| label.primary).expect("a place");
    let place = sources.slice(primary.span).to_string();
    if std::env::var_os("SHOW").is_some() {
        println!("{drawn}");
    }
    End { said, place, step }
}

/// A net on the digits with these equations and this cost.
fn digits(hidden: &str, cost: &str, learn: &str) -> String {
    format!(
        "data d = digits(batch = 32)\nregion In[8, 8] = d.image\nregion H[6] = {hidden}\nregion Y[10] = drive\n\
         connect In -> H -> Y\ncost wrong in Y = {cost}\n{learn}\n"
    )
}

const SGD: &str = "learn In -> H -> Y by backprop from wrong using sgd(rate = 0.1)";

#[track_caller]
fn holds(end: &End, code: &str, place: &str, words: &[&str]) {
    let message = &end.said.message;
    assert_eq!((end.said.code.0, &*end.place), (code, place), "{message}");
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

#[test]
fn the_logarithm_of_0_in_a_region() {
    let end = end(&digits("log(relu(drive))", "sum(Y^2)", SGD));
    holds(&end, "E0802", "log(relu(drive))", &["`log` of 0 is -inf", "the region `H`", "phase `life`", "step 0"]);
}

#[test]
fn a_division_by_0_in_a_cost() {
    let end = end(&digits("tanh(drive)", "sum(Y^2) / (sum(d.image) - sum(d.image))", SGD));
    holds(&end, "E0802", "sum(Y^2) / (sum(d.image) - sum(d.image))", &["/ 0 is inf", "the cost `wrong` in `Y`"]);
}

#[test]
fn an_exponential_that_overflows() {
    let end = end(&digits("drive", "sum(exp(1000 * Y^2))", SGD));
    holds(&end, "E0802", "exp(1000 * Y^2)", &["`exp` of ", " is inf", "the cost `wrong` in `Y`"]);
    assert!(end.said.help.as_deref().is_some_and(|help| help.contains("exp(min(x, 80))")));
}

/// A model in time with this structure, on generated rows of zeros behind a first step.
fn trial(structure: &str, region: &str) -> String {
    format!(
        "{structure}\ntime 120 steps\ndata d {{ samples 8, test 4, batch 4\n x[t] = select(t == 0, 1, 0)\n y = uniform(0, 1) }}\n\
         region In[1] = d.x[t]\nregion G : {region}\nregion Out[1] = drive\nconnect In -> G\nconnect G -> Out\n\
         cost wrong in Out = (Out[0] - d.y)^2 at end\nlearn In -> G -> Out by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

#[test]
fn activity_that_explodes_in_time() {
    let text = trial(
        "structure double(n) {\n input x\n weight W[n, x] = 1, U[n, n] = 2\n state h[n] = 0\n h := W @ x + U @ h\n output h\n}",
        "double(2)",
    );
    let end = end(&text);
    // Two units with recurrent weights of 2: their activity at step t is 4^t.
    holds(&end, "E0802", "U @ h", &["the product of `G.U` comes to inf, in the region `G`, at time step 64"]);
}

#[test]
fn a_gradient_that_explodes_in_a_gru() {
    // The equations of the library's, with a recurrent weight that is far too large; all units stay at 0, where nothing
    // bounds the slope.
    let gru = neurula::library::ENTRIES.iter().find(|entry| entry.name == "gru").expect("the library has one").text;
    let wild = gru.replace("structure gru(", "structure wild(").replace("Uh[n, n]", "Uh[n, n] = 40");
    let text = trial(&wild, "wild(2)").replace("select(t == 0, 1, 0)", "0 * t");
    let end = end(&text);
    holds(&end, "E0803", "Uh @ (r * h)", &["in the derivative of", "the region `G`", "at time step "]);
    let step = end.said.message.rsplit(' ').next().and_then(|step| step.parse::<usize>().ok());
    assert!(step.is_some_and(|step| (60..100).contains(&step)), "{}", end.said.message);
}

#[test]
fn a_gradient_of_what_is_not_chosen() {
    // The logarithm of 0 is left out, and its slope is not: 0 times infinity.
    let end = end(&digits("select(drive > 1e9, log(0 * drive), drive)", "sum(Y^2)", SGD));
    holds(&end, "E0803", "log(0 * drive)", &["in the derivative of `log`", "the region `H`"]);
}

#[test]
fn the_state_of_an_optimiser() {
    let hoard = "optimiser hoard(rate) {\n state s = 1\n s := s * 1e20\n w := w - rate * g / s\n}\n";
    let text = format!("{hoard}{}", digits("tanh(drive)", "sum(Y^2)", &SGD.replace("sgd", "hoard")));
    let end = end(&text);
    holds(&end, "E0804", "s * 1e20", &["1e20 * 1e20 is inf", "what `hoard` does to `In -> H.weight`", "step 1"]);
    assert_eq!(end.step, 1);
    let learn = end.said.labels.iter().find(|label| !label.primary).expect("the statement");
    assert_eq!(learn.text, "asked for by this statement");
}

#[test]
fn a_rule_of_ones_own() {
    let boost = "rule boost(rate) {\n dw = rate * exp(exp(pre + 5))\n}\n";
    let text = format!(
        "{boost}{}",
        digits(
            "tanh(drive)",
            "sum(Y^2)",
            "learn In -> H by boost(rate = 0.1)\nlearn H -> Y by backprop from wrong using sgd(rate = 0.1)"
        )
    );
    let end = end(&text);
    holds(&end, "E0804", "exp(exp(pre + 5))", &["`exp` of 148.41", "what `boost` does to `In -> H.weight`"]);
}

#[test]
fn data_that_are_too_large_to_be_squared() {
    let text = "data d { samples 8, test 4, batch 4\n x = 1e30\n y = uniform(0, 1) }\nregion In[1] = d.x^2\nregion Out[1] = drive\n\
                connect In -> Out\ncost wrong in Out = (Out[0] - d.y)^2\nlearn In -> Out by backprop from wrong using sgd(rate = 0.1)\n";
    holds(&end(text), "E0802", "d.x^2", &["1e30 * 1e30 is inf", "the region `In`"]);
}

#[test]
fn weights_that_grow_without_end() {
    let end = end(&digits("drive", "-1 * sum(Y^2)", &SGD.replace("0.1", "1e10")));
    holds(&end, "E0802", "sum(Y^2)", &["a sum comes to inf", "the cost `wrong` in `Y`"]);
}

/// What is said of the data of a spec when they are read, and the text at its place.
fn refused(folder: &Path, text: &str) -> (Diagnostic, String) {
    let way = Way { precision: Precision::F32, epochs: Some(1), ..EXACT };
    let said = match train_in(folder, text, &way) {
        Err(RunError::Data(said)) => said,
        other => panic!("{:?}\n{text}", other.map(|trained| trained.outcome.weights_digest)),
    };
    let mut sources = Sources::new();
    driver::parse_text(&mut sources, &folder.join("spec.neu"), text);
    assert_eq!(said.len(), 1);
    assert_eq!(shortcoming(&said[0]), None, "{}", render::text(&said[0], &sources, render::Style::Plain));
    let primary = said[0].labels.iter().find(|label| label.primary).expect("a place");
    (said[0].clone(), sources.slice(primary.span).to_string())
}

/// A spec on generated data.
fn generated(front: &str, fields: &str) -> String {
    format!(
        "{front}data d {{\n samples 40, test 8, batch 8\n{fields}\n}}\nregion In[1] = d.x\nregion Out[1] = drive\nconnect In -> Out\n\
         cost wrong in Out = (Out[0] - d.y)^2\nlearn In -> Out by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

#[test]
fn a_generated_field() {
    let text = generated("", " x = sqrt(index - 3)\n y = 1 / (index + 1) + select(x < 2, 0, log(0 * x))");
    let (said, place) = refused(Path::new("."), &text);
    let words = "the field `x` comes to NaN, in sample 0 of the train split: `sqrt` of -3 is NaN";
    assert_eq!((said.code.0, &*place, &*said.message), ("E0716", "sqrt(index - 3)", words));
    // What `select` leaves out is not named, though it comes before.
    let text = generated("", " x = select(index < 50, 1, log(0 * index)) + 1 / (index - 11)\n y = x");
    let (said, place) = refused(Path::new("."), &text);
    let words = "the field `x` comes to inf, in sample 11 of the train split: 1 / 0 is inf";
    assert_eq!((said.code.0, &*place, &*said.message), ("E0716", "1 / (index - 11)", words));
}

#[test]
fn a_generated_field_over_time_and_a_fixed_array() {
    let text = "time 400 steps\ndata d {\n samples 4, test 2, batch 2\n x[t] = 1 + 10 * x[t - 1]\n y = 0\n}\nregion In[1] = d.x[t]\n\
        region Out[1] = drive\nconnect In -> Out\ncost wrong in Out = (Out[0] - d.y)^2 at end\n\
        learn In -> Out by backprop from wrong using sgd(rate = 0.1)\n";
    let (said, place) = refused(Path::new("."), text);
    assert_eq!((said.code.0, &*place), ("E0716", "10 * x[t - 1]"));
    assert!(said.message.contains("sample 0 of the train split: 10 * "), "{}", said.message);
    let text = generated("const scale[i = 3] = log(i - 1)\n", " x = index\n y = scale[0]");
    let (said, place) = refused(Path::new("."), &text);
    assert_eq!((said.code.0, &*place), ("E0716", "log(i - 1)"));
    assert_eq!(said.message, "`scale` holds NaN: `log` of -1 is NaN");
}

/// A spec on a table.
const TABLE: &str = "data d = csv(\"table.csv\", target = \"y\", batch = 2)\nregion In[1] = d.x\nregion Out[1] = drive\n\
    connect In -> Out\ncost wrong in Out = (Out[0] - d.y)^2\nlearn In -> Out by backprop from wrong using sgd(rate = 0.1)\n";

#[test]
fn no_number_in_a_table_and_one_that_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("table.csv"), "x,y\n1,2\n2,3\n3,nan\n4,5\n").unwrap();
    let Err(said) = checked(folder.path(), TABLE) else { panic!("a table with NaN") };
    assert_eq!(said[0].code.0, "E0716");
    for word in ["table.csv", "line 4", "column 2 (`y`)", "`nan`"] {
        assert!(said[0].message.contains(word), "{}", said[0].message);
    }
    std::fs::write(folder.path().join("table.csv"), "x,y\n1,2\n2,3\n1e39,4\n4,5\n").unwrap();
    let (said, place) = refused(folder.path(), TABLE);
    assert_eq!((said.code.0, &*place), ("E0716", "data d = csv(\"table.csv\", target = \"y\", batch = 2)"));
    for word in ["sample 2 of the field `x`", "table.csv", "1e39", "infinite in f32"] {
        assert!(said.message.contains(word), "{}", said.message);
    }
    assert!(train_in(folder.path(), TABLE, &Way { epochs: Some(1), ..EXACT }).is_ok(), "f64 holds it");
}

#[test]
fn an_infinite_metric_ends_nothing() {
    let text = digits("tanh(drive)", "sum(Y^2)", SGD) + "metric odd = log(0 * Y[0])\n";
    assert!(train_in(Path::new("."), &text, &Way { epochs: Some(1), ..EXACT }).is_ok());
}

#[test]
fn the_pages_of_the_codes_hold() {
    for code in ["E0802", "E0803", "E0804"] {
        let page = super::errors::pages::page(code);
        let [wrong, right] = ["Wrong", "Right"].map(|heading| super::errors::pages::block(&page, heading));
        assert_eq!(end(wrong).said.code.0, code, "{wrong}");
        let way = Way { precision: Precision::F32, epochs: Some(3), ..EXACT };
        assert!(train_in(Path::new("."), right, &way).is_ok(), "{right}");
    }
}
