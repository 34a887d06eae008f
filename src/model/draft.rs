//! The model while it is being made: what is declared under which name, and what has been said about it.

use super::{Const, Cost, Data, Metric, Modulator, Param, Phase, Projection, RegionId, Structure, Time, Unit};
use crate::diag::{Code, Diagnostic, Sources, Span};
use crate::syntax::tree::{self, Ast, DefinitionKind, Item, ItemKind};
use indexmap::IndexMap;
use std::sync::Arc;

/// Among how many of the last messages a repetition is looked for.
const JUST_NOW: usize = 16;

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning<'a> {
    /// The param of this number.
    Param(usize),
    /// A param that names a definition.
    Alias,
    /// The fixed array of this number.
    Const(usize),
    /// The dataset of this number.
    Data(usize),
    /// The region of this number.
    Region(usize),
    /// The cost of this number.
    Cost(usize),
    /// The metric of this number.
    Metric(usize),
    /// The modulator of this number.
    Modulator(usize),
    /// A phase.
    Phase,
    /// A function.
    Function(&'a tree::Function),
    /// A rule or an optimiser.
    Definition(&'a tree::Definition),
    /// Something that could not be read or is not supported; it agrees with everything.
    Broken,
}

impl Meaning<'_> {
    /// What it is, in words.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Meaning::Param(_) => "a param",
            Meaning::Alias => "a param that names a definition",
            Meaning::Const(_) => "a fixed array",
            Meaning::Data(_) => "a dataset",
            Meaning::Region(_) => "a region",
            Meaning::Cost(_) => "a cost",
            Meaning::Metric(_) => "a metric",
            Meaning::Modulator(_) => "a modulator",
            Meaning::Phase => "a phase",
            Meaning::Function(_) => "a function",
            Meaning::Definition(d) => match d.kind {
                DefinitionKind::Rule => "a rule",
                DefinitionKind::Optimiser => "an optimiser",
                DefinitionKind::Neuron => "a neuron",
                DefinitionKind::Structure => "a structure",
                DefinitionKind::Environment => "an environment",
            },
            Meaning::Broken => "an item with an error",
        }
    }
}

/// A name with its meaning and the place that gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared<'a> {
    /// What it is.
    pub(super) meaning: Meaning<'a>,
    /// Where it is defined.
    pub(super) span: Span,
    /// Whether it comes from the library, which a user's definition may replace.
    pub(super) library: bool,
}

/// A region while its equation is not known yet.
pub(super) struct RegionDraft<'a> {
    /// The item.
    pub(super) item: &'a Item,
    /// Its tree.
    pub(super) tree: &'a tree::Region,
    /// Its shape; none if that has an error.
    pub(super) shape: Option<Vec<usize>>,
    /// Its equation; none if that has an error or is not reached yet.
    pub(super) equation: Option<super::Formula>,
    /// What its equation draws.
    pub(super) draws: Vec<super::Draw>,
    /// Which draws declare an estimator.
    pub(super) sampled: Vec<super::Sampled>,
    /// What else it has if it is a structure.
    pub(super) structure: Option<Structure>,
    /// The bias of its drive.
    pub(super) bias: super::Bias,
    /// How it settles, if it does.
    pub(super) settle: Option<super::Settle>,
}

/// The model in the making.
pub(super) struct Draft<'a> {
    /// The texts.
    pub(super) sources: &'a Sources,
    /// The spec, then what it imports, then the library files that it names.
    pub(super) files: &'a [Ast],
    /// How many of the files are the user's.
    pub(super) own: usize,
    /// Where files lie.
    pub(super) place: &'a crate::data::Place,
    /// Weights that were read from files.
    pub(super) read: Vec<Arc<[f64]>>,
    /// What is said so far.
    pub(super) said: Vec<Diagnostic>,
    /// Every name, as a user's text means it.
    pub(super) names: IndexMap<Arc<str>, Declared<'a>>,
    /// Every name of the library, as its own texts mean it, whatever the user calls so.
    pub(super) library: IndexMap<Arc<str>, Declared<'a>>,
    /// See [`super::Model`].
    pub(super) seed: Option<u64>,
    /// See [`super::Model`].
    pub(super) time: Option<Time>,
    /// See [`super::Model`].
    pub(super) params: Vec<Param>,
    /// What each param that names a definition stands for.
    pub(super) aliases: IndexMap<Arc<str>, tree::Expr>,
    /// See [`super::Model`]; none where there is an error.
    pub(super) consts: Vec<Option<Const>>,
    /// See [`super::Model`]; none where there is an error.
    pub(super) data: Vec<Option<Data>>,
    /// Regions.
    pub(super) regions: Vec<RegionDraft<'a>>,
    /// See [`super::Model`].
    pub(super) projections: Vec<Projection>,
    /// What stands behind the `:` of each projection's `connect`.
    pub(super) clauses: Vec<&'a [tree::ConnectClause]>,
    /// See [`super::Model`]; none where there is an error.
    pub(super) costs: Vec<Option<Cost>>,
    /// See [`super::Model`]; none where there is an error.
    pub(super) metrics: Vec<Option<Metric>>,
    /// See [`super::Model`]; none where there is an error.
    pub(super) modulators: Vec<Option<Modulator>>,
    /// See [`super::Model`].
    pub(super) phases: Vec<Phase>,
    /// The numbers of the phases as they follow one another.
    pub(super) order_of_phases: Vec<usize>,
    /// Whether anything is broken, so that what seems to be missing may not be.
    pub(super) incomplete: bool,
    /// Whether a `connect` is broken, so that a projection that seems to be missing may not be.
    pub(super) unwired: bool,
}

impl<'a> Draft<'a> {
    /// Says something; an error makes the draft incomplete. What was said just now is not said again.
    pub(super) fn say(&mut self, diagnostic: Diagnostic) {
        self.incomplete |= diagnostic.is_error();
        if !self.said.iter().rev().take(JUST_NOW).any(|said| *said == diagnostic) {
            self.said.push(diagnostic);
        }
    }

    /// Whether an item with this keyword, or without any, could not be read.
    pub(super) fn has_broken(&self, keyword: &str) -> bool {
        self.items().any(|item| match &item.kind {
            ItemKind::Broken(broken) => broken.keyword.is_empty() || broken.keyword == keyword,
            _ => false,
        })
    }

    /// Says that a form is not supported yet.
    pub(super) fn later(&mut self, span: Span, what: &str, instead: &str) {
        let said = not_supported(span, what, instead);
        self.say(said);
    }

    /// All items of the user's files, in order.
    pub(super) fn items(&self) -> impl Iterator<Item = &'a Item> + use<'a> {
        self.files[..self.own].iter().flat_map(|ast| &ast.items)
    }

    /// The structure that a region is to be, as its text says.
    pub(super) fn structure_of(&self, id: RegionId) -> Option<&'a tree::Expr> {
        match &self.regions[id.0].tree.body {
            tree::RegionBody::Structure(expr) => Some(expr),
            _ => None,
        }
    }

    /// The region of this number.
    pub(super) fn region_name(&self, id: RegionId) -> &'a str {
        self.regions[id.0].tree.target.name.as_str()
    }
}

/// The diagnostic for what the language has and this version has not.
pub(super) fn not_supported(span: Span, what: &str, instead: &str) -> Diagnostic {
    let said = Diagnostic::new(Code::NOT_SUPPORTED, format!("{what} is not supported yet"))
        .at(span, "this version cannot compile it");
    said.help(if instead.is_empty() { "leave it out: this version has nothing that comes near" } else { instead })
}

/// Gives every name its meaning; a name given twice is an error.
pub(super) fn declare<'a>(draft: &mut Draft<'a>) {
    let own = draft.own;
    let mut counts = [0usize; 7];
    for (number, ast) in draft.files.iter().enumerate() {
        for item in &ast.items {
            if let ItemKind::Broken(_) = item.kind {
                draft.incomplete = true;
            }
            let Some(name) = item.name() else { continue };
            let mut next = |slot: usize| {
                counts[slot] += 1;
                counts[slot] - 1
            };
            let meaning = match &item.kind {
                ItemKind::Param(param) if param.of_type.is_some() => Meaning::Alias,
                ItemKind::Param(_) => Meaning::Param(next(0)),
                ItemKind::Const(_) => Meaning::Const(next(5)),
                ItemKind::Data(_) => Meaning::Data(next(1)),
                ItemKind::Region(_) => Meaning::Region(next(2)),
                ItemKind::Cost(_) => Meaning::Cost(next(3)),
                ItemKind::Metric(_) => Meaning::Metric(next(4)),
                ItemKind::Modulator(_) => Meaning::Modulator(next(6)),
                ItemKind::Function(function) => Meaning::Function(function),
                ItemKind::Definition(definition) => Meaning::Definition(definition),
                _ => Meaning::Broken,
            };
            let declared = Declared { meaning, span: name.span, library: number >= own };
            add_name(draft, name, declared);
        }
    }
    for item in draft.items() {
        if let ItemKind::Development(development) = &item.kind {
            name_phases(draft, &development.statements);
        }
    }
}

fn name_phases(draft: &mut Draft<'_>, statements: &[tree::Statement]) {
    for statement in statements {
        match &statement.kind {
            tree::StatementKind::Phase(phase) => {
                let declared = Declared { meaning: Meaning::Phase, span: phase.name.span, library: false };
                add_name(draft, &phase.name, declared);
            }
            tree::StatementKind::Repeat { statements, .. } => name_phases(draft, statements),
            _ => {}
        }
    }
}

fn add_name<'a>(draft: &mut Draft<'a>, name: &tree::Name, declared: Declared<'a>) {
    if declared.library {
        draft.library.insert(name.text.clone(), declared);
    }
    match draft.names.get(name.as_str()) {
        Some(first) if !first.library && !declared.library => {
            let first = *first;
            draft.say(
                Diagnostic::new(Code::DUPLICATE_NAME, format!("`{name}` is defined twice"))
                    .at(name.span, "defined again here")
                    .because(first.span, format!("first defined here, as {}", first.meaning.words()))
                    .help(format!("give one of them another name, such as `{name}_2`")),
            );
        }
        Some(first) if !first.library => {}
        _ => {
            draft.names.insert(name.text.clone(), declared);
        }
    }
    if *name == *"clock" && matches!(declared.meaning, Meaning::Data(_) | Meaning::Region(_)) {
        draft.say(
            Diagnostic::new(Code::DUPLICATE_NAME, "`clock` is a name of the run's own")
                .at(name.span, "`clock.steps`, `clock.position` and their like count the run's steps")
                .help("give it another name, such as `clock_2`"),
        );
    }
}

/// The nearest of the known names, for a name that is not known.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (name.len().max(candidate.len()) / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The unit that a written unit becomes, and the factor to the base unit.
pub(super) fn unit_of(unit: tree::Unit) -> (Unit, f64) {
    match unit {
        tree::Unit::Millisecond => (Unit::Time, 1.0),
        tree::Unit::Second => (Unit::Time, 1000.0),
        tree::Unit::Hertz => (Unit::Frequency, 1.0),
        tree::Unit::Millivolt => (Unit::Voltage, 1.0),
        tree::Unit::Nanosiemens => (Unit::Conductance, 1.0),
        tree::Unit::Picoampere => (Unit::Current, 1.0),
        tree::Unit::Degree => (Unit::Angle, 1.0),
        tree::Unit::Percent => (Unit::One, 0.01),
        tree::Unit::Steps => (Unit::Steps, 1.0),
        tree::Unit::Epochs => (Unit::Epochs, 1.0),
        tree::Unit::Trials => (Unit::Trials, 1.0),
    }
}
