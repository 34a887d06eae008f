//! Generated datasets: the equations of the fields, computed by the tensor interpreter once for all samples. What is drawn
//! depends on the seed, the names of dataset and field, the split, and the sample's number in it.

use super::formula::{Batched, operation, widened};
use crate::bug;
use crate::data::{self, Column, Dataset, Element as FieldElement, Place, Rows, Split, Splits};
use crate::diag::{Code, Diagnostic, Span};
use crate::math::Stream;
use crate::model::formula::{Kind, Node};
use crate::model::{
    Const, ConstId, ConstValue, Data, DataId, Draw, Formula, Generated, GeneratedField, Leaf, Model, Source,
};
use crate::tensor::eval::{self, Array, Culprit};
use crate::tensor::{Builder, Element, Extent, Graph, Name, Type, Value};
use indexmap::IndexMap;

/// How many samples are computed together.
const CHUNK: usize = 2048;

/// The samples of a dataset, read or generated.
pub fn samples(model: &Model, data: &Data, place: &Place, seed: u64) -> Result<Dataset, Vec<Diagnostic>> {
    let mut set = match &data.source {
        Source::Call(call) => call.read(place, seed, &data.name)?,
        Source::Generated(generated) => {
            let from = match generated.from {
                Some(from) => Some(Origin::read(model, from, place, seed)?),
                None => None,
            };
            let made = constants(model, seed).and_then(|_| generate(model, data, generated, from.as_ref(), seed));
            made.map_err(|said| vec![said])?
        }
    };
    for (field, how) in &data.prepared {
        set.prepare(*field, *how, data.span).map_err(|said| vec![said])?;
    }
    Ok(set)
}

/// The samples of generated data with the equations that a phase sets, prepared as those of the item are.
pub fn other_samples(
    model: &Model,
    data: &Data,
    generated: &Generated,
    own: &Dataset,
    seed: u64,
) -> Result<Dataset, Vec<Diagnostic>> {
    let mut set = generate(model, data, generated, None, seed).map_err(|said| vec![said])?;
    for prepared in &own.prepared {
        let Some(field) = set.fields.iter().position(|field| field.name == prepared.field) else { continue };
        set.apply(field, prepared.clone()).map_err(|(row, value)| {
            let message = format!("`{}` comes to {value} in sample {row}, prepared as in training", prepared.field);
            let said = Diagnostic::new(Code::NOT_FINITE, message).at(data.span, "these data");
            vec![said.help("let the field that the phase sets stay in the range of the item's")]
        })?;
    }
    Ok(set)
}

/// The data of which others are made, and which of their rows.
struct Origin {
    id: DataId,
    set: Dataset,
    rows: Splits,
}

impl Origin {
    fn read(model: &Model, id: DataId, place: &Place, seed: u64) -> Result<Origin, Vec<Diagnostic>> {
        let selections = &model.data[id.0].selections;
        let set = samples(model, &model.data[model.data[id.0].base.0], place, seed)?;
        let rows = |split| super::select(model, selections, &set, split, seed).map_err(|said| vec![said]);
        let rows =
            Splits { train: rows(Split::Train)?, validation: rows(Split::Validation)?, test: rows(Split::Test)? };
        Ok(Origin { id, set, rows })
    }

    /// For some samples of a split, the row of each and that of another.
    fn pairs(&self, part: &Part<'_>) -> (Vec<u32>, Vec<u32>) {
        let rows = self.rows.get(part.split).as_slice();
        let stream = Stream::new(part.seed, &format!("data:{}.other:{}", part.data.name, part.split));
        let pair = |sample: usize| {
            let own = sample % rows.len();
            let others = rows.len() - 1;
            let drawn = ((stream.uniform(sample as u64) * others as f64) as usize).min(others.saturating_sub(1));
            let other = if others == 0 { own } else { drawn + usize::from(drawn >= own) };
            (rows[own], rows[other])
        };
        (part.start..part.start + part.count).map(pair).unzip()
    }
}

fn generate(
    model: &Model,
    data: &Data,
    generated: &Generated,
    from: Option<&Origin>,
    seed: u64,
) -> Result<Dataset, Diagnostic> {
    let fields = &generated.fields;
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); fields.len()];
    let counts = Split::ALL.map(|split| match from {
        None => data.signature.samples(split),
        Some(from) => match (from.rows.get(split).len(), split) {
            (0, _) => 0,
            // Fewer than the item could have, if its source is a part; more, if it says so.
            (there, Split::Train) if data.signature.train == model.data[from.id.0].signature.train => there,
            (_, Split::Train) => data.signature.train,
            (there, _) => there,
        },
    });
    for (split, all) in Split::ALL.into_iter().zip(counts) {
        let mut start = 0;
        while start < all {
            let count = CHUNK.min(all - start);
            let part = Part { model, data, generated, from, seed, split, start, count };
            for (column, values) in columns.iter_mut().zip(part.fields()?) {
                column.extend(values);
            }
            start += count;
        }
    }
    let [train, validation, test] = counts.map(|count| count as u32);
    let (held, total) = (train + validation, train + validation + test);
    let splits = Splits {
        train: Rows::new((0..train).collect()),
        validation: Rows::new((train..held).collect()),
        test: Rows::new((held..total).collect()),
    };
    let column = |(values, field): (Vec<f64>, &GeneratedField)| match field.ty.element {
        FieldElement::Class(_) => Column::Classes(values.into_iter().map(|value| value as i32).collect()),
        _ => Column::Reals(values),
    };
    let of = from.map_or(String::new(), |from| format!(" of the samples of `{}`", model.data[from.id.0].name));
    Ok(Dataset {
        source: "generated",
        fields: fields.iter().map(|field| data::Field { name: field.name.to_string(), ty: field.ty.clone() }).collect(),
        columns: columns.into_iter().zip(fields).map(column).collect(),
        splits,
        files: from.map_or(Vec::new(), |from| from.set.files.clone()),
        licence: from.and_then(|from| from.set.licence),
        notes: vec![format!("generated by the equations of `{}`{of}, by seed {seed}", data.name)],
        prepared: Vec::new(),
    })
}

/// The values of every fixed array, row-major: as written, or as its equation gives them with draws from the seed and its
/// name. One that is not finite is refused.
pub fn constants(model: &Model, seed: u64) -> Result<Vec<Vec<f64>>, Diagnostic> {
    let all = all_constants(model, model.consts.len(), seed);
    for (made, values) in model.consts.iter().zip(&all) {
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            let culprit = match &made.value {
                ConstValue::Written(_) => None,
                ConstValue::Equation(formula, draws) => {
                    let (graph, inputs) = equation(model, made, formula, draws, &all, seed);
                    eval::culprit(&graph, &inputs)
                }
            };
            return Err(not_finite(format!("`{}` holds {value}", made.name), culprit, made.span));
        }
    }
    Ok(all)
}

/// The values of one fixed array.
pub(super) fn constant(model: &Model, id: ConstId, seed: u64) -> Vec<f64> {
    all_constants(model, id.0 + 1, seed).swap_remove(id.0)
}

/// The first so many.
fn all_constants(model: &Model, count: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut known: Vec<Vec<f64>> = Vec::new();
    for made in &model.consts[..count] {
        let values = match &made.value {
            ConstValue::Written(values) => values.clone(),
            ConstValue::Equation(formula, draws) => computed(model, made, formula, draws, &known, seed),
        };
        known.push(values);
    }
    known
}

/// The equation of a fixed array, with the values of what it reads.
fn equation(
    model: &Model,
    made: &Const,
    formula: &Formula,
    draws: &[Draw],
    known: &[Vec<f64>],
    seed: u64,
) -> (Graph, Vec<Array>) {
    let shape: Vec<Extent> = made.shape.iter().map(|&n| Extent::Const(n)).collect();
    let cells = made.shape.iter().product::<usize>() as u64;
    let (mut b, mut inputs) = (Builder::new(), Vec::new());
    let value = formula.fold_value(|node, operands: Vec<Value>| {
        b.at(Some(node.span));
        let mut given = |b: &mut Builder, ty: Type, values: Vec<f64>| {
            inputs.push(Array::from_numbers(&ty, values));
            b.param(ty, None)
        };
        match &node.kind {
            Kind::Leaf(Leaf::Draw(number)) => {
                let stream = Stream::new(seed, &format!("const:{}#{number}", made.name));
                let values = (0..cells).map(|i| drawn(&stream, draws[*number], i)).collect();
                given(&mut b, reals(&made.shape), values)
            }
            Kind::Leaf(Leaf::Axis(axis)) => along(&mut b, *axis, &shape),
            Kind::Leaf(Leaf::Param(id)) => b.scalar(model.params[id.0].value),
            Kind::Leaf(Leaf::Const(id)) => given(&mut b, reals(&model.consts[id.0].shape), known[id.0].clone()),
            Kind::Leaf(leaf) => bug!("{leaf:?} in a fixed array"),
            Kind::Op(row, attributes, _) => b.row(row, attributes.clone(), &operands),
        }
    });
    (b.finish(&[value]), inputs)
}

fn computed(model: &Model, made: &Const, formula: &Formula, draws: &[Draw], known: &[Vec<f64>], seed: u64) -> Vec<f64> {
    let (graph, inputs) = equation(model, made, formula, draws, known, seed);
    match eval::graph(&graph, &inputs).as_deref() {
        Ok([values]) => values.numbers(),
        Ok(_) => bug!("a fixed array that is not one array"),
        Err(fault) => bug!("a fixed array cannot be computed: {fault}"),
    }
}

/// What is said of a value that is not finite: where it comes from if that is known, else the item.
fn not_finite(message: String, culprit: Option<Culprit>, item: Span) -> Diagnostic {
    let said = match culprit {
        Some(culprit) => {
            let sentence = culprit.sentence();
            Diagnostic::new(Code::NOT_FINITE, format!("{message}: {sentence}"))
                .at(culprit.span.unwrap_or(item), format!("{sentence}: the first number that is not finite"))
        }
        None => Diagnostic::new(Code::NOT_FINITE, message).at(item, "not a finite number"),
    };
    said.help("look for a division by zero, a logarithm of 0 or less, or an `exp` that grows too large")
}

fn drawn(stream: &Stream, from: Draw, index: u64) -> f64 {
    match from {
        Draw::Normal => stream.normal(index),
        Draw::Uniform => stream.uniform(index),
    }
}

/// The index along an axis, for each element of a shape.
fn along(b: &mut Builder, axis: usize, shape: &[Extent]) -> Value {
    let places = b.iota(shape[axis].clone());
    let places = b.real(places);
    b.expand(places, shape, &[axis])
}

/// Some samples of a split.
struct Part<'m> {
    model: &'m Model,
    data: &'m Data,
    generated: &'m Generated,
    from: Option<&'m Origin>,
    seed: u64,
    split: Split,
    start: usize,
    count: usize,
}

impl Part<'_> {
    /// The values of every field, in the order of the text.
    fn fields(&self) -> Result<Vec<Vec<f64>>, Diagnostic> {
        let mut known: Vec<Option<Vec<f64>>> = vec![None; self.generated.fields.len()];
        for &number in &self.generated.order {
            let values = self.field(number, &known);
            self.look(number, &values, &known)?;
            known[number] = Some(values);
        }
        Ok(known.into_iter().flatten().collect())
    }

    /// Refuses what is not finite, or no class of the field.
    fn look(&self, number: usize, values: &[f64], known: &[Option<Vec<f64>>]) -> Result<(), Diagnostic> {
        let field = &self.generated.fields[number];
        let each = field.ty.elements().max(1);
        let whose = |place: usize| {
            let sample = self.start + place / each;
            format!("sample {sample} of the {} split", self.split)
        };
        let name = &field.name;
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let message = format!("the field `{name}` comes to {}, in {}", values[place], whose(place));
            return Err(not_finite(message, self.culprit(number, known, place / each), field.span));
        }
        let FieldElement::Class(classes) = field.ty.element else { return Ok(()) };
        let is_class = |value: &f64| value.fract() == 0.0 && (0.0..classes as f64).contains(value);
        match values.iter().position(|value| !is_class(value)) {
            None => Ok(()),
            Some(place) => {
                let message =
                    format!("`{name}` is class[{classes}], and comes to {}, in {}", values[place], whose(place));
                Err(Diagnostic::new(Code::LABEL_OUT_OF_RANGE, message)
                    .at(field.span, format!("a whole number from 0 to {} is wanted", classes - 1))
                    .help("`floor(x)` makes a number whole; a condition is 0 or 1"))
            }
        }
    }

    /// The operation from which a field of one sample (of this part) comes that is not finite.
    fn culprit(&self, number: usize, known: &[Option<Vec<f64>>], sample: usize) -> Option<Culprit> {
        let one = Part { start: self.start + sample, count: 1, ..*self };
        let of_sample = |values: &Vec<f64>| {
            let each = values.len() / self.count;
            values[sample * each..(sample + 1) * each].to_vec()
        };
        let known: Vec<Option<Vec<f64>>> = known.iter().map(|values| values.as_ref().map(of_sample)).collect();
        let (graph, inputs) = one.graph(number, &known);
        eval::culprit(&graph, &inputs)
    }

    /// The graph of a field, with the values of what it reads.
    fn graph(&self, number: usize, known: &[Option<Vec<f64>>]) -> (Graph, Vec<Array>) {
        let field = &self.generated.fields[number];
        let pairs = self.from.map(|from| from.pairs(self)).unwrap_or_default();
        let mut writer =
            Writer { part: self, field, known, pairs, b: Builder::new(), inputs: Vec::new(), params: IndexMap::new() };
        let value = if field.over_time { writer.over_time() } else { writer.at_once() };
        (writer.b.finish(&[value]), writer.inputs)
    }

    /// One field: the value of its graph.
    fn field(&self, number: usize, known: &[Option<Vec<f64>>]) -> Vec<f64> {
        let (graph, inputs) = self.graph(number, known);
        match eval::graph(&graph, &inputs).as_deref() {
            Ok([values]) => values.numbers(),
            Ok(_) => bug!("a field that is not one array"),
            Err(fault) => bug!("a field cannot be computed: {fault}"),
        }
    }
}

/// Writes the graph of a field.
struct Writer<'p, 'm> {
    part: &'p Part<'m>,
    field: &'p GeneratedField,
    known: &'p [Option<Vec<f64>>],
    /// Of each sample, in data from other data: the row that it is of, and that of the other.
    pairs: (Vec<u32>, Vec<u32>),
    b: Builder,
    /// What the graph's parameters are.
    inputs: Vec<Array>,
    params: IndexMap<String, Value>,
}

/// The row of a field that is being read within a time step.
#[derive(Clone, Copy)]
struct Now<'v> {
    index: Value,
    /// The field's own values at earlier steps, the latest first.
    past: &'v [Value],
}

impl Writer<'_, '_> {
    fn extent(&self) -> Extent {
        Extent::Const(self.part.count)
    }

    /// A parameter of this name, made at first.
    fn param(&mut self, name: String, ty: Type, values: impl FnOnce() -> Vec<f64>) -> Value {
        if let Some(value) = self.params.get(&name) {
            return *value;
        }
        let value = self.b.param(ty.clone(), None);
        self.inputs.push(Array::from_numbers(&ty, values()));
        self.params.insert(name, value);
        value
    }

    /// The steps of a trial.
    fn steps(&self) -> usize {
        self.part.model.time.map_or(1, |time| time.steps)
    }

    /// A draw for every sample, element and step: `[samples, elements]`, or with the steps in front of both.
    fn draw(&mut self, number: usize) -> Value {
        let (part, field) = (self.part, self.field);
        let own: Vec<usize> = field.ty.shape[usize::from(field.over_time)..].to_vec();
        let (each, steps) = (own.iter().product::<usize>(), if field.over_time { self.steps() } else { 1 });
        let purpose = format!("data:{}.{}#{number}:{}", part.data.name, field.name, part.split);
        let (stream, kind) = (Stream::new(part.seed, &purpose), field.draws[number]);
        let value = |step: usize, sample: usize, element: usize| {
            let index = ((part.start + sample) * steps + step) * each + element;
            drawn(&stream, kind, index as u64)
        };
        let mut shape = if field.over_time { vec![steps] } else { Vec::new() };
        shape.push(part.count);
        shape.extend(own);
        let all = || {
            let places = (0..steps).flat_map(|step| (0..part.count).map(move |sample| (step, sample)));
            places
                .flat_map(|(step, sample)| (0..each).map(move |element| (step, sample, element)))
                .map(|(step, sample, element)| value(step, sample, element))
                .collect()
        };
        self.param(format!("draw {number}"), reals(&shape), all)
    }

    /// Another field, whole.
    fn whole(&mut self, name: &Name) -> Value {
        let fields = &self.part.generated.fields;
        let Some(place) = fields.iter().position(|field| field.name == *name) else { bug!("no field `{name}`") };
        let Some(values) = &self.known[place] else { bug!("`{name}` is read before it is computed") };
        let ty = crate::model::field_type(&fields[place].ty);
        let shape = std::iter::once(self.extent()).chain(ty.shape).collect();
        self.param(format!("field {name}"), Type { element: ty.element, shape }, || values.clone())
    }

    /// A field of the data of which these are made: of each sample's own row, or of the other's.
    fn of_origin(&mut self, from: &Origin, name: &Name, other: bool) -> Value {
        let Some(place) = from.set.fields.iter().position(|field| *field.name == **name) else {
            bug!("no field `{name}`")
        };
        let rows = if other { self.pairs.1.clone() } else { self.pairs.0.clone() };
        let field = &from.set.fields[place].ty;
        let ty = crate::model::field_type(field);
        let shape = std::iter::once(self.extent()).chain(ty.shape).collect();
        let ty = Type { element: ty.element, shape };
        let elements = field.elements();
        let values = || rows.iter().flat_map(|row| (0..elements).map(|i| from.set.value(place, *row, i))).collect();
        self.param(format!("origin {name} {other}"), ty, values)
    }

    /// What an equation reads; `now` if it is one over time.
    fn leaf(&mut self, leaf: &Leaf, now: Option<Now<'_>>) -> Batched {
        let value = match leaf {
            Leaf::Draw(number) => match now {
                None => self.draw(*number),
                Some(_) => {
                    let all = self.draw_again(*number);
                    self.b.sliced(all, 0)
                }
            },
            Leaf::Field(id, name) => match self.part.from {
                Some(from) if from.id == *id => self.of_origin(from, name, false),
                _ => self.whole(name),
            },
            Leaf::Other(_, name) => match self.part.from {
                Some(from) => self.of_origin(from, name, true),
                None => bug!("another sample of no data"),
            },
            Leaf::FieldNow(_, name, lag) => match now {
                Some(now) if *name == self.field.name => now.past[lag.unsigned_abs() as usize - 1],
                Some(_) => {
                    let rows = self.near(name, *lag);
                    self.b.sliced(rows, 0)
                }
                None => bug!("a time step outside of the steps"),
            },
            Leaf::Index => {
                let (start, count) = (self.part.start, self.part.count);
                self.param("index".to_string(), reals(&[count]), || (start..start + count).map(|i| i as f64).collect())
            }
            Leaf::Axis(axis) => return Batched { value: self.axis(*axis), batched: false },
            Leaf::Const(id) => return Batched { value: self.fixed(*id), batched: false },
            Leaf::Param(id) => {
                return Batched { value: self.b.scalar(self.part.model.params[id.0].value), batched: false };
            }
            Leaf::Time => match now {
                Some(now) => return Batched { value: self.b.real(now.index), batched: false },
                None => bug!("a time step outside of the steps"),
            },
            _ => bug!("{leaf:?} in generated data"),
        };
        Batched { value, batched: true }
    }

    /// The index along an axis of the field, for each of its elements.
    fn axis(&mut self, axis: usize) -> Value {
        let own = &self.field.ty.shape[usize::from(self.field.over_time)..];
        let own: Vec<Extent> = own.iter().map(|&n| Extent::Const(n)).collect();
        along(&mut self.b, axis, &own)
    }

    /// A fixed array.
    fn fixed(&mut self, id: ConstId) -> Value {
        let (model, seed) = (self.part.model, self.part.seed);
        let made = &model.consts[id.0];
        self.param(format!("const {}", made.name), reals(&made.shape), || constant(model, id, seed))
    }

    fn draw_again(&self, number: usize) -> Value {
        self.params[&format!("draw {number}")]
    }

    /// The rows of another field with the steps in front, moved so that row `t` is what step `t` reads.
    fn near(&mut self, name: &Name, lag: i64) -> Value {
        let key = format!("near {name} {lag}");
        if let Some(rows) = self.params.get(&key) {
            return *rows;
        }
        let whole = self.whole(name);
        let steps = self.steps();
        let rows = super::trial::moved(&mut self.b, whole, steps, lag);
        self.params.insert(key, rows);
        rows
    }

    /// A node of the field's equation.
    fn node(&mut self, node: &Node, operands: &[Batched], now: Option<Now<'_>>) -> Batched {
        self.b.at(Some(node.span));
        match &node.kind {
            Kind::Leaf(leaf) => self.leaf(leaf, now),
            Kind::Op(row, attributes, _) => {
                let extent = self.extent();
                operation(&mut self.b, row, attributes, operands, &extent)
            }
        }
    }

    /// The value of a field that is not over time.
    fn at_once(&mut self) -> Value {
        let field = self.field;
        let computed = field.formula.fold_value(|node, operands| self.node(node, &operands, None));
        let extent = self.extent();
        widened(&mut self.b, computed, &extent)
    }

    /// The values of a field over time, a loop over its steps, with the samples in front.
    fn over_time(&mut self) -> Value {
        let field = self.field;
        let mut deepest = 0;
        for (leaf, _) in field.formula.leaves() {
            match leaf {
                Leaf::Draw(number) => drop(self.draw(*number)),
                Leaf::FieldNow(_, name, lag) if *name == field.name => {
                    deepest = deepest.max(lag.unsigned_abs() as usize)
                }
                Leaf::FieldNow(_, name, lag) => drop(self.near(name, *lag)),
                Leaf::Field(_, name) => drop(self.whole(name)),
                Leaf::Index | Leaf::Const(_) => drop(self.leaf(leaf, None)),
                _ => {}
            }
        }
        let shape: Vec<usize> = std::iter::once(self.part.count).chain(field.ty.shape[1..].iter().copied()).collect();
        let zeros = self.b.zeros(&reals(&shape));
        let open = self.b.begin_loop(crate::tensor::build::Rounds::of(self.steps()), &vec![zeros; deepest]);
        let now = Now { index: open.index, past: &open.carries };
        let computed = field.formula.fold_value(|node, operands| self.node(node, &operands, Some(now)));
        let extent = self.extent();
        let value = widened(&mut self.b, computed, &extent);
        let past = open.carries.iter().copied();
        let carries = std::iter::once(value).chain(past).take(deepest).collect();
        let round = crate::tensor::build::Round { carries, records: vec![value], go: None };
        let looped = self.b.end_loop(open, round);
        let axes: Vec<usize> = [1, 0].into_iter().chain(2..shape.len() + 1).collect();
        self.b.permute(looped.records[0], &axes)
    }
}

/// An array of reals.
fn reals(shape: &[usize]) -> Type {
    Type { element: Element::Real, shape: shape.iter().map(|&n| Extent::Const(n)).collect() }
}
