//! Rules and optimisers with their arguments filled in: equations per synapse and per parameter.

use super::build::{arc, formula};
use super::draft::{Draft, Meaning, nearest};
use super::indices::{Indices, POST, PRE};
use super::kept::{Keeping, Kept, Within};
use super::learning::name_and_arguments;
use super::typing::{Local, Place, Said, Typer, bind, scalar};
use super::{Formula, Leaf, Optimiser, Rule, Target, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Argument, BodyStatementKind, Definition, DefinitionKind, Expr};
use crate::tensor::Element;

/// A rule with its arguments in place of its parameters.
pub(super) fn rule(
    draft: &mut Draft<'_>,
    definition: &Definition,
    arguments: &[Argument],
    call: Span,
    defined: Option<Span>,
) -> Result<Rule, Said> {
    let bound = bound_arguments(draft, definition, arguments, call, defined)?;
    let outer = defined.is_none().then_some(call);
    let given = bound.clone();
    let within = Within { definition, bound: &given, outer };
    let real = scalar(Element::Real);
    let words = [("pre", Leaf::Pre), ("post", Leaf::Post), ("w", Leaf::Synapse)];
    let passes = super::passes::passes(draft, &super::passes::Scope { definition, bound: &bound, outer });
    let mut bad = passes.is_err();
    let passes = passes.unwrap_or_default();
    let mut words = words.map(|(word, leaf)| (arc(word), Local::Leaf(leaf, real.clone(), Unit::One))).to_vec();
    words.extend(super::passes::locals(definition, &passes));
    let mut equations = Equations { definition, place: Place::Rule, words, bound, outer, indices: Indices::default() };
    let of_weights = left_indices(draft, definition, "dw", 2);
    let of_biases = left_indices(draft, definition, "db", 1);
    let (mut dw, mut db) = (None, None);
    let mut keeping = Keeping::default();
    let unclear = [of_weights.is_err(), of_biases.is_err()];
    bad |= unclear.contains(&true);
    let (of_weights, of_biases) = (of_weights.unwrap_or(None), of_biases.unwrap_or(None));
    for statement in &definition.body {
        if let Some(read) = keeping.statement(draft, &within, &mut equations.words, &mut equations.indices, statement) {
            bad |= read.is_err();
            continue;
        }
        match &statement.kind {
            BodyStatementKind::Pass { .. } => {}
            BodyStatementKind::Define { target, value, .. } if matches!(target.name.as_str(), "dw" | "db") => {
                let is_db = target.name.as_str() == "db";
                if unclear[usize::from(is_db)] {
                    continue;
                }
                let (names, slot) = if is_db { (&of_biases, &mut db) } else { (&of_weights, &mut dw) };
                let made = equations.typed(draft, value, names.as_deref(), is_db);
                bad |= made.is_err();
                *slot = made.ok();
            }
            BodyStatementKind::Let { target, value } if target.axes.is_empty() => {
                let made = match unclear[0] {
                    true => Err(Said),
                    false => equations.typed(draft, value, of_weights.as_deref(), false),
                };
                equations.words.push((target.name.text.clone(), made.map_or(Local::Broken, Local::Formula)));
            }
            _ => {
                draft.later(
                    statement.span,
                    "this statement of a rule",
                    "`dw = …`, `db = …`, `let`, `pass`, `trace`, `average`, `state` and `:=` are those of this version",
                );
                bad = true;
            }
        }
    }
    keeping.settle(draft);
    bad |= keeping.strays(draft, &within);
    bad |= db.as_ref().is_some_and(|db| before_a_bias(draft, &within, &keeping, db));
    if dw.is_none() && !bad && db.is_some() {
        dw = Some(Formula::number(0.0, definition.name.span));
    }
    if dw.is_none() && !bad {
        let message = format!("the rule `{}` does not say how a weight changes", definition.name);
        let said = Diagnostic::new(Code::NO_CHANGE, message).at(definition.name.span, "no `dw = …`, and no `db = …`");
        draft.say(said.help("dw = rate * post * pre"));
    }
    let tables = keeping.kept.iter().any(Kept::is_table);
    let indexed = of_weights.is_some() || of_biases.is_some() || tables;
    let (bound, alike) = (equations.indices.bound(), equations.indices.alike);
    match dw {
        Some(dw) if !bad => {
            let (name, Keeping { kept, lines, .. }) = (arc(definition.name.as_str()), keeping);
            Ok(Rule { name, kept, lines, dw, db, passes, indexed, bound, alike })
        }
        _ => Err(Said),
    }
}

/// The names of the indices on the left of a rule's equation, if it names any.
fn left_indices(
    draft: &mut Draft<'_>,
    definition: &Definition,
    name: &str,
    wanted: usize,
) -> Result<Option<Vec<(crate::tensor::Name, Span)>>, Said> {
    let defined = definition.body.iter().find_map(|statement| match &statement.kind {
        BodyStatementKind::Define { target, .. } if target.name.as_str() == name => Some(target),
        _ => None,
    });
    let Some(target) = defined.filter(|target| !target.axes.is_empty()) else { return Ok(None) };
    let names: Vec<&tree::Name> = target
        .axes
        .iter()
        .filter_map(|axis| match &axis.size.kind {
            tree::ExprKind::Name(index) if axis.name.is_none() => Some(index),
            _ => None,
        })
        .collect();
    let again = (1..names.len()).find(|&place| names[..place].iter().any(|other| other.text == names[place].text));
    if let Some(place) = again {
        let said = Diagnostic::new(Code::DUPLICATE_NAME, format!("`{name}` has the index `{}` twice", names[place]))
            .at(names[place].span, "named again here")
            .because(names[0].span, "first named here")
            .help("the first index counts the units behind, the second those before: `dw[j, i]`");
        draft.say(said);
        return Err(Said);
    }
    if names.len() != wanted || target.axes.len() != wanted {
        let (count, example) = match wanted {
            1 => ("one index: that of the unit", "db[j] = …"),
            _ => ("two indices: that of the unit behind the synapse and that of the one before it", "dw[j, i] = …"),
        };
        let said = Diagnostic::new(Code::BAD_INDEX, format!("`{name}` has {count}"))
            .at(target.span, "other indices than these")
            .help(format!("name them, or leave them out: `{example}`"));
        draft.say(said);
        return Err(Said);
    }
    Ok(Some(names.into_iter().map(|name| (name.text.clone(), name.span)).collect()))
}

/// The arguments of a rule or an optimiser, each a formula that may be scheduled.
fn bound_arguments(
    draft: &mut Draft<'_>,
    definition: &Definition,
    arguments: &[Argument],
    call: Span,
    defined: Option<Span>,
) -> Result<Vec<(crate::tensor::Name, Local)>, Said> {
    let bound = match bind(definition.name.as_str(), &definition.parameters, arguments, call, defined) {
        Ok(bound) => bound,
        Err(said) => {
            said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
            return Err(Said);
        }
    };
    let mut locals = Vec::new();
    let mut bad = false;
    for (parameter, value, _) in bound {
        let typed = match definition.kind {
            DefinitionKind::Rule => super::modulator::argument(draft, value),
            _ => formula(draft, Place::Schedule, value),
        };
        match typed {
            Ok(found) if found.value().ty == scalar(Element::Real) => {
                locals.push((parameter.name.text.clone(), Local::Formula(found)))
            }
            Ok(_) => {
                draft.say(
                    Diagnostic::new(
                        Code::TYPE_MISMATCH,
                        format!("`{}` of `{}` is a number", parameter.name, definition.name),
                    )
                    .at(value.span, "no number")
                    .help(format!("{} = 0.1", parameter.name)),
                );
                bad = true;
            }
            Err(Said) => bad = true,
        }
    }
    if bad { Err(Said) } else { Ok(locals) }
}

/// What the equations of a rule or an optimiser have in common.
struct Equations<'e> {
    definition: &'e Definition,
    place: Place,
    /// What the words of the language mean here, and what `let` has named so far.
    words: Vec<(crate::tensor::Name, Local)>,
    /// The parameters of the definition.
    bound: Vec<(crate::tensor::Name, Local)>,
    /// Inside the library, everything is said about this place.
    outer: Option<Span>,
    indices: Indices,
}

impl Equations<'_> {
    /// One of them; `left` are the indices that it names.
    fn typed(
        &mut self,
        draft: &mut Draft<'_>,
        value: &Expr,
        left: Option<&[(crate::tensor::Name, Span)]>,
        of_bias: bool,
    ) -> Result<Formula, Said> {
        let mut typer = Typer::new(draft, self.place);
        typer.outer = self.outer;
        typer.within(&self.definition.name);
        let known = self.words.iter().filter(|(word, _)| !(of_bias && &**word == "pre"));
        typer.locals = known.chain(&self.bound).cloned().collect();
        if let Some(left) = left {
            self.indices.begin(left);
            self.indices.of_bias = of_bias;
            typer.indices = Some(std::mem::take(&mut self.indices));
            for (place, (name, _)) in left.iter().enumerate() {
                let leaf = Leaf::Place(POST + place);
                typer.locals.push((name.clone(), Local::Leaf(leaf, scalar(Element::Real), Unit::One)));
            }
        }
        let root = typer.expr(value).and_then(|root| typer.plain_scalar(root));
        let root = root.and_then(|root| if of_bias { typer.without_pre(root) } else { Ok(root) });
        if let Some(indices) = typer.indices.take() {
            self.indices = indices;
        }
        let (formula, said) = typer.finish(root);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        formula
    }
}

/// Whether the equation of a bias reads what a rule keeps for the units before; if so, that is said.
fn before_a_bias(draft: &mut Draft<'_>, within: &Within<'_>, keeping: &Keeping, db: &Formula) -> bool {
    let Some(span) = keeping.before(db) else { return false };
    let mut typer = within.typer(draft, &[]);
    typer.nothing_before(span);
    let (_, said) = typer.finish(Err(Said));
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    true
}

impl Typer<'_, '_> {
    /// The equation of a bias reads nothing that comes from before it, not even by a `let`.
    fn without_pre(&mut self, root: usize) -> super::typing::Typed {
        let before = |leaf: &Leaf| {
            matches!(leaf, Leaf::Pre | Leaf::PreIn(_) | Leaf::PreAt(_) | Leaf::SynapseAt(_, Some(_)) | Leaf::Place(PRE))
                || matches!(leaf, Leaf::KeptAlong(_, PRE, _) | Leaf::KeptAlong(_, _, Some(PRE)))
        };
        let pre = self.nodes.iter().find(|node| matches!(&node.kind, super::formula::Kind::Leaf(leaf) if before(leaf)));
        match pre.map(|node| node.span) {
            Some(span) => Err(self.nothing_before(span)),
            None => Ok(root),
        }
    }

    /// An equation per synapse gives one number.
    pub(super) fn plain_scalar(&mut self, root: usize) -> super::typing::Typed {
        self.want_number(root, "=")?;
        if self.nodes[root].ty.shape.is_empty() {
            return Ok(root);
        }
        let (what, span) = (super::typing::describe(&self.nodes[root].ty), self.nodes[root].span);
        Err(self.fail(
            Diagnostic::new(
                Code::NOT_SCALAR,
                format!("an equation per synapse gives one number, and this gives {what}"),
            )
            .at(span, what)
            .help("reduce it: `mean(x)` or `sum(x)`"),
        ))
    }
}

pub(super) fn optimiser(draft: &mut Draft<'_>, expr: &Expr) -> Result<Optimiser, Said> {
    let expr = &*draft.resolved(expr);
    let Some((name, arguments)) = name_and_arguments(expr) else {
        draft.say(
            Diagnostic::new(Code::WRONG_KIND, "an optimiser is wanted behind `using`")
                .at(expr.span, "no optimiser")
                .help("using sgd(rate = 0.1)"),
        );
        return Err(Said);
    };
    match draft.names.get(name.as_str()).map(|declared| (declared.meaning, declared.span, declared.library)) {
        Some((Meaning::Definition(definition), span, library)) if definition.kind == DefinitionKind::Optimiser => {
            optimise(draft, definition, arguments, expr.span, (!library).then_some(span))
        }
        Some((Meaning::Broken, ..)) => Err(Said),
        Some((meaning, span, library)) => {
            let words = meaning.words();
            let mut said = Diagnostic::new(
                Code::WRONG_KIND,
                format!("`{name}` is {words}, and an optimiser is wanted behind `using`"),
            )
            .at(name.span, "not an optimiser")
            .help("using sgd(rate = 0.1)");
            if !library {
                said = said.because(span, format!("defined here as {words}"));
            }
            draft.say(said);
            Err(Said)
        }
        None => {
            let library =
                crate::library::ENTRIES.iter().filter(|entry| entry.kind == "optimiser").map(|entry| entry.name);
            let own = draft
                .names
                .iter()
                .filter(|(_, d)| matches!(d.meaning, Meaning::Definition(x) if x.kind == DefinitionKind::Optimiser));
            let help = match nearest(name.as_str(), own.map(|(name, _)| &**name).chain(library)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "using sgd(rate = 0.1)".to_string(),
            };
            draft.say(
                Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no optimiser `{name}`"))
                    .at(name.span, "unknown optimiser")
                    .help(help),
            );
            Err(Said)
        }
    }
}

/// An optimiser with its arguments in place of its parameters.
fn optimise(
    draft: &mut Draft<'_>,
    definition: &Definition,
    arguments: &[Argument],
    call: Span,
    defined: Option<Span>,
) -> Result<Optimiser, Said> {
    let bound = bound_arguments(draft, definition, arguments, call, defined)?;
    let outer = defined.is_none().then_some(call);
    let real = scalar(Element::Real);
    let words = [("g", Leaf::Gradient), ("w", Leaf::Synapse), ("step", Leaf::Step)];
    let words = words.map(|(word, leaf)| (arc(word), Local::Leaf(leaf, real.clone(), Unit::One))).to_vec();
    let mut equations =
        Equations { definition, place: Place::Optimiser, words, bound, outer, indices: Indices::default() };
    let mut made = Optimiser { name: arc(definition.name.as_str()), states: Vec::new(), updates: Vec::new() };
    let mut bad = false;
    for statement in &definition.body {
        if let BodyStatementKind::State(declarations) = &statement.kind {
            for declaration in declarations {
                let first = match &declaration.value {
                    Some(value) => super::build::number(draft, value).map(|(value, _)| value),
                    None => Ok(0.0),
                };
                bad |= first.is_err();
                let leaf = Leaf::State(made.states.len());
                let state = Local::Leaf(leaf, real.clone(), Unit::One);
                equations.words.push((declaration.target.name.text.clone(), state));
                made.states.push((declaration.target.name.text.clone(), first.unwrap_or(0.0)));
            }
        }
    }
    for statement in &definition.body {
        match &statement.kind {
            BodyStatementKind::State(_) => {}
            BodyStatementKind::Update { target, value } if target.axes.is_empty() => {
                let place = match target.name.as_str() {
                    "w" => Some(Target::Parameter),
                    name => made.states.iter().position(|(state, _)| &**state == name).map(Target::State),
                };
                let Some(place) = place else {
                    draft.say(
                        Diagnostic::new(
                            Code::UNKNOWN_NAME,
                            format!("`{}` is no state of `{}`", target.name, definition.name),
                        )
                        .at(target.span, "unknown state")
                        .help(format!("declare it: `state {} = 0`", target.name)),
                    );
                    bad = true;
                    continue;
                };
                match equations.typed(draft, value, None, false) {
                    Ok(formula) => made.updates.push((place, formula)),
                    Err(Said) => bad = true,
                }
            }
            BodyStatementKind::Let { target, value } if target.axes.is_empty() && made.updates.is_empty() => {
                let local = equations.typed(draft, value, None, false).map_or(Local::Broken, Local::Formula);
                equations.words.push((target.name.text.clone(), local));
            }
            _ => {
                draft.later(
                    statement.span,
                    "this statement of an optimiser",
                    "`state`, `let` (before the updates) and `:=` are those of this version",
                );
                bad = true;
            }
        }
    }
    if !bad && !made.updates.iter().any(|(target, _)| *target == Target::Parameter) {
        draft.say(
            Diagnostic::new(
                Code::NO_CHANGE,
                format!("the optimiser `{}` does not change the parameter", definition.name),
            )
            .at(definition.name.span, "no `w := …`")
            .help("w := w - rate * g"),
        );
        bad = true;
    }
    if bad { Err(Said) } else { Ok(made) }
}

/// Definitions of the user's that nothing uses are typed too, with their defaults, so that a mistake in one is told.
pub(super) fn unused_definitions(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let tree::ItemKind::Definition(definition) = &item.kind else { continue };
        if definition.parameters.iter().any(|parameter| parameter.default.is_none()) {
            continue;
        }
        let before = draft.said.len();
        let _: Result<(), Said> = match definition.kind {
            DefinitionKind::Rule => rule(draft, definition, &[], item.span, Some(definition.name.span)).map(drop),
            DefinitionKind::Optimiser => {
                optimise(draft, definition, &[], item.span, Some(definition.name.span)).map(drop)
            }
            _ => Ok(()),
        };
        if draft.said.len() > before
            && let Some(declared) = draft.names.get_mut(definition.name.as_str())
        {
            declared.meaning = Meaning::Broken;
        }
    }
}
