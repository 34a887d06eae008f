//! What a rule keeps from one time to the next: traces, averages and states, and the lines that bring them up to date.

use super::draft::Draft;
use super::formula::Kind;
use super::indices::Indices;
use super::typing::{Local, Place, Said, Typed, Typer, scalar};
use super::{Formula, KeptAt, Leaf, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{
    Argument, BodyStatement, BodyStatementKind, Declaration, Definition, Expr, Name, Running, Target,
};
use crate::tensor::{self, Attributes, Element, op};

/// What a rule keeps from one time to the next: a trace, an average or a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its name.
    pub name: tensor::Name,
    /// Its first value.
    pub first: f64,
    /// Whether it is a trace or an average; else a state.
    pub running: bool,
    /// Whether there is one for each unit before.
    pub per_pre: bool,
    /// Whether there is one for each unit behind; with both, one for each synapse, with neither, one for the projection.
    pub per_post: bool,
    /// The axes that are written out, if it has such: then there is one for the projection, and it is read by its indices.
    pub along: Vec<super::Along>,
    /// Whether it begins with its first value on the diagonal alone, and 0 elsewhere.
    pub diagonal: bool,
    /// Where it is declared, in a user's file where there is one.
    pub span: Span,
}

/// A line of a rule that brings something that it keeps up to date.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Which of what the rule keeps.
    pub kept: usize,
    /// The axes of its own along which it is said; none: those that it reads.
    pub axes: Vec<usize>,
    /// What it becomes.
    pub value: Formula,
}

/// The definition of a rule, with its arguments.
pub(super) struct Within<'r> {
    /// The definition.
    pub(super) definition: &'r Definition,
    /// What its parameters stand for.
    pub(super) bound: &'r [(tensor::Name, Local)],
    /// The call, if the definition is the library's: everything is said about it.
    pub(super) outer: Option<Span>,
}

impl Within<'_> {
    /// Types equations per synapse that know some words.
    pub(super) fn typer<'d, 'a>(&self, draft: &'d mut Draft<'a>, words: &[(tensor::Name, Local)]) -> Typer<'d, 'a> {
        let mut typer = Typer::new(draft, Place::Rule);
        typer.outer = self.outer;
        typer.within(&self.definition.name);
        typer.locals = words.iter().chain(self.bound).cloned().collect();
        typer
    }
}

/// What a rule keeps, while its body is read.
#[derive(Default)]
pub(super) struct Keeping {
    pub(super) kept: Vec<Kept>,
    pub(super) lines: Vec<Line>,
    pub(super) units: Vec<Unit>,
}

/// Names that a rule's equations know.
pub(super) type Locals = Vec<(tensor::Name, Local)>;

impl Keeping {
    /// Reads a `trace`, an `average`, a `state` or a `:=`; none: the statement is another.
    pub(super) fn statement(
        &mut self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        locals: &mut Locals,
        indices: &mut Indices,
        statement: &BodyStatement,
    ) -> Option<Result<(), Said>> {
        match &statement.kind {
            BodyStatementKind::Trace(running) => Some(self.running(draft, within, locals, running, false)),
            BodyStatementKind::Average(running) => Some(self.running(draft, within, locals, running, true)),
            BodyStatementKind::State(declarations) => {
                let declared = declarations.iter().map(|one| self.state(draft, within, locals, one));
                Some(declared.fold(Ok(()), Result::and))
            }
            BodyStatementKind::Update { target, value } if target.axes.is_empty() => {
                Some(self.update(draft, within, locals, target, value))
            }
            BodyStatementKind::Update { target, value } => {
                Some(self.update_at(draft, within, locals, indices, (target, value)))
            }
            _ => None,
        }
    }

    /// `trace x of E : tau`, `average x of E : tau`.
    fn running(
        &mut self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        locals: &mut Locals,
        tree: &Running,
        mean: bool,
    ) -> Result<(), Said> {
        let target = &tree.target;
        plain(draft, within, target)?;
        let of_sample = draft.time.is_some();
        let at = KeptAt { number: self.kept.len(), lines: 0, of_sample };
        let mut typer = within.typer(draft, locals);
        let span = typer.span(target.span);
        let root = typer.run(tree, at, mean, span);
        let (formula, said) = typer.finish(root);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        let unit = formula.as_ref().map_or(Unit::One, |formula| formula.value().unit);
        self.keep(draft, within, locals, &target.name, (0.0, unit), true)?;
        match formula {
            Ok(value) => {
                self.line(locals, at.number, value);
                Ok(())
            }
            Err(Said) => {
                locals.push((target.name.text.clone(), Local::Broken));
                Err(Said)
            }
        }
    }

    /// One of `state s = 0, r = 1`.
    fn state(
        &mut self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        locals: &mut Locals,
        tree: &Declaration,
    ) -> Result<(), Said> {
        if let Some(property) = tree.properties.first() {
            draft.later(property.span, "this property of a rule's state", "a rule's state is for life");
            return Err(Said);
        }
        if !tree.target.axes.is_empty() {
            let made = self.table(draft, within, locals, tree);
            if made.is_err() {
                locals.push((tree.target.name.text.clone(), Local::Broken));
            }
            return made;
        }
        let first = match &tree.value {
            None => (0.0, Unit::One),
            Some(value) => self.first(draft, within, &[], &tree.target.name, value)?,
        };
        self.keep(draft, within, locals, &tree.target.name, first, false)
    }

    /// The number with which a state begins.
    pub(super) fn first(
        &self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        words: &[(tensor::Name, Local)],
        name: &Name,
        value: &Expr,
    ) -> Result<(f64, Unit), Said> {
        let mut typer = within.typer(draft, words);
        let root = typer.expr(value).and_then(|root| typer.plain_scalar(root));
        let (first, said) = typer.finish(root);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        let first = first?;
        match first.constant(&draft.params) {
            Some(number) => Ok((number, first.value().unit)),
            None => {
                draft.say(
                    Diagnostic::new(Code::NOT_CONSTANT, "a state begins with a number of compile time")
                        .at(within.outer.unwrap_or(value.span), "not a single number")
                        .help(format!("state {name} = 0")),
                );
                Err(Said)
            }
        }
    }

    /// Declares something that is kept.
    pub(super) fn keep(
        &mut self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        locals: &mut Locals,
        name: &Name,
        (first, unit): (f64, Unit),
        running: bool,
    ) -> Result<(), Said> {
        let taken = locals.iter().chain(within.bound).any(|(known, _)| *known == name.text);
        if taken {
            let message = format!("`{name}` has a meaning already in the rule `{}`", within.definition.name);
            draft.say(
                Diagnostic::new(Code::DUPLICATE_NAME, message)
                    .at(within.outer.unwrap_or(name.span), "named again here")
                    .help(format!("give it another name, such as `{name}_2`")),
            );
            return Err(Said);
        }
        let of_sample = running && draft.time.is_some();
        let at = KeptAt { number: self.kept.len(), lines: 0, of_sample };
        locals.push((name.text.clone(), Local::Leaf(Leaf::Kept(at), scalar(Element::Real), unit)));
        let span = within.outer.unwrap_or(name.span);
        self.kept.push(Kept {
            name: name.text.clone(),
            first,
            running,
            per_pre: false,
            per_post: false,
            along: Vec::new(),
            diagonal: false,
            span,
        });
        self.units.push(unit);
        Ok(())
    }

    /// Which of what is kept a `:=` brings up to date.
    pub(super) fn updated(&self, draft: &mut Draft<'_>, within: &Within<'_>, target: &Target) -> Result<usize, Said> {
        let span = within.outer.unwrap_or(target.span);
        let Some(number) = self.kept.iter().position(|kept| kept.name == target.name.text) else {
            let message = format!("`{}` is no state of `{}`", target.name, within.definition.name);
            draft.say(
                Diagnostic::new(Code::UNKNOWN_NAME, message)
                    .at(span, "unknown state")
                    .help(format!("declare it: `state {} = 0`", target.name)),
            );
            return Err(Said);
        };
        if self.kept[number].running {
            let message = format!("`{}` is a trace or an average, which goes on by itself", target.name);
            draft.say(
                Diagnostic::new(Code::WRONG_KIND, message)
                    .at(span, "brought up to date by hand here")
                    .because(self.kept[number].span, "declared here")
                    .help(format!("declare a state instead: `state {} = 0`", target.name)),
            );
            return Err(Said);
        }
        Ok(number)
    }

    /// `s := E`.
    fn update(
        &mut self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        locals: &mut Locals,
        target: &Target,
        value: &Expr,
    ) -> Result<(), Said> {
        let number = self.updated(draft, within, target)?;
        self.named(draft, within, target, self.kept[number].along.len())?;
        let one_by_one = draft.data.iter().flatten().all(|data| data.batch == 1);
        let unit = self.units[number];
        let mut typer = within.typer(draft, locals);
        let root = typer.expr(value).and_then(|root| typer.plain_scalar(root));
        let root = root.and_then(|root| typer.of_unit(root, unit)).and_then(|root| typer.for_life(root, one_by_one));
        let (formula, said) = typer.finish(root);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        self.line(locals, number, formula?);
        Ok(())
    }

    /// Adds a line; what stands below it reads what it has made.
    fn line(&mut self, locals: &mut Locals, kept: usize, value: Formula) {
        self.lines.push(Line { kept, axes: Vec::new(), value });
        let lines = self.lines.iter().filter(|line| line.kept == kept).count();
        let name = &self.kept[kept].name;
        let before = locals.iter().rev().find_map(|(known, local)| match local {
            Local::Leaf(Leaf::Kept(at), ..) if known == name => Some(*at),
            _ => None,
        });
        let Some(at) = before else { return };
        let leaf = Leaf::Kept(KeptAt { lines, ..at });
        locals.push((name.clone(), Local::Leaf(leaf, scalar(Element::Real), self.units[kept])));
    }

    /// Finds out along which units each lies: those that its lines read.
    pub(super) fn settle(&mut self, draft: &Draft<'_>) {
        loop {
            let before = self.kept.clone();
            for line in self.lines.iter().filter(|line| line.axes.is_empty()) {
                let (pre, post) = reads(draft, &line.value, &before);
                self.kept[line.kept].per_pre |= pre;
                self.kept[line.kept].per_post |= post;
            }
            if self.kept == before {
                return;
            }
        }
    }

    /// Where a formula reads what is kept for units before, which a bias has not.
    pub(super) fn before(&self, formula: &Formula) -> Option<Span> {
        let mut leaves = formula.leaves();
        leaves.find_map(|(leaf, span)| match leaf {
            Leaf::Kept(at) if self.kept[at.number].per_pre => Some(span),
            _ => None,
        })
    }
}

/// Whether a formula depends on the unit before, and on the one behind.
fn reads(draft: &Draft<'_>, formula: &Formula, kept: &[Kept]) -> (bool, bool) {
    formula.leaves().fold((false, false), |(pre, post), (leaf, _)| match leaf {
        Leaf::Pre => (true, post),
        Leaf::Post => (pre, true),
        Leaf::Synapse => (true, true),
        Leaf::Kept(at) => (pre | kept[at.number].per_pre, post | kept[at.number].per_post),
        Leaf::Modulator(id) => {
            let modulator = draft.modulators.get(id.0).and_then(Option::as_ref);
            (pre, post | modulator.is_some_and(|modulator| !modulator.shape.is_empty()))
        }
        _ => (pre, post),
    })
}

/// What is kept has no axes that are written out.
fn plain(draft: &mut Draft<'_>, within: &Within<'_>, target: &Target) -> Result<(), Said> {
    match target.axes.first() {
        None => Ok(()),
        Some(axis) => {
            let span = within.outer.unwrap_or(axis.span);
            draft.later(span, "an axis of what a rule keeps", "leave it out: it has an entry for each unit it reads");
            Err(Said)
        }
    }
}

impl Typer<'_, '_> {
    /// What a trace or an average becomes.
    fn run(&mut self, tree: &Running, at: KeptAt, mean: bool, span: Span) -> Typed {
        let of = self.expr(&tree.of).and_then(|root| self.plain_scalar(root));
        let tau = self.expr(&tree.tau).and_then(|root| self.plain_scalar(root));
        let (of, tau) = (of?, tau?);
        self.time_constant(tau, self.span(tree.tau.span))?;
        let new = if at.of_sample { of } else { self.over_batch(of, true, span)? };
        let unit = self.nodes[new].unit;
        let before = self.leaf(Leaf::Kept(at), scalar(Element::Real), unit, span)?;
        let one = self.number(1.0, Unit::One, span)?;
        let ratio = self.plainly("divide", &[one, tau], Unit::One, span)?;
        let ratio = self.plainly("negate", &[ratio], Unit::One, span)?;
        let decay = self.plainly("exp", &[ratio], Unit::One, span)?;
        if !mean {
            let left = self.plainly("multiply", &[before, decay], unit, span)?;
            return self.plainly("add", &[left, new], unit, span);
        }
        let share = self.plainly("subtract", &[one, decay], Unit::One, span)?;
        let missing = self.plainly("subtract", &[new, before], unit, span)?;
        let change = self.plainly("multiply", &[share, missing], unit, span)?;
        self.plainly("add", &[before, change], unit, span)
    }

    fn plainly(&mut self, row: &str, inputs: &[usize], unit: Unit, span: Span) -> Typed {
        self.row(row, Attributes::None, inputs, unit, span)
    }

    /// A time constant is counted in steps, and is not shorter than one.
    fn time_constant(&mut self, tau: usize, span: Span) -> Result<(), Said> {
        let steps = if self.draft.time.is_some() { "time steps" } else { "training steps, in a model without time" };
        match (self.nodes[tau].unit, self.constant(tau)) {
            (Unit::Steps, Some(tau)) if tau.is_nan() || tau < 1.0 => {
                let message = format!("a time constant of {tau} steps is shorter than a step");
                let said = Diagnostic::new(Code::SHORT_TIME_CONSTANT, message)
                    .at(span, "nothing would be left at the next step")
                    .help("make it longer: `: 20 steps`; or read the value itself, without a trace");
                Err(self.fail(said))
            }
            (Unit::Steps, _) => Ok(()),
            (Unit::Time, _) if self.draft.time.is_some() => {
                self.later(span, "a time constant in ms", "count it in steps: `: 20 steps`")
            }
            (unit, _) => {
                let message = format!("a time constant counts {steps}, and this is {}", unit.phrase());
                let said = Diagnostic::new(Code::UNIT_MISMATCH, message).at(span, unit.phrase());
                Err(self.fail(said.help("average theta of post^2 : 1000 steps")))
            }
        }
    }

    /// What is kept measures the same from one time to the next.
    pub(super) fn of_unit(&mut self, root: usize, unit: Unit) -> Typed {
        let found = self.nodes[root].unit;
        if found == unit {
            return Ok(root);
        }
        let message = format!("this state is {}, and becomes a value that is {}", unit.phrase(), found.phrase());
        let said = Diagnostic::new(Code::UNIT_MISMATCH, message).at(self.nodes[root].span, found.phrase());
        Err(self.fail(said.help("let it begin with a value in the same unit: `state s = 0 ms`")))
    }

    /// A state for life cannot follow one sample of several.
    pub(super) fn for_life(&mut self, root: usize, one_by_one: bool) -> Typed {
        let Some(read) = self.of_samples(root) else { return Ok(root) };
        if one_by_one {
            return self.over_batch(root, true, self.nodes[root].span);
        }
        let message = "a state of a rule is one for all samples, and this is another for each";
        let said = Diagnostic::new(Code::MIXED_SAMPLES, message)
            .at(self.nodes[root].span, "one value for each sample of the batch")
            .because(self.nodes[read].span, "read of each sample here")
            .help("take the mean over the batch, `batch_mean(post)`, or train with `batch = 1`");
        Err(self.fail(said))
    }

    /// Where a node reads what each sample has of its own; none if it is the same for all.
    fn of_samples(&self, root: usize) -> Option<usize> {
        let mut read: Vec<Option<usize>> = Vec::with_capacity(root + 1);
        for (place, node) in self.nodes[..=root].iter().enumerate() {
            read.push(match &node.kind {
                Kind::Leaf(Leaf::Pre | Leaf::Post | Leaf::PreAt(_) | Leaf::PostAt(_) | Leaf::Modulator(_)) => {
                    Some(place)
                }
                Kind::Leaf(Leaf::Kept(at)) => at.of_sample.then_some(place),
                Kind::Leaf(_) => None,
                Kind::Op(_, Attributes::Axes(axes), _) if axes[..] == [0] => None,
                Kind::Op(_, _, inputs) => inputs.iter().find_map(|input| read[*input]),
            });
        }
        read[root]
    }

    /// The sum over the batch, or the mean.
    pub(super) fn over_batch(&mut self, value: usize, mean: bool, span: Span) -> Typed {
        let (ty, unit) = (self.nodes[value].ty.clone(), self.nodes[value].unit);
        let samples = self.leaf(Leaf::Samples, scalar(Element::Real), Unit::One, span)?;
        match (self.of_samples(value), mean) {
            (None, true) => Ok(value),
            (None, false) => self.plainly("multiply", &[value, samples], unit, span),
            (Some(_), _) => {
                let Some(row) = op::find("sum") else { crate::bug!("no operation `sum`") };
                let sum = self.node(Kind::Op(row, Attributes::Axes(vec![0]), vec![value]), ty, unit, span)?;
                if mean { self.plainly("divide", &[sum, samples], unit, span) } else { Ok(sum) }
            }
        }
    }

    /// `batch_mean(x)`, `batch_sum(x)` in a rule.
    pub(super) fn batch_word(&mut self, function: &Name, arguments: &[Argument], span: Span) -> Typed {
        let [Argument { name: None, value, .. }] = arguments else {
            let message = format!("`{function}` takes one value");
            let said = Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(span, "this call");
            return Err(self.fail(said.help(format!("{function}(post)"))));
        };
        let value = self.expr(value)?;
        self.want_number(value, function.as_str())?;
        self.over_batch(value, function.as_str() == "batch_mean", span)
    }
}
