//! From an expression of the text to a [`Formula`]: names resolved, definitions written out, a type and a unit on
//! every node. A mistake is told once: what depends on it is [`Said`] and stays silent.

mod call;
mod data;
mod index;
mod indexed;
mod moment;
mod operator;
mod signature;
mod steps;

pub(super) use signature::bind;

use super::draft::{self, Declared, Draft, Meaning, nearest, not_supported};
use super::formula::{Kind, Node};
use super::indices::{Along, Indices};
use super::{ConstId, CostId, DataId, Formula, KeptAt, Leaf, MetricId, ParamId, RegionId, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{Expr, ExprKind, Name};
use crate::tensor::{Attributes, Element, Extent, Row, Type, op};
use std::sync::Arc;

/// A mistake in here has been told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said;

/// A node, or a mistake that has been told.
pub(super) type Typed = Result<usize, Said>;

/// Where an expression stands, which says what it may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A value of compile time: a size, a duration, an argument.
    Constant,
    /// A value that may be scheduled over a phase.
    Schedule,
    /// A region's equation.
    Equation(RegionId),
    /// A cost.
    Cost,
    /// A metric.
    Metric,
    /// A modulator.
    Modulator,
    /// The argument of a rule.
    Argument,
    /// The condition of a phase.
    Until,
    /// A condition on samples of this dataset.
    Filter(DataId),
    /// A field of this generated dataset; whether it is one over time.
    Generated(DataId, bool),
    /// A `const`.
    Const,
    /// An equation of a rule.
    Rule,
    /// An equation of an optimiser.
    Optimiser,
}

impl Place {
    /// Whether it is computed for each sample, in a trial.
    pub(super) fn within_a_trial(self) -> bool {
        matches!(self, Place::Equation(_) | Place::Cost | Place::Metric | Place::Modulator)
    }

    fn words(self) -> &'static str {
        match self {
            Place::Constant => "a compile-time value",
            Place::Schedule => "a scheduled value",
            Place::Equation(_) => "a region's equation",
            Place::Cost => "a cost",
            Place::Metric => "a metric",
            Place::Modulator => "a modulator",
            Place::Argument => "the argument of a rule",
            Place::Until => "an `until`",
            Place::Filter(_) => "a `where` of data",
            Place::Generated(..) => "generated data",
            Place::Const => "a `const`",
            Place::Rule => "a rule",
            Place::Optimiser => "an optimiser",
        }
    }
}

/// What a local name stands for.
#[derive(Debug, Clone)]
pub(super) enum Local {
    /// A node that is there already (the argument of a definition).
    Node(usize),
    /// A leaf with its type and unit.
    Leaf(Leaf, Type, Unit),
    /// A formula that is written out where it is named.
    Formula(Formula),
    /// In a rule: the pass of this number.
    Pass(usize),
    /// In a rule: what it keeps along axes that are written out.
    Table(KeptAt, Vec<Along>, Unit),
    /// An argument with a mistake.
    Broken,
}

/// How deep definitions may call each other.
const DEPTH: usize = 64;
/// How many things are said of one expression.
const MESSAGES: usize = 100;
/// How many nodes a formula may have.
const NODES: usize = 100_000;

/// Types one expression.
pub(super) struct Typer<'d, 'a> {
    pub(super) draft: &'d Draft<'a>,
    pub(super) place: Place,
    pub(super) said: Vec<Diagnostic>,
    pub(super) nodes: Vec<Node>,
    pub(super) locals: Vec<(Arc<str>, Local)>,
    /// The calls that are being written out, outermost first, with the place of each.
    calls: Vec<(Arc<str>, Span)>,
    /// Inside a library definition everything is said about this place.
    pub(super) outer: Option<Span>,
    /// The rule or optimiser whose equation this is.
    within: Option<Arc<str>>,
    /// In an equation of a rule that names its indices: those.
    pub(super) indices: Option<Indices>,
    /// How many calls were written out.
    written: usize,
    /// Whether it has become too large; then nothing more is typed.
    exhausted: bool,
    /// Where chance has a meaning: the shape in which a draw comes.
    pub(super) drawn: Option<Vec<usize>>,
    /// What was drawn so far.
    pub(super) draws: Vec<super::Draw>,
    /// Which draws declare an estimator.
    pub(super) sampled: Vec<super::Sampled>,
    /// In data from other data: the other.
    pub(super) from: Option<DataId>,
    /// What functions compare with a target, the target, and where it stands.
    pub(super) targets: Vec<(usize, usize, Span)>,
}

impl<'d, 'a> Typer<'d, 'a> {
    pub(super) fn new(draft: &'d Draft<'a>, place: Place) -> Self {
        let (said, nodes, locals, calls) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (drawn, draws, sampled) = (None, Vec::new(), Vec::new());
        let (outer, within, written, exhausted) = (None, None, 0, false);
        let (from, indices) = (None, None);
        Typer {
            draft,
            place,
            said,
            nodes,
            locals,
            calls,
            outer,
            within,
            indices,
            written,
            exhausted,
            drawn,
            draws,
            sampled,
            from,
            targets: Vec::new(),
        }
    }

    /// From here on the text is that of a definition with this name.
    pub(super) fn within(&mut self, name: &Name) {
        self.within = Some(name.text.clone());
    }

    /// The formula whose value is this node, and what was said.
    pub(super) fn finish(mut self, root: Typed) -> (Result<Formula, Said>, Vec<Diagnostic>) {
        let formula = root.map(|root| Formula { nodes: std::mem::take(&mut self.nodes), root });
        (formula, self.said)
    }

    /// Says it, once. An expression with very many mistakes is not read to its end.
    pub(super) fn fail(&mut self, diagnostic: Diagnostic) -> Said {
        self.exhausted |= self.said.len() >= MESSAGES;
        self.said.push(diagnostic);
        Said
    }

    pub(super) fn later<T>(&mut self, span: Span, what: &str, instead: &str) -> Result<T, Said> {
        let span = self.span(span);
        Err(self.fail(not_supported(span, what, instead)))
    }

    /// The place that is shown for a place of the text.
    pub(super) fn span(&self, span: Span) -> Span {
        self.outer.unwrap_or(span)
    }

    /// Adds a node.
    pub(super) fn node(&mut self, kind: Kind, ty: Type, unit: Unit, span: Span) -> Typed {
        if self.nodes.len() >= NODES {
            return Err(self.exhausted(span));
        }
        self.nodes.push(Node { kind, ty, unit, span });
        Ok(self.nodes.len() - 1)
    }

    /// Says, once, that the expression is too large.
    fn exhausted(&mut self, span: Span) -> Said {
        if std::mem::replace(&mut self.exhausted, true) {
            return Said;
        }
        let span = self.calls.first().map_or(span, |(_, first)| *first);
        let message = format!("this expression comes to more than {NODES} operations or calls");
        self.fail(
            Diagnostic::new(Code::TOO_LARGE, message)
                .at(span, "too large when its definitions are written out")
                .help("split it over several regions, or call fewer definitions within each other"),
        )
    }

    /// Adds something that is read.
    pub(super) fn leaf(&mut self, leaf: Leaf, ty: Type, unit: Unit, span: Span) -> Typed {
        self.node(Kind::Leaf(leaf), ty, unit, span)
    }

    /// Adds an operation of the table; what the row refuses is told here.
    pub(super) fn row(&mut self, name: &str, attributes: Attributes, inputs: &[usize], unit: Unit, at: Span) -> Typed {
        let row: &'static Row = match op::find(name) {
            Some(row) => row,
            None => crate::bug!("no operation `{name}`"),
        };
        let types: Vec<&Type> = inputs.iter().map(|&input| &self.nodes[input].ty).collect();
        match (row.ty)(&types, &attributes) {
            Ok(ty) => self.node(Kind::Op(row, attributes, inputs.to_vec()), ty, unit, at),
            Err(why) => {
                let mut said = Diagnostic::new(Code::TYPE_MISMATCH, format!("`{name}` cannot be done here: {why}"))
                    .at(at, "this operation");
                for &input in inputs {
                    let node = &self.nodes[input];
                    said = said.because(node.span, format!("this is {}", describe(&node.ty)));
                }
                Err(self.fail(said.help("check the types of its operands")))
            }
        }
    }

    /// A constant number.
    pub(super) fn number(&mut self, value: f64, unit: Unit, span: Span) -> Typed {
        self.row("constant", Attributes::Number(value), &[], unit, span)
    }

    /// Types an expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> Typed {
        let span = self.span(expr.span);
        if self.exhausted {
            return Err(Said);
        }
        match &expr.kind {
            ExprKind::Number(number) => {
                let (unit, factor) = match &number.unit {
                    Some((unit, _)) => draft::unit_of(*unit),
                    None => (Unit::One, 1.0),
                };
                self.number(number.value() * factor, unit, span)
            }
            ExprKind::Bool(value) => self.row("constant", Attributes::Truth(*value), &[], Unit::One, span),
            ExprKind::Name(name) => self.name(name),
            ExprKind::Call { function, arguments } => self.call(expr, function, arguments),
            ExprKind::Index { value, indices } => self.index(expr, value, indices),
            ExprKind::Field { value, field } => self.field(value, field, span),
            ExprKind::Unary { operator, operand } => self.unary(*operator, operand, span),
            ExprKind::Binary { operator, left, right, .. } => self.binary(*operator, left, right, span),
            ExprKind::Path(path) => self.weights(path, None),
            ExprKind::Text(_) => Err(self.fail(
                Diagnostic::new(Code::TYPE_MISMATCH, "a text is no number")
                    .at(span, "a number is expected here")
                    .help("texts stand only in `import`, and as paths of files in `data`"),
            )),
            ExprKind::Range { .. } => Err(self.fail(
                Diagnostic::new(Code::TYPE_MISMATCH, "a range is no number")
                    .at(span, "a number is expected here")
                    .help("a range stands in square brackets: `V1[0..64]`"),
            )),
            ExprKind::List(_) => self.later(span, "a list as a value", "a list of numbers can stand in `fixed([[…]])`"),
            ExprKind::Where { .. } => self.later(span, "`where` inside an expression", "put it behind the `metric`"),
            ExprKind::At { value, when } => self.at_moment(value, when, span),
            ExprKind::Indexed { function, index, condition, body } => {
                self.over_index(function, index, condition, body, span)
            }
            ExprKind::Sample { distribution, estimator } => self.sample(distribution, estimator, span),
            ExprKind::RuleFrom { .. } => self.later(span, "a rule as an argument", ""),
            ExprKind::Error => Err(Said),
        }
    }

    /// What a name means here: in a text of the library what the library means by it.
    fn declared(&self, name: &str) -> Option<Declared<'a>> {
        let names = if self.outer.is_some() { &self.draft.library } else { &self.draft.names };
        names.get(name).copied()
    }

    /// Whether a name is one of the definition that is being written out.
    pub(super) fn is_local(&self, name: &Name) -> bool {
        self.locals.iter().any(|(text, _)| *text == name.text)
    }

    fn name(&mut self, name: &Name) -> Typed {
        let span = self.span(name.span);
        if let Some((_, local)) = self.locals.iter().rev().find(|(text, _)| *text == name.text) {
            return match local.clone() {
                Local::Node(node) => Ok(node),
                Local::Leaf(leaf @ (Leaf::Pre | Leaf::Post | Leaf::Synapse), ..) if self.indices.is_some() => {
                    self.without_index(&leaf, name)
                }
                Local::Leaf(leaf, ty, unit) => self.leaf(leaf, ty, unit, span),
                Local::Formula(formula) => self.embed(&formula),
                Local::Pass(_) => Err(self.only_sides(name)),
                Local::Table(_, along, _) => self.whole_table(name, &along),
                Local::Broken => Err(Said),
            };
        }
        if let Some(typed) = self.builtin_name(name, span) {
            return typed;
        }
        let Some(declared) = self.declared(name.as_str()) else {
            if super::credit_rules::credit_rule(name.as_str()).is_some() {
                let said = self.misplaced(name, "a credit rule");
                return Err(self.fail(said.help(format!("it stands in a `learn`: `by {name}`"))));
            }
            return Err(self.unknown(name, "name"));
        };
        match declared.meaning {
            Meaning::Param(id) => self.param(id, span),
            Meaning::Const(id) => self.fixed_array(id, name),
            Meaning::Region(id) => self.region(RegionId(id), name),
            Meaning::Cost(id) => self.cost(id, name),
            Meaning::Metric(id) => self.metric(id, name),
            Meaning::Modulator(id) => self.modulator(id, name),
            Meaning::Broken => Err(Said),
            Meaning::Data(_) => {
                let said = self.misplaced(name, declared.meaning.words());
                Err(self.fail(said.help(format!("name one of its fields: `{name}.…`"))))
            }
            Meaning::Function(_) => {
                let said = self.misplaced(name, declared.meaning.words());
                Err(self.fail(said.help(format!("call it: `{name}(…)`"))))
            }
            Meaning::Definition(_) | Meaning::Phase | Meaning::Alias => {
                let said = self.misplaced(name, declared.meaning.words());
                Err(self.fail(said.help("it has no value")))
            }
        }
    }

    pub(super) fn misplaced(&self, name: &Name, words: &str) -> Diagnostic {
        let message = format!("`{name}` is {words}, and cannot stand in {}", self.place.words());
        Diagnostic::new(Code::WRONG_KIND, message).at(self.span(name.span), format!("{words} has no value here"))
    }

    /// The names that the language itself gives a meaning.
    fn builtin_name(&mut self, name: &Name, span: Span) -> Option<Typed> {
        let leaf = match name.as_str() {
            "progress" => Leaf::Progress,
            "training" => Leaf::Training,
            "drive" | "noise" | "pre" | "post" | "w" | "g" | "step" if self.draft.names.contains_key(name.as_str()) => {
                return None;
            }
            "drive" => return Some(Err(self.not_here(name, "a region's equation", "region V1[64] = relu(drive)"))),
            "noise" if self.drawn.is_some() && matches!(self.place, Place::Equation(_)) => {
                return Some(self.drawn(super::Draw::Normal, span));
            }
            "noise" => {
                return Some(Err(self.not_here(
                    name,
                    "a region's equation",
                    "region V1[64] = relu(drive + 0.1 * noise)",
                )));
            }
            "index" if self.draft.names.contains_key("index") => return None,
            "index" => return Some(self.sample_index(name, span)),
            "t" if self.draft.names.contains_key("t") => return None,
            "t" => return Some(self.time_step(name, span)),
            "pre" if self.place == Place::Rule => return Some(Err(self.nothing_before(span))),
            "pre" | "post" => {
                return Some(Err(self.not_here(name, "a rule", "rule hebb(rate = 0.01) { dw = rate * post * pre }")));
            }
            "g" | "w" | "step" => {
                return Some(Err(self.not_here(
                    name,
                    "an optimiser",
                    "optimiser sgd(rate = 0.1) { w := w - rate * g }",
                )));
            }
            _ => return None,
        };
        let good = match leaf {
            Leaf::Progress => matches!(self.place, Place::Schedule | Place::Argument),
            _ => self.place.within_a_trial(),
        };
        if !good {
            let (place, example) = match leaf {
                Leaf::Progress => ("a scheduled value", "using sgd(rate = linear(0.1, 0.01))"),
                _ => ("a region's equation or a cost", "training * 0.1"),
            };
            return Some(Err(self.not_here(name, place, example)));
        }
        Some(self.leaf(leaf, scalar(Element::Real), Unit::One, span))
    }

    /// A bias has no unit before it.
    pub(super) fn nothing_before(&mut self, span: Span) -> Said {
        let said = Diagnostic::new(Code::MISPLACED_WORD, "a bias has no unit before it, and so no `pre`")
            .at(span, "not known in `db = …`")
            .help("db = rate * post");
        self.fail(said)
    }

    pub(super) fn not_here(&mut self, name: &Name, place: &str, example: &str) -> Said {
        let message = format!("`{name}` has no meaning in {}", self.place.words());
        let said = Diagnostic::new(Code::MISPLACED_WORD, message)
            .at(self.span(name.span), format!("`{name}` is known in {place} only"))
            .help(format!("for example: `{example}`"));
        self.fail(said)
    }

    /// Says that a name is unknown, with the nearest known one.
    pub(super) fn unknown(&mut self, name: &Name, what: &str) -> Said {
        let locals = self.locals.iter().map(|(text, _)| &**text);
        let rows = op::ALL.iter().filter(|row| row.callable).map(|row| row.name);
        let known = locals.chain(self.draft.names.keys().map(|text| &**text)).chain(rows);
        let library = crate::library::ENTRIES.iter().map(|entry| entry.name);
        let help = match nearest(name.as_str(), known.chain(library)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "define it; `neurula lib` lists what the library defines".to_string(),
        };
        let said = Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no {what} `{name}`"))
            .at(self.span(name.span), "unknown name")
            .help(help);
        self.fail(said)
    }

    fn param(&mut self, id: usize, span: Span) -> Typed {
        match self.draft.params.get(id) {
            Some(param) if param.value.is_nan() => Err(Said),
            Some(param) => {
                let unit = param.unit;
                self.leaf(Leaf::Param(ParamId(id)), scalar(Element::Real), unit, span)
            }
            None => Err(Said),
        }
    }

    fn fixed_array(&mut self, id: usize, name: &Name) -> Typed {
        let span = self.span(name.span);
        let allowed =
            matches!(self.place, Place::Generated(..) | Place::Filter(_) | Place::Const) || self.place.within_a_trial();
        if !allowed {
            let said = self.misplaced(name, "a fixed array");
            return Err(
                self.fail(said.help("fixed arrays have values in equations, costs, metrics and generated data"))
            );
        }
        match self.draft.consts.get(id) {
            Some(Some(found)) => self.leaf(Leaf::Const(ConstId(id)), array(&found.shape), Unit::One, span),
            Some(None) => Err(Said),
            None => Err(self.not_yet_defined(name, "fixed array")),
        }
    }

    fn region(&mut self, id: RegionId, name: &Name) -> Typed {
        let span = self.span(name.span);
        if !self.place.within_a_trial() {
            let said = self.misplaced(name, "a region");
            return Err(self.fail(said.help("regions have values in equations, costs and metrics")));
        }
        match &self.draft.regions[id.0].shape {
            Some(shape) => self.leaf(Leaf::Region(id), array(shape), Unit::One, span),
            None => Err(Said),
        }
    }

    fn cost(&mut self, id: usize, name: &Name) -> Typed {
        let span = self.span(name.span);
        match self.place {
            Place::Until => self.leaf(Leaf::Cost(CostId(id), None), scalar(Element::Real), Unit::One, span),
            Place::Metric | Place::Cost | Place::Modulator => match self.draft.costs.get(id) {
                Some(Some(cost)) => {
                    let formula = cost.formula.clone();
                    self.embed(&formula)
                }
                Some(None) => Err(Said),
                None => Err(self.not_yet_defined(name, "cost")),
            },
            _ => {
                let said = self.misplaced(name, "a cost");
                Err(self.fail(said.help("costs can be read by metrics, other costs and `until`")))
            }
        }
    }

    fn metric(&mut self, id: usize, name: &Name) -> Typed {
        let span = self.span(name.span);
        match self.place {
            Place::Until => self.leaf(Leaf::Metric(MetricId(id), None), scalar(Element::Real), Unit::One, span),
            Place::Metric | Place::Modulator => match self.draft.metrics.get(id) {
                Some(Some(metric)) => {
                    let formula = metric.formula.clone();
                    self.embed(&formula)
                }
                Some(None) => Err(Said),
                None => Err(self.not_yet_defined(name, "metric")),
            },
            _ => {
                let said = self.misplaced(name, "a metric");
                Err(self.fail(
                    said.help("metrics can be read by other metrics and `until`; what is to be lowered is a `cost`"),
                ))
            }
        }
    }

    pub(super) fn not_yet_defined(&mut self, name: &Name, what: &str) -> Said {
        let defined = self.draft.names[name.as_str()].span;
        let said = Diagnostic::new(Code::USED_BEFORE, format!("the {what} `{name}` is used before it is defined"))
            .at(self.span(name.span), "used here")
            .because(defined, "defined only here")
            .help(format!("move the line of `{name}` above this one"));
        self.fail(said)
    }

    /// Copies a formula in, and gives the node of its value.
    pub(super) fn embed(&mut self, formula: &Formula) -> Typed {
        let base = self.nodes.len();
        for node in &formula.nodes {
            let mut node = node.clone();
            if let Kind::Op(_, _, inputs) = &mut node.kind {
                inputs.iter_mut().for_each(|input| *input += base);
            }
            self.node(node.kind, node.ty, node.unit, node.span)?;
        }
        Ok(base + formula.root)
    }
}

/// A scalar type.
pub(super) fn scalar(element: Element) -> Type {
    Type { element, shape: Vec::new() }
}

/// An array of reals.
pub(super) fn array(shape: &[usize]) -> Type {
    Type { element: Element::Real, shape: shape.iter().map(|&n| Extent::Const(n)).collect() }
}

/// A type in the words of the language.
pub(super) fn describe(ty: &Type) -> String {
    let sizes: Vec<String> = ty.shape.iter().map(|extent| extent.bound().to_string()).collect();
    let shape = format!("[{}]", sizes.join(", "));
    match (ty.element, sizes.is_empty()) {
        (Element::Real, true) => "a number".to_string(),
        (Element::Real, false) => shape,
        (Element::Int, true) => "a whole number".to_string(),
        (Element::Int, false) => format!("{shape} of whole numbers"),
        (Element::Class(k), true) => format!("class[{k}]"),
        (Element::Class(k), false) => format!("{shape} of class[{k}]"),
        (Element::Bool, true) => "a truth value".to_string(),
        (Element::Bool, false) => format!("{shape} of truth values"),
        (Element::Byte, _) => format!("{shape} of bytes"),
    }
}
