//! Calls: definitions are written out where they are called; the rest are operations of the table and a few words
//! of the language itself.

use super::{DEPTH, Local, NODES, Place, Typed, Typer, bind, describe, scalar};
use crate::diag::{Code, Diagnostic, Span};
use crate::model::draft::Meaning;
use crate::model::{CostId, Leaf, MetricId, Unit};
use crate::syntax::tree::{Argument, Expr, ExprKind, Function, Name, Parameter};
use crate::tensor::op::Scalar;
use crate::tensor::{Attributes, Element, Extent, Kind, Row, op};
use std::sync::Arc;

/// Words of the language that are called like functions and come with a later version.
const LATER: &[&str] = &["batch_mean", "batch_sum", "distance", "tapped", "response", "alignment"];

impl Typer<'_, '_> {
    pub(in crate::model) fn call(&mut self, expr: &Expr, function: &Name, arguments: &[Argument]) -> Typed {
        let meant =
            self.draft.aliases.get(function.as_str()).filter(|_| self.outer.is_none() && !self.is_local(function));
        if let Some(Expr { kind: ExprKind::Name(meant), .. }) = meant {
            let function = Name { text: meant.text.clone(), span: function.span };
            return self.call(expr, &function, arguments);
        }
        let declared = self.declared(function.as_str());
        if declared.is_none_or(|declared| declared.library)
            && let Some(typed) = self.over_whole(function, arguments, self.span(expr.span))
        {
            return typed;
        }
        match declared {
            Some(declared) => match declared.meaning {
                Meaning::Function(definition) => {
                    let defined = (!declared.library).then_some(declared.span);
                    self.write_out(expr, definition, arguments, defined, declared.library)
                }
                Meaning::Broken => Err(super::Said),
                Meaning::Metric(_) | Meaning::Cost(_) if self.place == Place::Until => {
                    self.measured(expr, declared.meaning, arguments)
                }
                meaning => {
                    let said = self.misplaced(function, meaning.words()).help("only functions can be called here");
                    Err(self.fail(said))
                }
            },
            None => self.builtin(expr, function, arguments),
        }
    }

    /// Types the body of a function with its arguments in place of its parameters.
    fn write_out(
        &mut self,
        expr: &Expr,
        definition: &Function,
        arguments: &[Argument],
        defined: Option<Span>,
        library: bool,
    ) -> Typed {
        let name = &definition.name;
        let span = self.span(expr.span);
        if self.calls.iter().any(|(open, _)| *open == name.text) || self.calls.len() >= DEPTH {
            let mut said = Diagnostic::new(Code::RECURSION, format!("`{name}` calls itself"))
                .at(span, "called again here, while it is being written out")
                .help("a definition is written out where it is called, so it cannot call itself");
            if let Some((_, first)) = self.calls.iter().find(|(open, _)| *open == name.text) {
                said = said.because(*first, "first called here");
            }
            return Err(self.fail(said));
        }
        self.written += 1;
        if self.written > NODES {
            return Err(self.exhausted(span));
        }
        let bound = match bind(name.as_str(), &definition.parameters, arguments, span, defined) {
            Ok(bound) => bound,
            Err(said) => {
                self.said.extend(said);
                return Err(super::Said);
            }
        };
        let mut locals = Vec::new();
        for (parameter, value, _) in bound {
            let local = match self.expr(value) {
                Ok(node) => Local::Node(node),
                Err(_) => Local::Broken,
            };
            locals.push((parameter.name.text.clone(), local));
        }
        if self.calls.is_empty() {
            self.aim(&definition.parameters, &locals);
        }
        let outer_locals = std::mem::replace(&mut self.locals, locals);
        let outer = self.outer;
        if library {
            self.outer = Some(span);
        }
        self.calls.push((name.text.clone(), span));
        let typed = self.expr(&definition.value);
        self.calls.pop();
        self.outer = outer;
        self.locals = outer_locals;
        typed
    }

    /// Remembers what a function compares with its target.
    fn aim(&mut self, parameters: &[Parameter], locals: &[(Arc<str>, Local)]) {
        let nodes = |wanted: bool| {
            let all = parameters.iter().zip(locals).filter(move |(parameter, _)| parameter.target.is_some() == wanted);
            all.filter_map(|(_, (_, local))| if let Local::Node(node) = local { Some(*node) } else { None }).next()
        };
        if let (Some(of), Some(target)) = (nodes(false), nodes(true)) {
            self.targets.push((of, target, self.nodes[target].span));
        }
    }

    /// What the language itself can do with a call.
    fn builtin(&mut self, expr: &Expr, function: &Name, arguments: &[Argument]) -> Typed {
        let span = self.span(expr.span);
        let name = function.as_str();
        if matches!(name, "batch_mean" | "batch_sum") && self.place == Place::Rule {
            return self.batch_word(function, arguments, span);
        }
        if LATER.contains(&name) {
            return self.later(function.span, &format!("`{name}(…)`"), "");
        }
        match name {
            "steps" => return self.steps(function, arguments, span),
            "prev" => return self.previous(function, arguments, span),
            "normal" | "uniform" | "bernoulli" | "pick" => return self.draw(function, arguments, span),
            _ => {}
        }
        let arity: &[usize] = match name {
            "size" | "number" | "one_hot" | "distribution" | "classes" => &[1],
            "select" => &[3],
            "max" | "min" => &[1, 2],
            "mod" => &[2],
            _ => match op::find(name).filter(|row| row.callable) {
                Some(row) => match arity(row) {
                    1 => &[1],
                    2 => &[2],
                    _ => &[3],
                },
                None => return Err(self.unknown(function, "function")),
            },
        };
        let inputs: Vec<Typed> = arguments.iter().map(|argument| self.expr(&argument.value)).collect();
        if !arity.contains(&arguments.len()) || arguments.iter().any(|argument| argument.name.is_some()) {
            let counts: Vec<String> = arity.iter().map(usize::to_string).collect();
            let plural = if arity == [1] { "" } else { "s" };
            let message = match arguments.iter().any(|argument| argument.name.is_some()) {
                true => format!("the argument{plural} of `{name}` have no names"),
                false => {
                    format!("`{name}` takes {} argument{plural}, and has {}", counts.join(" or "), arguments.len())
                }
            };
            return Err(self.fail(Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(span, "this call").help(
                format!("write it as `{name}({})`", ["x", "x, y", "condition, x, y"][arity[arity.len() - 1] - 1]),
            )));
        }
        let inputs = inputs.into_iter().collect::<Result<Vec<usize>, _>>()?;
        match name {
            "size" => {
                let size: usize = self.nodes[inputs[0]].ty.shape.iter().map(Extent::bound).product();
                self.number(size as f64, Unit::One, span)
            }
            "classes" => self.classes(inputs[0], span),
            "number" => self.number_of(inputs[0], span),
            "one_hot" => self.one_hot(inputs[0], span),
            "distribution" if self.nodes[inputs[0]].ty.element == Element::Real => Ok(inputs[0]),
            "distribution" => self.one_hot(inputs[0], span),
            "select" => self.select(&inputs, span),
            "max" | "min" if inputs.len() == 1 => self.reduce(name, inputs[0], span),
            "max" => self.elementwise("maximum", &inputs, span),
            "min" => self.elementwise("minimum", &inputs, span),
            "mod" => self.elementwise("mod", &inputs, span),
            _ => match op::find(name).is_some_and(op::Row::is_elementwise) {
                true => self.elementwise(name, &inputs, span),
                false => self.reduce(name, inputs[0], span),
            },
        }
    }

    fn classes(&mut self, input: usize, span: Span) -> Typed {
        match self.nodes[input].ty.element {
            Element::Class(k) => self.number(k as f64, Unit::One, span),
            _ => Err(self.want_class(input, "classes")),
        }
    }

    fn want_class(&mut self, node: usize, name: &str) -> super::Said {
        let found = &self.nodes[node];
        let message = format!("`{name}` wants a class, and this is {}", describe(&found.ty));
        let said = Diagnostic::new(Code::TYPE_MISMATCH, message)
            .at(found.span, describe(&found.ty))
            .help("a class is a field such as `world.label`, or what `argmax(x)` gives");
        self.fail(said)
    }

    fn number_of(&mut self, input: usize, span: Span) -> Typed {
        match self.nodes[input].ty.element {
            Element::Class(_) | Element::Int => self.row("real", Attributes::None, &[input], Unit::One, span),
            _ => Err(self.want_class(input, "number")),
        }
    }

    /// 1 at the class, 0 elsewhere.
    pub(in crate::model) fn one_hot(&mut self, input: usize, span: Span) -> Typed {
        let Element::Class(k) = self.nodes[input].ty.element else {
            return Err(self.want_class(input, "one_hot"));
        };
        if !self.nodes[input].ty.shape.is_empty() {
            return self.later(span, "`one_hot` of an array of classes", "");
        }
        let shape = vec![Extent::Const(k)];
        let places = self.row("iota", Attributes::Shape(shape.clone()), &[], Unit::One, span)?;
        let class = self.row("expand", Attributes::Expand { shape, axes: Vec::new() }, &[input], Unit::One, span)?;
        let hit = self.row("equal", Attributes::None, &[places, class], Unit::One, span)?;
        self.row("real", Attributes::None, &[hit], Unit::One, span)
    }

    fn select(&mut self, inputs: &[usize], span: Span) -> Typed {
        self.want_truth(inputs[0], "select")?;
        let unit = self.same_unit("select", inputs[1], inputs[2], span)?;
        let (a, b) = self.same_shape("select", inputs[1], inputs[2], span)?;
        let (condition, a) = self.same_shape("select", inputs[0], a, span)?;
        let (a, b) = self.same_shape("select", a, b, span)?;
        self.row("select", Attributes::None, &[condition, a, b], unit, span)
    }

    /// Reduces over all axes.
    pub(in crate::model) fn reduce(&mut self, name: &str, input: usize, span: Span) -> Typed {
        if !matches!(name, "all" | "any") {
            self.want_number(input, name)?;
        }
        let rank = self.nodes[input].ty.shape.len();
        let unit = if name == "argmax" { Unit::One } else { self.nodes[input].unit };
        let alone = matches!(self.place, Place::Rule | Place::Optimiser);
        if rank == 0 && name != "argmax" && (name != "log_sum_exp" || alone) {
            return Ok(input);
        }
        let flat = if rank == 1 {
            input
        } else {
            let size: usize = self.nodes[input].ty.shape.iter().map(Extent::bound).product();
            self.row("reshape", Attributes::Shape(vec![Extent::Const(size)]), &[input], unit, span)?
        };
        self.row(name, Attributes::Axes(vec![0]), &[flat], unit, span)
    }

    fn elementwise(&mut self, name: &str, inputs: &[usize], span: Span) -> Typed {
        let keeps = matches!(name, "abs" | "negate" | "floor" | "ceil" | "round" | "maximum" | "minimum" | "mod");
        for &input in inputs {
            self.want_number(input, name)?;
            if !keeps && self.nodes[input].unit != Unit::One {
                let (unit, at) = (self.nodes[input].unit, self.nodes[input].span);
                return Err(self.fail(
                    Diagnostic::new(
                        Code::UNIT_MISMATCH,
                        format!("`{name}` wants a plain number, and this is in {unit}"),
                    )
                    .at(at, format!("in {unit}"))
                    .help(format!("divide by the unit first: `x / 1 {unit}`")),
                ));
            }
        }
        let mut unit = self.nodes[inputs[0]].unit;
        let mut inputs = inputs.to_vec();
        if let [a, b] = inputs[..] {
            unit = self.same_unit(name, a, b, span)?;
            let (a, b) = self.same_shape(name, a, b, span)?;
            inputs = vec![a, b];
        }
        self.row(name, Attributes::None, &inputs, if keeps { unit } else { Unit::One }, span)
    }

    /// `accuracy(validation)`: a metric or cost on a split that is named.
    fn measured(&mut self, expr: &Expr, meaning: Meaning<'_>, arguments: &[Argument]) -> Typed {
        let span = self.span(expr.span);
        let split = match arguments {
            [Argument { name: None, value: Expr { kind: ExprKind::Name(split), .. }, .. }]
                if matches!(split.as_str(), "train" | "validation" | "test") =>
            {
                split.text.clone()
            }
            _ => {
                return Err(self.fail(
                    Diagnostic::new(Code::WRONG_ARGUMENTS, "a split is named here")
                        .at(span, "not a split")
                        .help("train, validation or test: `accuracy(validation)`"),
                ));
            }
        };
        let leaf = match meaning {
            Meaning::Metric(id) => Leaf::Metric(MetricId(id), Some(split)),
            Meaning::Cost(id) => Leaf::Cost(CostId(id), Some(split)),
            _ => return Err(super::Said),
        };
        self.leaf(leaf, scalar(Element::Real), Unit::One, span)
    }
}

/// How many operands a callable row takes.
fn arity(row: &Row) -> usize {
    match row.kind {
        Kind::Map(Scalar::Apply(function)) => function.arity(),
        Kind::Map(Scalar::Select) => 3,
        Kind::Map(Scalar::Not | Scalar::Real) => 1,
        Kind::Map(_) => 2,
        _ => 1,
    }
}
