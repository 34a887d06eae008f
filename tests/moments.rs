//! `(A -> B) at PHASE`: what weights were when a phase ended, in costs and metrics.

use super::keep::Stop;
use super::trained::{EXACT, Trained, Way, checked, options, slots, trained};
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, train};
use neurula::runtime::{Backend, Silent};
use std::path::Path;
use tempfile::TempDir;

const WEIGHT: &str = "Retina -> Name.weight";
const THEN: &str = "Retina -> Name.weight at monday";

/// Monday learns, and whatever comes after it; `stay` draws weights back to what they were after Monday.
fn spec(connect: &str, monday: &str, after: &str) -> String {
    format!(
        "data world = digits(batch = 128, validation = 10 %)\nregion Retina[8, 8] = world.image\nregion Name[10] = drive\n\
         connect Retina -> Name{connect}\ncost wrong in Name = cross_entropy(Name, world.label)\n\
         cost stay in Name = 0.5 * sum(((Retina -> Name) - (Retina -> Name) at monday)^2)\n\
         metric stayed = sum(((Retina -> Name) - (Retina -> Name) at monday)^2)\n\
         development {{\n  phase monday for 2 epochs {monday} {{ learn Retina -> Name by backprop from wrong using sgd(rate = 0.2) }}\n{after}\n}}"
    )
}

const TUESDAY: &str =
    "phase tuesday for 1 epochs { learn Retina -> Name by backprop from wrong using sgd(rate = 0.2) }";
const BACK: &str = "phase wednesday for 3 steps { learn Retina -> Name by backprop from stay using sgd(rate = 0.25) }";
/// Nothing is taught by `stay` in this one, which makes the cost idle, so it is taught at no rate.
const STILL: &str = "phase still for 1 steps { learn Retina -> Name by backprop from stay using sgd(rate = 0) }";

fn near(found: &[f64], expected: impl Iterator<Item = f64>) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found} is not {expected}");
    }
}

#[test]
fn it_is_what_they_were_when_the_phase_ended() {
    let alone = trained(&spec("", "", STILL), &EXACT);
    let later = trained(&spec("", "", &format!("{TUESDAY} {STILL}")), &EXACT);
    assert_eq!(alone.slot(THEN), alone.slot(WEIGHT));
    assert_eq!(later.slot(THEN), alone.slot(WEIGHT));
    assert_ne!(later.slot(WEIGHT), alone.slot(WEIGHT));
    let between: f64 = later.slot(WEIGHT).iter().zip(later.slot(THEN)).map(|(now, then)| (now - then).powi(2)).sum();
    assert!((later.value("stayed", "test") - between).abs() < 1e-12 * between);
    assert_eq!(alone.value("stayed", "test"), 0.0);
}

#[test]
fn before_the_phase_has_ended_it_is_what_they_were_at_birth() {
    let born = trained(&spec("", "", STILL).replace("2 epochs", "1 steps").replace("rate = 0.2", "rate = 0"), &EXACT);
    let run = trained(&spec("", "", STILL), &EXACT);
    let row = run.metrics.lines().find(|line| line.contains(",monday,") && line.contains("test,stayed")).unwrap();
    let stayed: f64 = row.split(',').nth(5).unwrap().parse().unwrap();
    let once = trained(&spec("", "", STILL).replace("2 epochs", "1 epochs"), &EXACT);
    let far: f64 = once.slot(WEIGHT).iter().zip(born.slot(WEIGHT)).map(|(now, born)| (now - born).powi(2)).sum();
    assert!((stayed - far).abs() < 1e-12 * far, "{stayed} is not {far}");
}

#[test]
fn a_step_back_is_the_closed_form() {
    let went = trained(&spec("", "", &format!("{TUESDAY} {STILL}")), &EXACT);
    let back = trained(&spec("", "", &format!("{TUESDAY} {BACK}")), &EXACT);
    let (now, then) = (went.slot(WEIGHT), went.slot(THEN));
    near(back.slot(WEIGHT), now.iter().zip(then).map(|(now, then)| then + 0.75f64.powi(3) * (now - then)));
}

#[test]
fn it_is_of_the_kept_weights_and_of_the_last_time() {
    let kept = trained(&spec("", "keep highest wrong", &format!("{TUESDAY} {STILL}")), &EXACT);
    let alone = trained(&spec("", "keep highest wrong", STILL), &EXACT);
    assert_eq!(kept.slot(THEN), alone.slot(WEIGHT));
    let often = spec("", "", STILL)
        .replace("phase monday", "repeat 3 { phase monday")
        .replace("rate = 0.2) }", "rate = 0.2) } }");
    let often = trained(&often, &EXACT);
    assert_eq!(often.slot(THEN), often.slot(WEIGHT));
    assert_eq!(often.outcome.phases.len(), 4);
}

#[test]
fn every_pattern_with_weights_has_them() {
    for connect in ["", " : lowrank(3)", " : sparse(0.3)"] {
        let run = trained(&spec(connect, "", &format!("{TUESDAY} {BACK}")), &EXACT);
        let away = run.value("stayed", "test");
        assert!(away > 0.0 && away.is_finite(), "{connect}");
    }
    let low = trained(&spec(" : lowrank(3)", "", &format!("{TUESDAY} {STILL}")), &EXACT);
    let alone = trained(&spec(" : lowrank(3)", "", STILL), &EXACT);
    for factor in ["left", "right"] {
        assert_eq!(
            low.slot(&format!("Retina -> Name.{factor} at monday")),
            alone.slot(&format!("Retina -> Name.{factor}"))
        );
    }
}

#[test]
fn interpreter_and_machine_code_agree() {
    let text = spec("", "", &format!("{TUESDAY} {BACK}"));
    let digest = |backend| trained(&text, &Way { backend, ..EXACT }).outcome.state_digest;
    assert_eq!(digest(Backend::Jit), digest(Backend::Interpreter));
}

#[test]
fn a_run_that_goes_on_remembers() {
    let text = spec("", "", &format!("{TUESDAY} {BACK}"));
    let whole: Trained = trained(&text, &EXACT);
    let model = checked(Path::new("."), &text).unwrap();
    let files = [SpecFile { path: "spec.neu".into(), text: text.clone() }];
    for after in 1..4 {
        let place = TempDir::new().unwrap();
        let run = place.path().join("run");
        let told = options(Path::new("."), &run, &EXACT);
        let mut stop = Stop(after, told.interrupted.clone());
        let stopped = train(&model, &told, &Origin { files: &files, set: &[], resume: false }, &mut stop).unwrap();
        assert!(stopped.interrupted && slots(&run).contains_key(THEN));
        let again = options(Path::new("."), &run, &EXACT);
        let outcome = train(&model, &again, &Origin { files: &files, set: &[], resume: true }, &mut Silent).unwrap();
        assert_eq!(outcome.state_digest, whole.outcome.state_digest, "after {after}");
    }
}

#[test]
fn what_makes_no_sense_is_told() {
    let good = spec("", "", STILL);
    for (broken, code, word) in [
        (good.replace("at monday)^2)\nmetric", "at munday)^2)\nmetric"), "E0201", "did you mean `monday`?"),
        (
            good.replace("(Retina -> Name) at monday)^2)\nmetric", "(Retina -> Nam) at monday)^2)\nmetric"),
            "E0201",
            "Name",
        ),
        (
            good.replace("(Retina -> Name) at monday)^2)\nmetric", "(wrong) at monday)^2)\nmetric"),
            "E0901",
            "(A -> B) at",
        ),
        (
            good.replace("sgd(rate = 0.25)", "x")
                .replace("sgd(rate = 0)", "sgd(rate = sum((Retina -> Name) at monday))"),
            "E0207",
            "costs and metrics",
        ),
    ] {
        let said = checked(Path::new("."), &broken).err().unwrap_or_else(|| panic!("taken: {broken}"));
        let codes: Vec<&str> = said.iter().map(|said| said.code.0).collect();
        let text = format!("{said:?}");
        assert!(codes.contains(&code) && text.contains(word), "{codes:?} {text}");
    }
}
