//! Who learns from what, as a table for each phase and as JSON.

use super::plain;
use crate::credit::{Account, InPhase, Lesson, Parameter, Reads, What, Why};
use crate::diag::Sources;
use crate::model::{Bound, CostId, Model, Phase, Way};
use serde_json::{Value, json};

/// The tables of all phases, and what never learns.
pub fn text(model: &Model, account: &Account) -> String {
    let mut text = String::new();
    for (phase, of) in account.phases.iter().zip(&model.phases) {
        text += &format!("phase {}{}, data {}\n", of.name, bound(of), model.data[of.data.0].name);
        text += &lessons(model, account, phase);
        text += &stays(account, phase);
        text += &locality(account, phase);
        text += "\n";
    }
    let plastic = account.plastic();
    let never: Vec<&str> = (0..account.parameters.len())
        .filter(|place| !plastic.contains(place))
        .map(|place| &*account.parameters[place].slot)
        .collect();
    let count = |places: &mut dyn Iterator<Item = usize>| places.map(|at| account.parameters[at].size()).sum::<usize>();
    let (some, all) = (count(&mut plastic.iter().copied()), count(&mut (0..account.parameters.len())));
    text += &format!("{some} of {all} numbers learn in some phase");
    match never[..] {
        [] => {}
        _ => text += &format!("; never: {}", never.join(", ")),
    }
    text
}

/// How long a phase lasts at most.
fn bound(phase: &Phase) -> String {
    match phase.bound {
        Bound::Epochs(count) => format!(" for {count} epochs"),
        Bound::Steps(count) => format!(" for {count} steps"),
        Bound::Trials(count) => format!(" for {count} trials"),
        Bound::Open => String::new(),
    }
}

/// What learns in a phase: a row for each parameter and cost.
fn lessons(model: &Model, account: &Account, phase: &InPhase) -> String {
    let mut table = plain(["learns", "numbers", "by", "from", "credit's way", "ways", "using"].into_iter());
    let mut some = false;
    for (parameter, what) in account.parameters.iter().zip(&phase.what) {
        let What::Learns(lessons) = what else { continue };
        let mut first = true;
        for lesson in lessons {
            for (row, cells) in rows(model, lesson).into_iter().enumerate() {
                let by = if row == 0 { by(lesson) } else { String::new() };
                let using =
                    if row == 0 { lesson.optimiser.as_deref().unwrap_or("").to_string() } else { String::new() };
                let (slot, size) = match first {
                    true => (parameter.slot.to_string(), parameter.size().to_string()),
                    false => Default::default(),
                };
                let [from, way, ways] = cells;
                table.add_row([slot, size, by, from, way, ways, using]);
                (first, some) = (false, true);
            }
        }
    }
    if some { format!("{table}\n") } else { "nothing learns\n".to_string() }
}

fn by(lesson: &Lesson) -> String {
    match lesson.every {
        1 => lesson.rule.to_string(),
        every => format!("{}, every {every} steps", lesson.rule),
    }
}

/// For each cost of a lesson: its name, its way, and how many ways there are.
fn rows(model: &Model, lesson: &Lesson) -> Vec<[String; 3]> {
    if lesson.costs.is_empty() {
        return vec![["no cost".to_string(), String::new(), String::new()]];
    }
    let row = |(cost, way): &(CostId, Option<Way>)| {
        let name = model.costs[cost.0].name.to_string();
        match way {
            Some(way) => [name, words(model, way), number(way)],
            None => [name, "none".to_string(), "0".to_string()],
        }
    };
    lesson.costs.iter().map(row).collect()
}

/// The regions of a way.
fn words(model: &Model, way: &Way) -> String {
    match way.regions.is_empty() {
        true => "the cost reads it".to_string(),
        false => names(model, way).join(" > "),
    }
}

fn names(model: &Model, way: &Way) -> Vec<String> {
    way.regions.iter().map(|id| model.regions[id.0].name.to_string()).collect()
}

fn number(way: &Way) -> String {
    if way.more { format!("{} or more", way.number) } else { way.number.to_string() }
}

/// What stays as it is in a phase, by reason.
fn stays(account: &Account, phase: &InPhase) -> String {
    type Holds = fn(&Why) -> bool;
    let reasons: [(&str, Holds); 5] = [
        ("fixed", |why| matches!(why, Why::Fixed(_))),
        ("frozen in this phase", |why| matches!(why, Why::Frozen)),
        ("learns by nothing", |why| matches!(why, Why::Nothing(_))),
        ("no `learn` of this phase names it", |why| matches!(why, Why::Unnamed)),
        ("no credit has a way to it", |why| matches!(why, Why::NoWay(_))),
    ];
    let mut text = String::new();
    for (words, is) in reasons {
        let of = account.parameters.iter().zip(&phase.what);
        let names: Vec<&str> = of
            .filter(|(_, what)| matches!(what, What::Stays(why) if is(why)))
            .map(|(parameter, _)| &*parameter.slot)
            .collect();
        if !names.is_empty() {
            text += &format!("  stays: {} ({words})\n", names.join(", "));
        }
    }
    text
}

/// What synapses read to learn, and who reads the same.
fn locality(account: &Account, phase: &InPhase) -> String {
    let mut groups: Vec<(&Lesson, Vec<&str>)> = Vec::new();
    for (parameter, what) in account.parameters.iter().zip(&phase.what) {
        let What::Learns(lessons) = what else { continue };
        for lesson in lessons {
            let same = |other: &Lesson| other.rule == lesson.rule && other.reads == lesson.reads;
            match groups.iter_mut().find(|(other, _)| same(other)) {
                Some((_, slots)) => slots.push(&parameter.slot),
                None => groups.push((lesson, vec![&parameter.slot])),
            }
        }
    }
    let mut text = String::new();
    for (lesson, slots) in groups {
        let (here, elsewhere): (Vec<&Reads>, Vec<&Reads>) = lesson.reads.iter().partition(|read| read.is_local());
        let words = |reads: &[&Reads]| reads.iter().map(|read| read.to_string()).collect::<Vec<_>>().join("; ");
        let local = if elsewhere.is_empty() { "local" } else { "not local" };
        text += &format!("  {local}, by {}: {}\n    reads {}\n", lesson.rule, slots.join(", "), words(&here));
        if !elsewhere.is_empty() {
            text += &format!("    and from elsewhere {}\n", words(&elsewhere));
        }
    }
    text
}

/// The account as `docs/json.md` describes it.
pub fn json(model: &Model, account: &Account, sources: &Sources) -> Value {
    let phases: Vec<Value> = account.phases.iter().map(|phase| phase_json(model, account, phase, sources)).collect();
    let plastic = account.plastic();
    let (learn, never): (Vec<usize>, Vec<usize>) = (0..account.parameters.len()).partition(|at| plastic.contains(at));
    let slots = |places: &[usize]| -> Vec<&str> { places.iter().map(|at| &*account.parameters[*at].slot).collect() };
    json!({ "phases": phases, "plastic": slots(&learn), "never": slots(&never) })
}

fn phase_json(model: &Model, account: &Account, phase: &InPhase, sources: &Sources) -> Value {
    let all = account.parameters.iter().zip(&phase.what);
    let parameters: Vec<Value> = all.map(|(parameter, what)| parameter_json(model, parameter, what, sources)).collect();
    json!({ "phase": phase.name.as_ref(), "parameters": parameters })
}

fn parameter_json(model: &Model, parameter: &Parameter, what: &What, sources: &Sources) -> Value {
    let (lessons, stays) = match what {
        What::Learns(lessons) => (&lessons[..], None),
        What::Stays(why) => (&[][..], Some(word(why))),
    };
    let lessons: Vec<Value> = lessons.iter().map(|lesson| lesson_json(model, lesson, sources)).collect();
    json!({ "parameter": parameter.slot.as_ref(), "shape": parameter.shape, "learns": lessons, "stays": stays })
}

fn lesson_json(model: &Model, lesson: &Lesson, sources: &Sources) -> Value {
    let costs = lesson.costs.iter().map(|(cost, way)| {
        let cost = &model.costs[cost.0];
        let region = &model.regions[cost.region.0].name;
        json!({
            "cost": cost.name.as_ref(), "in": region.as_ref(),
            "way": way.as_ref().map(|way| names(model, way)),
            "ways": way.as_ref().map_or(0, |way| way.number),
            "more": way.as_ref().is_some_and(|way| way.more),
        })
    });
    json!({
        "rule": lesson.rule.as_ref(), "equation": lesson.equation, "costs": costs.collect::<Vec<_>>(),
        "optimiser": lesson.optimiser.as_deref(), "every": lesson.every,
        "reads": lesson.reads.iter().map(reading).collect::<Vec<_>>(),
        "local": lesson.reads.iter().all(Reads::is_local), "statement": sources.slice(lesson.span),
    })
}

/// What is read, in one word, and of what.
fn reading(reads: &Reads) -> Value {
    let (what, of) = match reads {
        Reads::Pre => ("pre", None),
        Reads::Post => ("post", None),
        Reads::Own => ("own", None),
        Reads::State => ("state", None),
        Reads::Noise => ("noise", None),
        Reads::Asked(cost) => ("asked", Some(cost)),
        Reads::Modulator(name) => ("modulator", Some(name)),
        Reads::Global => ("global", None),
        Reads::Batch => ("batch", None),
        Reads::Units(region) => ("units", Some(region)),
        Reads::AskedOfOthers(cost) => ("asked_of_others", Some(cost)),
        Reads::Synapses(slot) => ("synapses", Some(slot)),
        Reads::Transport(slot) => ("transport", Some(slot)),
        Reads::Feedback(slot) => ("feedback", Some(slot)),
    };
    json!({ "what": what, "of": of.map(|of| of.as_ref()) })
}

/// A reason in one word.
fn word(why: &Why) -> &'static str {
    match why {
        Why::Fixed(_) => "fixed",
        Why::Frozen => "frozen",
        Why::Nothing(_) => "nothing",
        Why::Unnamed => "unnamed",
        Why::NoWay(_) => "no_way",
    }
}
