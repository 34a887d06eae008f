//! Regions that are structures: a definition with weights and states of its own, written out for the region.

use super::draft::{Draft, Meaning, nearest};
use super::formula::Kind;
use super::learning::name_and_arguments;
use super::typing::{Local, Place, Said, Typed, Typer, array, bind, describe};
use super::{Init, InnerWeight, Leaf, ProjectionId, RegionId, StateOf, Structure, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{
    self, BodyStatement, BodyStatementKind, Declaration, Definition, DefinitionKind, Expr, ExprKind, StatePropertyKind,
};
use crate::tensor::Extent;

/// Every region that is a structure, each after those that it takes its input from.
pub(super) fn structures(draft: &mut Draft<'_>) {
    let all = (0..draft.regions.len()).map(RegionId);
    let mut open: Vec<RegionId> = all.filter(|id| draft.structure_of(*id).is_some()).collect();
    while !open.is_empty() {
        let ready = open.iter().position(|id| sources(draft, *id).iter().all(|p| source_shape(draft, *p).is_some()));
        let Some(ready) = ready else { break };
        let id = open.remove(ready);
        let found = write_out(draft, id);
        draft.incomplete |= found.is_err();
    }
    for id in open {
        let name = &draft.regions[id.0].tree.target.name;
        let unknown = sources(draft, id).into_iter().find(|p| source_shape(draft, *p).is_none());
        let Some(source) = unknown.map(|p| draft.projections[p.0].source) else { continue };
        let own_mistake = draft.structure_of(source).is_none() || !draft.regions[source.0].tree.target.axes.is_empty();
        if own_mistake || draft.incomplete {
            draft.incomplete = true;
            continue;
        }
        let other = draft.region_name(source);
        draft.say(
            Diagnostic::new(
                Code::UNKNOWN_SHAPE,
                format!("the shape of `{other}` is not known where `{name}` takes it as its input"),
            )
            .at(name.span, "its input comes from structures in a circle")
            .help(format!("write the shape behind the name: `region {other}[64] : …`")),
        );
    }
}

/// The projections into a region, in the order of the text.
fn sources(draft: &Draft<'_>, id: RegionId) -> Vec<ProjectionId> {
    (0..draft.projections.len()).map(ProjectionId).filter(|p| draft.projections[p.0].target == id).collect()
}

fn source_shape(draft: &Draft<'_>, id: ProjectionId) -> Option<Vec<usize>> {
    draft.regions[draft.projections[id.0].source.0].shape.clone()
}

/// The structure of a region, with its arguments in place.
fn write_out(draft: &mut Draft<'_>, id: RegionId) -> Result<(), Said> {
    let Some(expr) = draft.structure_of(id) else { return Err(Said) };
    let expr = &*draft.resolved(expr);
    let (definition, library) = definition_of(draft, expr)?;
    let mut writer = Writer::new(draft, id, definition, expr.span, library);
    let root = writer.all(expr);
    let Writer { typer, weights, states, .. } = writer;
    let shape = root.map(|root| typer.nodes[root].ty.shape.iter().map(Extent::bound).collect::<Vec<usize>>());
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    let (formula, shape) = (formula?, shape?);
    let states = states.into_iter().map(|state| state.made).collect();
    let region = &mut draft.regions[id.0];
    (region.equation, region.shape) = (Some(formula), Some(shape));
    region.structure = Some(Structure { name: definition.name.text.clone(), weights, states });
    Ok(())
}

fn definition_of<'a>(draft: &mut Draft<'a>, expr: &Expr) -> Result<(&'a Definition, bool), Said> {
    let Some((name, _)) = name_and_arguments(expr) else {
        draft.say(
            Diagnostic::new(Code::WRONG_KIND, "a structure is wanted behind the `:` of a region")
                .at(expr.span, "no structure")
                .help("region Memory : gru(64)"),
        );
        return Err(Said);
    };
    let said = match draft.names.get(name.as_str()).copied() {
        Some(declared) => match declared.meaning {
            Meaning::Definition(definition) if definition.kind == DefinitionKind::Structure => {
                return Ok((definition, declared.library));
            }
            Meaning::Broken => return Err(Said),
            meaning => {
                let words = meaning.words();
                let message = format!("`{name}` is {words}, and a structure is wanted behind the `:` of a region");
                let said = Diagnostic::new(Code::WRONG_KIND, message).at(name.span, "not a structure");
                let said = if declared.library {
                    said
                } else {
                    said.because(declared.span, format!("defined here as {words}"))
                };
                said.help("region Memory : gru(64)")
            }
        },
        None => {
            let own = draft
                .names
                .iter()
                .filter(|(_, d)| matches!(d.meaning, Meaning::Definition(x) if x.kind == DefinitionKind::Structure));
            let library = crate::library::ENTRIES.iter().filter(|entry| entry.kind == "structure");
            let known = own.map(|(name, _)| &**name).chain(library.map(|entry| entry.name));
            let help = match nearest(name.as_str(), known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("structure {name} {{ input x  output x }}"),
            };
            Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no structure `{name}`"))
                .at(name.span, "unknown structure")
                .help(help)
        }
    };
    draft.say(said);
    Err(Said)
}

/// A state while the body is written out.
struct StateDraft {
    made: StateOf,
    span: Span,
    updated: bool,
}

/// Writes a structure's body out.
struct Writer<'d, 'a> {
    typer: Typer<'d, 'a>,
    id: RegionId,
    definition: &'a Definition,
    /// The place of the call, about which everything is said if the definition is the library's.
    call: Span,
    library: bool,
    weights: Vec<InnerWeight>,
    states: Vec<StateDraft>,
    /// Projections that an `input` has taken.
    taken: Vec<ProjectionId>,
    output: Option<(usize, Span)>,
}

impl<'d, 'a> Writer<'d, 'a> {
    fn new(draft: &'d Draft<'a>, id: RegionId, definition: &'a Definition, call: Span, library: bool) -> Self {
        let typer = Typer::new(draft, Place::Equation(id));
        let (weights, states, taken) = (Vec::new(), Vec::new(), Vec::new());
        Writer { typer, id, definition, call, library, weights, states, taken, output: None }
    }

    /// The node of the output.
    fn all(&mut self, expr: &Expr) -> Typed {
        self.arguments(expr)?;
        self.typer.within(&self.definition.name);
        self.typer.outer = self.library.then_some(self.call);
        let mut bad = false;
        for statement in &self.definition.body {
            bad |= self.statement(statement).is_err();
        }
        bad |= self.complete().is_err();
        bad = bad || self.every_weight_is_read().is_err();
        match self.output {
            Some((node, span)) if !bad => self.shaped(node, span),
            _ => Err(Said),
        }
    }

    /// Names the parameters; what is given is read where it is given.
    fn arguments(&mut self, expr: &Expr) -> Result<(), Said> {
        let arguments = name_and_arguments(expr).map_or(&[][..], |(_, arguments)| arguments);
        let defined = (!self.library).then_some(self.definition.name.span);
        let name = self.definition.name.as_str();
        let bound = match bind(name, &self.definition.parameters, arguments, self.call, defined) {
            Ok(bound) => bound,
            Err(said) => {
                self.typer.said.extend(said);
                return Err(Said);
            }
        };
        let mut locals = Vec::new();
        let mut bad = false;
        for (parameter, value, given) in bound {
            self.typer.outer = (!given && self.library).then_some(self.call);
            let local = match self.typer.expr(value) {
                Ok(node) => Local::Node(node),
                Err(Said) => Local::Broken,
            };
            bad |= matches!(local, Local::Broken);
            locals.push((parameter.name.text.clone(), local));
        }
        self.typer.locals = locals;
        if bad { Err(Said) } else { Ok(()) }
    }

    fn statement(&mut self, statement: &'a BodyStatement) -> Result<(), Said> {
        match &statement.kind {
            BodyStatementKind::Input(all) => self.each(all, Self::input),
            BodyStatementKind::Weight(all) => self.each(all, Self::weight),
            BodyStatementKind::State(all) => self.each(all, Self::state),
            BodyStatementKind::Let { target, value } if target.axes.is_empty() => {
                let node = self.typer.expr(value);
                self.define(&target.name, node.map_or(Local::Broken, Local::Node))?;
                node.map(drop)
            }
            BodyStatementKind::Update { target, value } if target.axes.is_empty() => self.update(target, value),
            BodyStatementKind::Output(values) => self.outputs(values, statement.span),
            other => {
                if let BodyStatementKind::Define { target, .. } | BodyStatementKind::Let { target, .. } = other {
                    self.broken(&target.name);
                }
                let help = "`input`, `weight`, `state`, `let`, `:=` and `output` are those of this version";
                self.typer.later(statement.span, "this statement of a structure", help)
            }
        }
    }

    /// Looks at all, also where one has a mistake: whatever reads that one says nothing more.
    fn each(&mut self, all: &[Declaration], look: fn(&mut Self, &Declaration) -> Result<(), Said>) -> Result<(), Said> {
        let mut bad = false;
        for declaration in all {
            if look(self, declaration).is_err() {
                bad = true;
                self.broken(&declaration.target.name);
            }
        }
        if bad { Err(Said) } else { Ok(()) }
    }

    /// A name about which enough has been said.
    fn broken(&mut self, name: &tree::Name) {
        if !self.typer.is_local(name) {
            self.typer.locals.push((name.text.clone(), Local::Broken));
        }
    }

    /// Gives a name its meaning from here on.
    fn define(&mut self, name: &tree::Name, local: Local) -> Result<(), Said> {
        if self.typer.is_local(name) {
            let message = format!("`{name}` is named twice in `{}`", self.definition.name);
            let said = Diagnostic::new(Code::DUPLICATE_NAME, message)
                .at(self.typer.span(name.span), "named again here")
                .help(format!("give one of them another name, such as `{name}_2`"));
            return Err(self.typer.fail(said));
        }
        self.typer.locals.push((name.text.clone(), local));
        Ok(())
    }

    /// The sizes in the brackets of a name: numbers, or vectors, whose length counts.
    fn sizes(&mut self, target: &tree::Target) -> Result<Vec<usize>, Said> {
        let mut sizes = Vec::new();
        for axis in &target.axes {
            let size = match self.length_of(&axis.size) {
                Some(length) => length?,
                None => self.size(&axis.size)?,
            };
            if size == 0 {
                let said = Diagnostic::new(Code::NOT_WHOLE, format!("an axis of `{}` has no elements", target.name))
                    .at(self.typer.span(axis.span), "zero")
                    .help("a size is at least 1");
                return Err(self.typer.fail(said));
            }
            sizes.push(size);
        }
        let cells = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
        if cells.is_none_or(|cells| cells > 1 << 31) {
            let said =
                Diagnostic::new(Code::TOO_LARGE, format!("`{}` has more elements than any memory holds", target.name))
                    .at(self.typer.span(target.span), "too large")
                    .help("give it smaller sizes");
            return Err(self.typer.fail(said));
        }
        Ok(sizes)
    }

    /// A size that is a number. A parameter that is none is told once.
    fn size(&mut self, expr: &Expr) -> Result<usize, Said> {
        let found = self.typer.whole(expr);
        let (Err(Said), ExprKind::Name(name)) = (&found, &expr.kind) else { return found };
        let local = self.typer.locals.iter_mut().rev().find(|(text, _)| *text == name.text);
        if let Some((_, local)) = local {
            *local = Local::Broken;
            if let Some(said) = self.typer.said.pop() {
                let said = if self.library { said } else { said.because(self.call, "given here") };
                self.typer.said.push(said);
            }
        }
        found
    }

    /// The length of a vector that stands for a size, if it is one.
    fn length_of(&mut self, size: &Expr) -> Option<Result<usize, Said>> {
        let ExprKind::Name(name) = &size.kind else { return None };
        let shape =
            self.typer.locals.iter().rev().find(|(text, _)| *text == name.text).map(|(_, local)| match local {
                Local::Node(node) => Ok(self.typer.nodes[*node].ty.clone()),
                Local::Leaf(_, ty, _) => Ok(ty.clone()),
                Local::Formula(formula) => Ok(formula.value().ty.clone()),
                Local::Pass(_) | Local::Table(..) | Local::Broken => Err(Said),
            })?;
        match shape {
            Err(Said) => Some(Err(Said)),
            Ok(ty) if ty.shape.is_empty() => None,
            Ok(ty) if ty.shape.len() == 1 => Some(Ok(ty.shape[0].bound())),
            Ok(ty) => {
                let what = describe(&ty);
                let said = Diagnostic::new(
                    Code::SHAPE_MISMATCH,
                    format!("`{name}` is {what}, and a size is the length of a vector"),
                )
                .at(self.typer.span(size.span), what)
                .help("connect a region of one axis: `region Flat[64] = …`");
                Some(Err(self.typer.fail(said)))
            }
        }
    }

    /// `input x`: the sources without a name; `input gate`: the projection of that name.
    fn input(&mut self, declaration: &Declaration) -> Result<(), Said> {
        let draft = self.typer.draft;
        let name = &declaration.target.name;
        let into = sources(draft, self.id);
        let named = into.iter().copied().find(|p| draft.projections[p.0].named.as_deref() == Some(name.as_str()));
        let (leaf, shape) = match named {
            Some(p) => {
                self.taken.push(p);
                (Leaf::Projection(p), source_shape(draft, p).ok_or(Said)?)
            }
            None => {
                let unnamed: Vec<ProjectionId> =
                    into.into_iter().filter(|p| draft.projections[p.0].named.is_none()).collect();
                let shapes: Option<Vec<Vec<usize>>> = unnamed.iter().map(|p| source_shape(draft, *p)).collect();
                let shape = match &shapes.ok_or(Said)?[..] {
                    [] => return Err(self.no_input(name)),
                    // Another input has them.
                    _ if unnamed.iter().all(|p| self.taken.contains(p)) => return Err(self.no_input(name)),
                    [only] => only.clone(),
                    all => vec![all.iter().map(|shape| shape.iter().product::<usize>()).sum()],
                };
                self.taken.extend(&unnamed);
                (Leaf::Input, shape)
            }
        };
        if !declaration.target.axes.is_empty() {
            let wanted = self.sizes(&declaration.target)?;
            if wanted != shape {
                let (found, wanted) = (describe(&array(&shape)), describe(&array(&wanted)));
                let message =
                    format!("`{}` wants {wanted} as its input `{name}`, and is given {found}", self.definition.name);
                let mut said = Diagnostic::new(Code::SHAPE_MISMATCH, message).at(self.call, format!("given {found}"));
                if let Some(p) = self.taken.last() {
                    said = said.because(draft.projections[p.0].span, "this comes in");
                }
                return Err(self
                    .typer
                    .fail(said.help("make the region that comes in as large as the structure wants it")));
            }
        }
        let span = self.typer.span(declaration.span);
        let node = self.typer.leaf(leaf, array(&shape), Unit::One, span)?;
        self.define(name, Local::Node(node))
    }

    fn no_input(&mut self, name: &tree::Name) -> Said {
        let region = self.typer.draft.region_name(self.id);
        let said = Diagnostic::new(Code::NO_INPUT, format!("nothing comes in as `{name}` of `{region}`"))
            .at(self.call, format!("`{}` has an input `{name}`", self.definition.name))
            .help(format!("connect A -> {region}\nor, for an input by name: connect A -> {region} as {name}"));
        self.typer.fail(said)
    }

    fn weight(&mut self, declaration: &Declaration) -> Result<(), Said> {
        let shape = self.sizes(&declaration.target)?;
        let mut init = match (&declaration.value, shape.len()) {
            (Some(value), _) => Init::Constant(self.typer.plain_number(value)?),
            (None, 0 | 1) => Init::Constant(0.0),
            (None, _) => Init::Default,
        };
        for property in &declaration.properties {
            init = match &property.kind {
                StatePropertyKind::Init(tree::Init::Value(expr)) => self.typer.init(expr)?,
                StatePropertyKind::Init(tree::Init::File(text)) => {
                    return self.typer.later(text.span, "initial weights from a file", "init he");
                }
                StatePropertyKind::KeepAcrossTrials => {
                    let said = Diagnostic::new(Code::MISPLACED_WORD, "a weight is kept anyway")
                        .at(self.typer.span(property.span), "this is said of a `state`")
                        .help("leave it out");
                    return Err(self.typer.fail(said));
                }
            };
        }
        let leaf = Leaf::Inner(self.weights.len());
        let name = &declaration.target.name;
        self.weights.push(InnerWeight { name: name.text.clone(), shape: shape.clone(), init });
        self.define(name, Local::Leaf(leaf, array(&shape), Unit::One))
    }

    fn state(&mut self, declaration: &Declaration) -> Result<(), Said> {
        let span = self.typer.span(declaration.span);
        self.typer.want_time(span, "a state")?;
        if let Some(property) = declaration.properties.first() {
            return self.typer.later(property.span, "a property of a state", "a state begins anew in each trial");
        }
        let shape = self.sizes(&declaration.target)?;
        let first = declaration.value.as_ref().map(|value| self.typer.plain_number(value)).transpose()?.unwrap_or(0.0);
        let name = &declaration.target.name;
        let node = self.typer.leaf(Leaf::Before(self.states.len()), array(&shape), Unit::One, span)?;
        let made = StateOf { name: name.text.clone(), shape, first, next: node };
        self.states.push(StateDraft { made, span, updated: false });
        self.define(name, Local::Node(node))
    }

    /// `h := …`: what stands below reads the new value.
    fn update(&mut self, target: &tree::Target, value: &Expr) -> Result<(), Said> {
        let Some(place) = self.states.iter().position(|state| state.made.name == target.name.text) else {
            if self.typer.locals.iter().any(|(name, local)| *name == target.name.text && matches!(local, Local::Broken))
            {
                return Err(Said);
            }
            self.broken(&target.name);
            let near = nearest(target.name.as_str(), self.states.iter().map(|state| &*state.made.name));
            let help = near.map_or(format!("declare it: `state {}[n] = 0`", target.name), |near| {
                format!("did you mean `{near}`?")
            });
            let message = format!("`{}` is no state of `{}`", target.name, self.definition.name);
            let said = Diagnostic::new(Code::UNKNOWN_NAME, message)
                .at(self.typer.span(target.span), "unknown state")
                .help(help);
            return Err(self.typer.fail(said));
        };
        let node = self.typer.expr(value)?;
        self.typer.want_number(node, ":=")?;
        self.typer.want_plain(node, &format!("the state `{}`", target.name))?;
        let (wanted, declared) = (array(&self.states[place].made.shape), self.states[place].span);
        let found = self.typer.nodes[node].ty.clone();
        let node = match found.shape == wanted.shape {
            true => node,
            false if found.shape.iter().all(|extent| *extent == Extent::Const(1)) => {
                self.typer.widen(node, &wanted.shape)?
            }
            false => {
                let (found, wanted) = (describe(&found), describe(&wanted));
                let message = format!("the state `{}` is {wanted}, and becomes {found}", target.name);
                let said = Diagnostic::new(Code::SHAPE_MISMATCH, message)
                    .at(self.typer.span(value.span), format!("this is {found}"))
                    .because(declared, format!("declared as {wanted}"))
                    .help("give both the same shape");
                return Err(self.typer.fail(said));
            }
        };
        let state = &mut self.states[place];
        (state.made.next, state.updated) = (node, true);
        let local = self.typer.locals.iter_mut().find(|(name, _)| *name == target.name.text);
        if let Some((_, local)) = local {
            *local = Local::Node(node);
        }
        Ok(())
    }

    fn outputs(&mut self, values: &[Expr], span: Span) -> Result<(), Said> {
        let [value] = values else {
            return self.typer.later(span, "a structure with several outputs", "output one array");
        };
        let node = self.typer.expr(value)?;
        self.typer.want_number(node, "output")?;
        self.typer.want_plain(node, "the output of a structure")?;
        let span = self.typer.span(span);
        if let Some((_, first)) = self.output.replace((node, span)) {
            let message = format!("`{}` has two outputs", self.definition.name);
            let said =
                Diagnostic::new(Code::DUPLICATE_NAME, message).at(span, "the second").because(first, "the first");
            return Err(self.typer.fail(said.help("leave one of them out")));
        }
        Ok(())
    }

    /// Refuses a structure that has no output, a state that never changes, and an activity that no input takes.
    fn complete(&mut self) -> Result<(), Said> {
        let name = &self.definition.name;
        let at = self.typer.span(name.span);
        let mut said = Vec::new();
        let any_output =
            self.definition.body.iter().any(|statement| matches!(statement.kind, BodyStatementKind::Output(_)));
        if !any_output {
            said.push(
                Diagnostic::new(Code::NO_OUTPUT, format!("the structure `{name}` has no output"))
                    .at(at, "what is the activity of a region that is one?")
                    .help("output h"),
            );
        }
        for state in &self.states {
            let stays = !self.definition.body.iter().any(
                |statement| matches!(&statement.kind, BodyStatementKind::Update { target, .. } if target.name.text == state.made.name),
            );
            if stays && !state.updated {
                let message = format!("the state `{}` never changes", state.made.name);
                let help = format!(
                    "{} := …\nor, for a number that stays: let {} = {}",
                    state.made.name, state.made.name, state.made.first
                );
                said.push(
                    Diagnostic::new(Code::NO_CHANGE, message).at(state.span, "no `:=` gives it a new value").help(help),
                );
            }
        }
        let draft = self.typer.draft;
        let inputs_read =
            self.definition.body.iter().all(|statement| !matches!(statement.kind, BodyStatementKind::Input(_)))
                || !self.taken.is_empty();
        for p in sources(draft, self.id).into_iter().filter(|p| !self.taken.contains(p)) {
            if !inputs_read {
                break;
            }
            let wire = &draft.projections[p.0];
            let what = wire.named.as_ref().map_or("without a name".to_string(), |named| format!("`{named}`"));
            said.push(
                Diagnostic::new(
                    Code::UNUSED_PROJECTION,
                    format!("`{}` brings something that `{name}` does not take in", wire.name),
                )
                .at(wire.span, format!("`{name}` has no input {what}"))
                .because(self.call, format!("the region is `{name}`"))
                .help("leave the connection out, or add an `input` of that name to the structure"),
            );
        }
        let bad = !said.is_empty();
        said.into_iter().for_each(|said| {
            self.typer.fail(said);
        });
        if bad { Err(Said) } else { Ok(()) }
    }

    /// Refuses a weight that nothing reads: it would never learn.
    fn every_weight_is_read(&mut self) -> Result<(), Said> {
        let read = |number: usize| {
            self.typer.nodes.iter().any(|node| matches!(node.kind, Kind::Leaf(Leaf::Inner(read)) if read == number))
        };
        let unread: Vec<&InnerWeight> =
            self.weights.iter().enumerate().filter(|(number, _)| !read(*number)).map(|(_, weight)| weight).collect();
        let mut said = Vec::new();
        for statement in &self.definition.body {
            let BodyStatementKind::Weight(all) = &statement.kind else { continue };
            for declaration in all {
                let target = &declaration.target;
                if unread.iter().any(|weight| weight.name == target.name.text) {
                    let message = format!("the weight `{}` is never read, and so it never changes", target.name);
                    said.push(
                        Diagnostic::new(Code::NO_CHANGE, message)
                            .at(self.typer.span(target.span), format!("nothing in `{}` reads it", self.definition.name))
                            .help("leave it out, or read it"),
                    );
                }
            }
        }
        let bad = !said.is_empty();
        said.into_iter().for_each(|said| {
            self.typer.fail(said);
        });
        if bad { Err(Said) } else { Ok(()) }
    }

    /// The output in the shape that the region is given, if it is given one.
    fn shaped(&mut self, node: usize, span: Span) -> Typed {
        let region = &self.typer.draft.regions[self.id.0];
        let found = self.typer.nodes[node].ty.clone();
        match &region.shape {
            Some(shape) if array(shape).shape != found.shape => {
                let (wanted, found) = (describe(&array(shape)), describe(&found));
                let name = &region.tree.target.name;
                let message = format!("`{name}` is {wanted}, and `{}` puts out {found}", self.definition.name);
                let said = Diagnostic::new(Code::SHAPE_MISMATCH, message)
                    .at(region.tree.target.span, wanted)
                    .because(span, found)
                    .help(format!("leave the shape out: `region {name} : …`"));
                Err(self.typer.fail(said))
            }
            None if found.shape.is_empty() => {
                let shape = [Extent::Const(1)];
                self.typer.widen(node, &shape)
            }
            _ => Ok(node),
        }
    }
}
