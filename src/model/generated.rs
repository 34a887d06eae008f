//! Generated datasets: `data task { samples 4000  x[20] = normal(0, 1)  label : class[2] = x[0] > 0 }`.

use super::draft::Draft;
use super::formula::Kind;
use super::sources::Clauses;
use super::typing::{Local, Place, Said, Typed, Typer, array, describe, scalar};
use super::{DataId, Draw, Generated, GeneratedField, Leaf, Unit};
use crate::data::{self, Element as FieldElement, FieldType, Signature};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Argument, BodyStatement, BodyStatementKind, Expr, ExprKind, Target};
use crate::tensor::{Attributes, Element, Extent, Name, Type};

/// A field's head: what is known before its equation is looked at.
struct Head<'a> {
    target: &'a Target,
    value: &'a Expr,
    ty: FieldType,
    over_time: bool,
    span: Span,
}

/// The block of a `data` item, with its signature. The item has this number.
pub(super) fn block<'a>(
    draft: &mut Draft<'a>,
    id: DataId,
    name: &'a tree::Name,
    span: Span,
    statements: &'a [BodyStatement],
    clauses: &Clauses,
) -> Result<(Signature, Generated), Said> {
    let mut heads: Vec<Head<'a>> = Vec::new();
    let mut bad = false;
    for statement in statements {
        match head(draft, statement, &heads) {
            Ok(head) => heads.push(head),
            Err(Said) => bad = true,
        }
    }
    if clauses.broken {
        return Err(Said);
    }
    let Some(train) = clauses.samples else {
        draft.say(
            Diagnostic::new(Code::NO_SAMPLES, format!("`{name}` does not say how many samples there are"))
                .at(span, "a generated dataset")
                .help("begin it with `samples 4000, test 1000`"),
        );
        return Err(Said);
    };
    if heads.is_empty() && !bad {
        draft.say(
            Diagnostic::new(Code::NO_SAMPLES, format!("`{name}` has no field"))
                .at(span, "a generated dataset")
                .help("x[20] = normal(0, 1)"),
        );
        bad = true;
    }
    let share = |count: Option<super::sources::Count>| count.map_or(0, |count| count.of(train));
    let (validation, test) = (share(clauses.validation), share(clauses.test));
    let fields = heads.iter().map(|head| data::Field { name: head.target.name.to_string(), ty: head.ty.clone() });
    let signature = Signature { fields: fields.collect(), train, validation, test };
    if signature.bytes() > 1 << 40 || signature.total() > u32::MAX as usize {
        draft.say(
            Diagnostic::new(Code::TOO_LARGE, format!("`{name}` would hold more than any memory does"))
                .at(span, format!("{} samples", signature.total()))
                .help("make the samples fewer, or their fields smaller"),
        );
        return Err(Said);
    }
    let mut made = Vec::new();
    for (number, head) in heads.iter().enumerate() {
        match equation(draft, id, &heads, number) {
            Ok((formula, draws)) => made.push(GeneratedField {
                name: head.target.name.text.clone(),
                ty: head.ty.clone(),
                over_time: head.over_time,
                formula,
                draws,
                set: false,
                span: head.span,
            }),
            Err(Said) => bad = true,
        }
    }
    if bad {
        return Err(Said);
    }
    let order = order(draft, id, &made)?;
    Ok((signature, Generated { fields: made, order, from: None }))
}

/// Name, shape and type of a field.
fn head<'a>(draft: &mut Draft<'_>, statement: &'a BodyStatement, before: &[Head<'a>]) -> Result<Head<'a>, Said> {
    let BodyStatementKind::Define { target, of_type, value } = &statement.kind else {
        draft.later(statement.span, "this statement of a generated dataset", "a field: `x[20] = normal(0, 1)`");
        return Err(Said);
    };
    if let Some(first) = before.iter().find(|head| head.target.name.text == target.name.text) {
        draft.say(
            Diagnostic::new(Code::DUPLICATE_NAME, format!("the field `{}` is defined twice", target.name))
                .at(target.name.span, "defined again here")
                .because(first.span, "first defined here")
                .help(format!("give one of them another name, such as `{}_2`", target.name)),
        );
        return Err(Said);
    }
    let time = |axis: &tree::Axis| {
        axis.name.is_none() && matches!(&axis.size.kind, ExprKind::Name(name) if name.as_str() == "t")
    };
    let over_time = target.axes.first().is_some_and(time) && !draft.names.contains_key("t");
    let mut shape = Vec::new();
    if over_time {
        shape.push(super::time::want(draft, target.axes[0].span, "a field over time")?.steps);
    }
    let axes = Target { axes: target.axes[usize::from(over_time)..].to_vec(), ..target.clone() };
    shape.extend(super::build::shape(draft, &axes).ok_or(Said)?);
    let element = match of_type {
        None => FieldElement::Real,
        Some(of) => class(draft, of)?,
    };
    let ty = FieldType { element, shape };
    Ok(Head { target, value, ty, over_time, span: statement.span })
}

/// `class[k]`.
pub(super) fn class(draft: &mut Draft<'_>, of: &tree::Type) -> Result<FieldElement, Said> {
    let usage = "label : class[2] = x[0] > 0";
    match (of.name.as_str(), &of.size) {
        ("class", Some(size)) => {
            let mut typer = Typer::new(draft, Place::Constant);
            let classes = typer.whole(size);
            let said = std::mem::take(&mut typer.said);
            said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
            match classes? {
                0 => {
                    draft.say(
                        Diagnostic::new(Code::NOT_WHOLE, "there is no class below 0").at(size.span, "zero").help(usage),
                    );
                    Err(Said)
                }
                classes => Ok(FieldElement::Class(classes)),
            }
        }
        _ => {
            draft.say(
                Diagnostic::new(Code::TYPE_MISMATCH, "a field is numbers, or of a class")
                    .at(of.span, "no type of a field")
                    .help(usage),
            );
            Err(Said)
        }
    }
}

/// The equation of a field, per sample and, over time, per step; and what it draws.
fn equation(
    draft: &mut Draft<'_>,
    id: DataId,
    heads: &[Head<'_>],
    number: usize,
) -> Result<(super::Formula, Vec<Draw>), Said> {
    let head = &heads[number];
    let locals: Vec<(Name, FieldType)> =
        heads.iter().map(|head| (head.target.name.text.clone(), head.ty.clone())).collect();
    let world = World { id, from: None, locals: &locals };
    world.equation(draft, head.target, head.value, &head.ty, head.over_time)
}

/// What an equation of a generated dataset can read.
pub(super) struct World<'w> {
    pub(super) id: DataId,
    pub(super) from: Option<DataId>,
    /// Its fields.
    pub(super) locals: &'w [(Name, FieldType)],
}

impl World<'_> {
    /// The typer of an equation for a field of this shape, whose named axes are those of `target`.
    pub(super) fn typer<'d, 'a>(
        &self,
        draft: &'d Draft<'a>,
        target: &Target,
        own: &[usize],
        over_time: bool,
    ) -> Typer<'d, 'a> {
        let mut typer = Typer::new(draft, Place::Generated(self.id, over_time));
        typer.drawn = Some(own.to_vec());
        typer.from = self.from;
        for (name, ty) in self.locals {
            typer
                .locals
                .push((name.clone(), Local::Leaf(Leaf::Field(self.id, name.clone()), field_type(ty), Unit::One)));
        }
        for (axis, named) in target.axes[usize::from(over_time)..].iter().enumerate() {
            if let Some(name) = &named.name {
                typer.locals.push((name.text.clone(), Local::Leaf(Leaf::Axis(axis), array(own), Unit::One)));
            }
        }
        typer
    }

    /// An equation for a field of this type.
    pub(super) fn equation(
        &self,
        draft: &mut Draft<'_>,
        target: &Target,
        value: &Expr,
        ty: &FieldType,
        over_time: bool,
    ) -> Result<(super::Formula, Vec<Draw>), Said> {
        let own = &ty.shape[usize::from(over_time)..];
        let mut typer = self.typer(draft, target, own, over_time);
        let root = typer.expr(value).and_then(|root| typer.field_value(root, own, ty.element, target));
        let draws = std::mem::take(&mut typer.draws);
        let (formula, said) = typer.finish(root);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        Ok((formula?, draws))
    }
}

/// A field's type as formulas read it.
pub fn field_type(ty: &FieldType) -> Type {
    let element = match ty.element {
        FieldElement::Byte { .. } | FieldElement::Real => Element::Real,
        FieldElement::Int => Element::Int,
        FieldElement::Class(k) => Element::Class(k),
    };
    Type { element, shape: ty.shape.iter().map(|&n| Extent::Const(n)).collect() }
}

/// An order in which each field comes after those that it reads; itself it reads at earlier steps alone.
pub(super) fn order(draft: &mut Draft<'_>, id: DataId, fields: &[GeneratedField]) -> Result<Vec<usize>, Said> {
    let reads = |field: &GeneratedField| -> Vec<(usize, i64, Span)> {
        let leaves = field.formula.leaves().filter_map(|(leaf, span)| match leaf {
            Leaf::Field(of, name) if *of == id => Some((name.clone(), i64::MAX, span)),
            Leaf::FieldNow(_, name, lag) => Some((name.clone(), *lag, span)),
            _ => None,
        });
        leaves.filter_map(|(name, lag, span)| Some((fields.iter().position(|f| f.name == name)?, lag, span))).collect()
    };
    let needs: Vec<Vec<(usize, i64, Span)>> = fields.iter().map(reads).collect();
    for (number, needs) in needs.iter().enumerate() {
        if let Some((.., span)) = needs.iter().find(|(other, lag, _)| *other == number && *lag >= 0) {
            let name = &fields[number].name;
            draft.say(
                Diagnostic::new(Code::CYCLE, format!("the field `{name}` reads itself before it is known"))
                    .at(*span, "not known yet")
                    .help(format!("over time it may read itself at earlier steps: `{name}[t - 1]`")),
            );
            return Err(Said);
        }
    }
    let mut order: Vec<usize> = Vec::new();
    while order.len() < fields.len() {
        let ready = (0..fields.len()).find(|number| {
            !order.contains(number) && needs[*number].iter().all(|(other, ..)| other == number || order.contains(other))
        });
        match ready {
            Some(number) => order.push(number),
            None => {
                let open = (0..fields.len()).find(|number| !order.contains(number)).unwrap_or(0);
                let at = needs[open]
                    .iter()
                    .find(|(other, ..)| !order.contains(other))
                    .map_or(fields[open].span, |need| need.2);
                draft.say(
                    Diagnostic::new(
                        Code::CYCLE,
                        format!("the field `{}` depends on itself by way of others", fields[open].name),
                    )
                    .at(at, "this field waits for it in turn")
                    .help("let each field read fields that do not read it"),
                );
                return Err(Said);
            }
        }
    }
    Ok(order)
}

impl Typer<'_, '_> {
    /// A draw of the shape in which they come here: the next number.
    pub(super) fn drawn(&mut self, kind: Draw, span: Span) -> Typed {
        let ty = self.drawn.as_deref().map_or_else(|| array(&[]), array);
        self.draws.push(kind);
        self.leaf(Leaf::Draw(self.draws.len() - 1), ty, Unit::One, span)
    }

    /// `normal(mean, sd)`, `uniform(a, b)`, `bernoulli(p)`, `pick(k)`: anew for every sample, element and step.
    pub(super) fn draw(&mut self, function: &tree::Name, arguments: &[Argument], span: Span) -> Typed {
        let name = function.as_str();
        if self.drawn.is_none() {
            let example = "region V1[64] = relu(drive) * bernoulli(0.5)";
            return Err(self.not_here(function, "a region's equation, generated data and a `const`", example));
        }
        let wanted = if matches!(name, "normal" | "uniform") { 2 } else { 1 };
        if arguments.len() != wanted || arguments.iter().any(|argument| argument.name.is_some()) {
            let usage = match name {
                "normal" => "normal(mean, sd)",
                "uniform" => "uniform(from, to)",
                "bernoulli" => "bernoulli(probability)",
                _ => "pick(how_many)",
            };
            let said = Diagnostic::new(Code::WRONG_ARGUMENTS, format!("`{name}` does not take these arguments"));
            let said = said.at(span, "wrong arguments").help(format!("write it as `{usage}`"));
            return Err(self.fail(said));
        }
        let inputs: Vec<Typed> = arguments.iter().map(|argument| self.expr(&argument.value)).collect();
        let inputs = inputs.into_iter().collect::<Result<Vec<usize>, Said>>()?;
        self.possible(name, &inputs)?;
        let kind = if name == "normal" { Draw::Normal } else { Draw::Uniform };
        let draw = self.drawn(kind, span)?;
        match name {
            "normal" => {
                let spread = self.operation("*", inputs[1], draw, span)?;
                self.operation("+", inputs[0], spread, span)
            }
            "uniform" => {
                let length = self.operation("-", inputs[1], inputs[0], span)?;
                let part = self.operation("*", length, draw, span)?;
                self.operation("+", inputs[0], part, span)
            }
            "bernoulli" => {
                let hit = self.operation("<", draw, inputs[0], span)?;
                self.row("real", Attributes::None, &[hit], Unit::One, span)
            }
            _ => {
                let scaled = self.operation("*", inputs[0], draw, span)?;
                self.row("floor", Attributes::None, &[scaled], Unit::One, span)
            }
        }
    }

    /// Refuses what is known to be no probability, no number of things and no spread.
    fn possible(&mut self, name: &str, inputs: &[usize]) -> Result<(), Said> {
        let (wrong, what): (fn(f64) -> bool, &str) = match name {
            "normal" => (|sd| sd < 0.0, "a spread is not below 0"),
            "bernoulli" => (|p| !(0.0..=1.0).contains(&p), "a probability lies between 0 and 1"),
            "pick" => (|k| k < 1.0 || k.fract() != 0.0, "it picks one of a whole number of things"),
            _ => return Ok(()),
        };
        let Some(last) = inputs.last() else { return Ok(()) };
        let Some(value) = self.constant(*last).filter(|value| wrong(*value)) else { return Ok(()) };
        let said = Diagnostic::new(Code::WRONG_ARGUMENTS, format!("`{name}` is given {value}: {what}"))
            .at(self.nodes[*last].span, format!("this is {value}"))
            .help(match name {
                "normal" => "normal(0, 1)",
                "bernoulli" => "bernoulli(0.5)",
                _ => "pick(10)",
            });
        Err(self.fail(said))
    }

    /// An operator between two nodes.
    pub(super) fn operation(&mut self, symbol: &str, left: usize, right: usize, span: Span) -> Typed {
        self.want_number(left, symbol)?;
        self.want_number(right, symbol)?;
        let (left, right) = self.same_shape(symbol, left, right, span)?;
        let row = match symbol {
            "*" => "multiply",
            "+" => "add",
            "-" => "subtract",
            _ => "less",
        };
        self.row(row, Attributes::None, &[left, right], Unit::One, span)
    }

    /// The value of a field: numbers in its shape (or one, which is repeated); for a class also truth.
    pub(super) fn field_value(
        &mut self,
        root: usize,
        shape: &[usize],
        element: FieldElement,
        target: &Target,
    ) -> Typed {
        let (found, span) = (self.nodes[root].ty.clone(), self.nodes[root].span);
        let class = matches!(element, FieldElement::Class(_));
        let root = match found.element {
            Element::Real => root,
            Element::Bool | Element::Class(_) | Element::Int if class => {
                self.row("real", Attributes::None, &[root], Unit::One, span)?
            }
            Element::Bool => self.row("real", Attributes::None, &[root], Unit::One, span)?,
            _ => {
                let what = describe(&found);
                let said = Diagnostic::new(
                    Code::TYPE_MISMATCH,
                    format!("the field `{}` is numbers, and this is {what}", target.name),
                )
                .at(span, what)
                .help("say of what class it is (`label : class[2] = …`), or make a number of it: `number(x)`");
                return Err(self.fail(said));
            }
        };
        let wanted = array(shape).shape;
        let found = &self.nodes[root].ty.shape;
        if *found == wanted {
            return Ok(root);
        }
        if found.iter().all(|extent| *extent == Extent::Const(1)) {
            return if wanted.is_empty() {
                self.row("reshape", Attributes::Shape(Vec::new()), &[root], Unit::One, span)
            } else {
                self.widen(root, &wanted)
            };
        }
        let (found, wanted) = (describe(&self.nodes[root].ty), describe(&array(shape)));
        let said = Diagnostic::new(
            Code::SHAPE_MISMATCH,
            format!("`{}` is {wanted}, and its equation gives {found}", target.name),
        )
        .at(span, found)
        .because(target.span, wanted)
        .help("give both the same shape");
        Err(self.fail(said))
    }

    /// `index`: the number of the sample in its split.
    pub(super) fn sample_index(&mut self, name: &tree::Name, span: Span) -> Typed {
        if !matches!(self.place, Place::Generated(..)) {
            return Err(self.not_here(name, "generated data", "data d { samples 100  x = index }"));
        }
        self.leaf(Leaf::Index, scalar(Element::Real), Unit::One, span)
    }
}

impl Kind {
    /// The field that a leaf reads whole, if it is one.
    pub(super) fn field(&self) -> Option<(DataId, crate::tensor::Name)> {
        match self {
            Kind::Leaf(Leaf::Field(data, name)) => Some((*data, name.clone())),
            _ => None,
        }
    }
}
