//! Breaks every equation of every definition of the library in turn, and wants a check to fail for each: what survives is a
//! mistake that nobody would see.

mod breaking;
mod checks;

use breaking::mutants;
use checks::{Fault, check};
use neurula::library::{ENTRIES, Entry};

/// Mutants that no check can tell from the definition, each with its reason.
const SURVIVORS: &[(&str, &str, &str)] = &[];

/// What became of the mutants of a definition.
struct Tally {
    entry: &'static Entry,
    wrong: usize,
    refused: usize,
    survived: Vec<String>,
}

/// Runs the check of a definition on each of its mutants.
fn tally(entry: &'static Entry) -> Tally {
    let Some(check) = check(entry.kind, entry.name) else {
        panic!("give the {} `{}` its values in tests/mutants/checks", entry.kind, entry.name);
    };
    if let Err(fault) = check(entry.text) {
        panic!("the {} `{}` itself does not pass: {fault}", entry.kind, entry.name);
    }
    let mut tally = Tally { entry, wrong: 0, refused: 0, survived: Vec::new() };
    for mutant in mutants(entry.text) {
        match check(&mutant.text) {
            Ok(()) => tally.survived.push(mutant.what),
            Err(Fault::Refused) => tally.refused += 1,
            Err(Fault::Ended | Fault::Wrong(_)) => tally.wrong += 1,
        }
    }
    tally
}

#[test]
fn every_mistake_in_the_library_is_seen() {
    let (front, back) = ENTRIES.split_at(ENTRIES.len() / 2);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let other = scope.spawn(|| back.iter().map(tally).collect::<Vec<Tally>>());
        let own: Vec<Tally> = front.iter().map(tally).collect();
        own.into_iter().chain(other.join().unwrap()).collect()
    });
    let (mut wrong, mut refused, mut survived) = (0, 0, Vec::new());
    for tally in &tallies {
        wrong += tally.wrong;
        refused += tally.refused;
        survived.extend(tally.survived.iter().map(|what| (tally.entry.name, what.as_str())));
    }
    println!("{wrong} mutants give wrong values, {refused} are refused, {} survive:", survived.len());
    survived.iter().for_each(|(name, what)| println!("  {name}: {what}"));
    assert!(wrong > 8 * refused && wrong > 5 * ENTRIES.len(), "{wrong} wrong, {refused} refused");
    let known: Vec<(&str, &str)> = SURVIVORS.iter().map(|(name, what, _)| (*name, *what)).collect();
    assert_eq!(survived, known);
}
