//! Rules and optimisers with their arguments filled in: equations per synapse and per parameter.

use super::build::{arc, formula};
use super::draft::{Draft, Meaning, nearest, not_supported};
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
    let real = scalar(Element::Real);
    let words = [("pre", Leaf::Pre), ("post", Leaf::Post), ("w", Leaf::Synapse)];
    let mut locals: Vec<_> = words.map(|(word, leaf)| (arc(word), Local::Leaf(leaf, real.clone(), Unit::One))).to_vec();
    let (mut dw, mut db) = (None, None);
    let mut bad = false;
    for statement in &definition.body {
        match &statement.kind {
            BodyStatementKind::Define { target, value, .. }
                if target.axes.is_empty() && matches!(target.name.as_str(), "dw" | "db") =>
            {
                let is_db = target.name.as_str() == "db";
                let own: Vec<_> = locals.iter().filter(|(word, _)| !(is_db && &**word == "pre")).cloned().collect();
                let made = equation(draft, definition, Place::Rule, value, &own, &bound, outer);
                bad |= made.is_err();
                *(if is_db { &mut db } else { &mut dw }) = made.ok();
            }
            BodyStatementKind::Let { target, value } if target.axes.is_empty() => {
                let made = equation(draft, definition, Place::Rule, value, &locals, &bound, outer);
                match made {
                    Ok(made) => locals.push((target.name.text.clone(), Local::Formula(made))),
                    Err(Said) => locals.push((target.name.text.clone(), Local::Broken)),
                }
            }
            _ => {
                draft.later(
                    statement.span,
                    "this statement of a rule",
                    "`dw = …`, `db = …` and `let` are those of this version",
                );
                bad = true;
            }
        }
    }
    if dw.is_none() && !bad {
        draft.say(
            Diagnostic::new(
                Code::NO_CHANGE,
                format!("the rule `{}` does not say how a weight changes", definition.name),
            )
            .at(definition.name.span, "no `dw = …`")
            .help("dw = rate * post * pre"),
        );
    }
    match dw {
        Some(dw) if !bad => Ok(Rule { name: arc(definition.name.as_str()), dw, db }),
        _ => Err(Said),
    }
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
        match formula(draft, Place::Schedule, value) {
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

/// An equation of a rule or an optimiser; inside the library, everything is said about the call.
fn equation(
    draft: &mut Draft<'_>,
    definition: &Definition,
    place: Place,
    value: &Expr,
    words: &[(crate::tensor::Name, Local)],
    bound: &[(crate::tensor::Name, Local)],
    outer: Option<Span>,
) -> Result<Formula, Said> {
    let mut typer = Typer::new(draft, place);
    typer.outer = outer;
    typer.within(&definition.name);
    typer.locals = words.iter().chain(bound).cloned().collect();
    let before = words.iter().any(|(word, _)| &**word == "pre");
    let root = typer.expr(value).and_then(|root| typer.plain_scalar(root));
    let root = root.and_then(|root| if before || place != Place::Rule { Ok(root) } else { typer.without_pre(root) });
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    formula
}

impl Typer<'_, '_> {
    /// The equation of a bias reads nothing that comes from before it, not even by a `let`.
    fn without_pre(&mut self, root: usize) -> super::typing::Typed {
        let pre = self.nodes.iter().find(|node| matches!(node.kind, super::formula::Kind::Leaf(Leaf::Pre)));
        match pre.map(|node| node.span) {
            Some(span) => Err(self.nothing_before(span)),
            None => Ok(root),
        }
    }

    /// An equation per synapse gives one number.
    fn plain_scalar(&mut self, root: usize) -> super::typing::Typed {
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
            if matches!(name.as_str(), "adamw" | "rmsprop") {
                draft.say(not_supported(
                    name.span,
                    &format!("the optimiser `{name}`"),
                    "sgd, momentum and adam are those of this version",
                ));
                return Err(Said);
            }
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
    let mut locals: Vec<_> = words.map(|(word, leaf)| (arc(word), Local::Leaf(leaf, real.clone(), Unit::One))).to_vec();
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
                locals.push((declaration.target.name.text.clone(), Local::Leaf(leaf, real.clone(), Unit::One)));
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
                match equation(draft, definition, Place::Optimiser, value, &locals, &bound, outer) {
                    Ok(formula) => made.updates.push((place, formula)),
                    Err(Said) => bad = true,
                }
            }
            BodyStatementKind::Let { target, value } if target.axes.is_empty() && made.updates.is_empty() => {
                let local = equation(draft, definition, Place::Optimiser, value, &locals, &bound, outer)
                    .map_or(Local::Broken, Local::Formula);
                locals.push((target.name.text.clone(), local));
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
