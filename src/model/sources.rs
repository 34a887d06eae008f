//! Datasets: the source that each `data` item names, and which of its samples.

use super::build::dataset;
use super::draft::{Draft, Meaning};
use super::selection::selected;
use super::typing::Said;
use super::{Data, DataId, Selection, Source};
use crate::data;
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Argument, DataClauseKind, DataKind, Expr, ExprKind, ItemKind, Unit};

/// Every `data` item, in order.
pub(super) fn declare(draft: &mut Draft<'_>, place: &data::Place) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Data(tree) = &item.kind else { continue };
        let made = match &tree.kind {
            DataKind::Block { from, clauses, fields } => {
                generated(draft, item.span, &tree.name, from.as_ref(), clauses, fields)
            }
            DataKind::Source { source, selections, clauses } => source_item(draft, place, item.span, tree, source)
                .and_then(|mut made| {
                    let said = clauses_of(draft, clauses, false);
                    prepare(draft, &mut made, clauses)?;
                    made.drop_last |= said.drop_last;
                    made.ordered |= said.ordered;
                    draft.data.push(Some(made));
                    let id = DataId(draft.data.len() - 1);
                    let own = selected(draft, id, selections);
                    let mut made = draft.data.pop().flatten().ok_or(Said)?;
                    made.selections.extend(own?);
                    Ok(made)
                }),
        };
        draft.data.push(made.ok());
    }
}

fn source_item(
    draft: &mut Draft<'_>,
    place: &data::Place,
    span: Span,
    tree: &tree::Data,
    source: &Expr,
) -> Result<Data, Said> {
    match &source.kind {
        ExprKind::Call { function, arguments } => {
            read_from(draft, place, span, &tree.name, source.span, function, arguments)
        }
        ExprKind::Name(name) => match draft.names.get(name.as_str()).map(|declared| declared.meaning) {
            Some(Meaning::Data(id)) => {
                let Some(base) = dataset(draft, DataId(id)) else {
                    if id >= draft.data.len() {
                        draft.say(
                            Diagnostic::new(
                                Code::USED_BEFORE,
                                format!("the data `{name}` is used before it is defined"),
                            )
                            .at(name.span, "used here")
                            .help(format!("move the line of `{name}` above this one")),
                        );
                    }
                    return Err(Said);
                };
                Ok(Data { name: tree.name.text.clone(), span, ..base.clone() })
            }
            Some(Meaning::Broken) => Err(Said),
            _ => read_from(draft, place, span, &tree.name, source.span, name, &[]),
        },
        _ => {
            draft.say(
                Diagnostic::new(Code::WRONG_KIND, "this is no source of data")
                    .at(source.span, "a source or other data is wanted here")
                    .help(format!("data {} = digits(batch = 32)", tree.name)),
            );
            Err(Said)
        }
    }
}

fn read_from(
    draft: &mut Draft<'_>,
    place: &data::Place,
    span: Span,
    name: &tree::Name,
    call_span: Span,
    function: &tree::Name,
    arguments: &[Argument],
) -> Result<Data, Said> {
    let source = match data::find(function.as_str(), function.span) {
        Ok(source) => source,
        Err(said) => {
            draft.say(said);
            return Err(Said);
        }
    };
    let arguments = arguments.iter().map(|argument| argument_of(draft, argument)).collect::<Result<Vec<_>, Said>>()?;
    let call = data::Call::bind(source, call_span, &arguments).and_then(|call| Ok((call.signature(place)?, call)));
    match call {
        Ok((signature, call)) => Ok(Data {
            name: name.text.clone(),
            signature,
            base: DataId(draft.data.len()),
            batch: call.batch(),
            source: Source::Call(call),
            drop_last: false,
            ordered: false,
            prepared: Vec::new(),
            selections: Vec::new(),
            span,
        }),
        Err(said) => {
            said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
            Err(Said)
        }
    }
}

/// An argument of a source as a value: a text, a number or per cent.
fn argument_of(draft: &mut Draft<'_>, argument: &Argument) -> Result<data::Argument, Said> {
    let value = match &argument.value.kind {
        ExprKind::Text(text) => data::Value::Text(text.clone()),
        ExprKind::Number(number) if matches!(number.unit, Some((Unit::Percent, _))) => {
            data::Value::Percent(number.value())
        }
        _ => match super::build::number(draft, &argument.value)? {
            (value, super::Unit::One) => data::Value::Number(value),
            (value, unit) => data::Value::Other(format!("{value} {unit}")),
        },
    };
    let name = argument.name.as_ref().map(|name| (name.text.to_string(), name.span));
    Ok(data::Argument { name, value, span: argument.span })
}

/// So many samples, or so many per cent of the training samples.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    Number(usize),
    Percent(f64),
}

impl Count {
    /// How many, given how many are for training.
    pub(super) fn of(self, train: usize) -> usize {
        match self {
            Count::Number(count) => count,
            Count::Percent(percent) => data::split::held_out(train, percent),
        }
    }
}

/// What the clauses of a `data` item say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clauses {
    drop_last: bool,
    ordered: bool,
    batch: Option<usize>,
    pub(super) samples: Option<usize>,
    /// Whether a clause has an error.
    pub(super) broken: bool,
    pub(super) test: Option<Count>,
    pub(super) validation: Option<Count>,
}

/// Clauses behind a comma, or in the `samples` line of a generated dataset.
fn clauses_of(draft: &mut Draft<'_>, clauses: &[tree::DataClause], generated: bool) -> Clauses {
    let mut said = Clauses::default();
    let before = draft.said.len();
    for clause in clauses {
        match &clause.kind {
            DataClauseKind::DropLast => said.drop_last = true,
            DataClauseKind::Ordered => said.ordered = true,
            DataClauseKind::Centred(_) | DataClauseKind::Standardised(_) => {}
            _ if !generated => {
                draft.later(clause.span, "this clause of `data`", "batch and validation are arguments of the source")
            }
            DataClauseKind::Batch(expr) => said.batch = whole_count(draft, expr),
            DataClauseKind::Samples(expr) => said.samples = whole_count(draft, expr),
            DataClauseKind::Test(expr) => said.test = count_of(draft, expr),
            DataClauseKind::Validation(expr) => said.validation = count_of(draft, expr),
        }
    }
    said.broken = draft.said.len() > before;
    said
}

/// A whole number from 1 on.
pub(super) fn whole_count(draft: &mut Draft<'_>, expr: &Expr) -> Option<usize> {
    match super::build::number(draft, expr).ok()? {
        (value, super::Unit::One) if value.fract() == 0.0 && (1.0..=4e9).contains(&value) => Some(value as usize),
        (value, unit) => {
            let what = if unit == super::Unit::One { value.to_string() } else { unit.phrase() };
            draft.say(
                Diagnostic::new(
                    Code::NOT_WHOLE,
                    format!("a whole number of samples is wanted here, and this is {what}"),
                )
                .at(expr.span, "no such number")
                .help("samples 4000, test 1000, batch 32"),
            );
            None
        }
    }
}

fn count_of(draft: &mut Draft<'_>, expr: &Expr) -> Option<Count> {
    match &expr.kind {
        ExprKind::Number(number) if matches!(number.unit, Some((Unit::Percent, _))) => {
            Some(Count::Percent(number.value()))
        }
        _ => whole_count(draft, expr).map(Count::Number),
    }
}

/// `data NAME { … }`.
fn generated<'a>(
    draft: &mut Draft<'a>,
    span: Span,
    name: &'a tree::Name,
    from: Option<&tree::Name>,
    clauses: &[tree::DataClause],
    fields: &'a [tree::BodyStatement],
) -> Result<Data, Said> {
    let said = clauses_of(draft, clauses, true);
    let id = DataId(draft.data.len());
    let mut batch = data::BATCH;
    let (signature, generated) = match from {
        None => super::generated::block(draft, id, name, span, fields, &said)?,
        Some(from) => {
            let from = named(draft, from)?;
            batch = dataset(draft, from).ok_or(Said)?.batch;
            super::derived::block(draft, id, from, span, fields, &said)?
        }
    };
    let mut made = Data {
        name: name.text.clone(),
        signature,
        source: Source::Generated(generated),
        base: id,
        batch: said.batch.unwrap_or(batch),
        drop_last: said.drop_last,
        ordered: said.ordered,
        prepared: Vec::new(),
        selections: Vec::new(),
        span,
    };
    prepare(draft, &mut made, clauses)?;
    Ok(made)
}

/// `centred`, `standardised(x)`: what is done to fields of numbers.
fn prepare(draft: &mut Draft<'_>, made: &mut Data, clauses: &[tree::DataClause]) -> Result<(), Said> {
    for clause in clauses {
        let (how, named) = match &clause.kind {
            DataClauseKind::Centred(named) => (data::Preparation::Centred, named),
            DataClauseKind::Standardised(named) => (data::Preparation::Standardised, named),
            _ => continue,
        };
        if made.base != DataId(draft.data.len()) {
            draft.later(
                clause.span,
                &format!("`{}` of data that is a part of other data", how.word()),
                "say it of the whole",
            );
            return Err(Said);
        }
        let mut fields: Vec<usize> = Vec::new();
        for named in named {
            fields.push(numeric(draft, made, named)?);
        }
        if named.is_empty() {
            fields = made.signature.numeric().collect();
        }
        for field in fields {
            made.signature.prepare(field);
            made.prepared.push((field, how));
        }
    }
    Ok(())
}

/// A field of numbers by its name.
fn numeric(draft: &mut Draft<'_>, made: &Data, named: &tree::DataField) -> Result<usize, Said> {
    let name = &named.field;
    let Some(field) = made.signature.position(name.as_str()) else {
        let said = made.signature.unknown_field(&made.name, name.as_str(), name.span, made.span);
        draft.say(said);
        return Err(Said);
    };
    if made.signature.numeric().any(|other| other == field) {
        return Ok(field);
    }
    let what = made.signature.fields[field].ty.to_string();
    draft.say(
        Diagnostic::new(Code::TYPE_MISMATCH, format!("`{name}` is {what}, and only numbers have a mean"))
            .at(name.span, what)
            .help("name fields of numbers, or none: then it is said of all of them"),
    );
    Err(Said)
}

/// The data of this name, which stand above.
fn named(draft: &mut Draft<'_>, name: &tree::Name) -> Result<DataId, Said> {
    let said = match draft.names.get(name.as_str()).map(|declared| declared.meaning) {
        Some(Meaning::Data(id)) if id < draft.data.len() => return Ok(DataId(id)),
        Some(Meaning::Data(_)) => {
            Diagnostic::new(Code::USED_BEFORE, format!("the data `{name}` is used before it is defined"))
                .at(name.span, "used here")
                .help(format!("move the line of `{name}` above this one"))
        }
        Some(Meaning::Broken) => return Err(Said),
        _ => Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no data `{name}`"))
            .at(name.span, "unknown data")
            .help(format!("data {name} = digits(batch = 32)")),
    };
    draft.say(said);
    Err(Said)
}

/// What a phase says of its data: `data world = world where label < 5`. Gives the dataset, and what it trains on.
pub(super) fn in_phase(draft: &mut Draft<'_>, tree: &tree::Data, span: Span) -> Result<(DataId, Vec<Selection>), Said> {
    let DataKind::Source { source, selections, clauses } = &tree.kind else {
        draft.later(span, "a generated dataset", "");
        return Err(Said);
    };
    let ExprKind::Name(name) = &source.kind else {
        draft.later(
            source.span,
            "another source in a phase",
            "define it as an item, and narrow it here: `data world = world where …`",
        );
        return Err(Said);
    };
    let (of, from) = (named(draft, &tree.name)?, named(draft, name)?);
    if let Some(clause) = clauses.first() {
        draft.later(clause.span, "a clause of data in a phase", "say it of the `data` item itself");
        return Err(Said);
    }
    let (Some(of_data), Some(from_data)) = (dataset(draft, of), dataset(draft, from)) else { return Err(Said) };
    if of_data.base != from_data.base {
        draft.later(
            source.span,
            "training a phase on another source",
            "select from the same data: `data world = world where …`",
        );
        return Err(Said);
    }
    let mut all = from_data.selections.clone();
    all.extend(selected(draft, from, selections)?);
    Ok((of, all))
}
