//! `csv`: a table of numbers with a line of names at its head, plain or gzip.

use super::input::Input;
use super::{
    Call, Column, Dataset, Element, Field, Kind, Outcome, Parameter, Place, Rows, Source, SourceFile, Splits, wording,
};
use crate::diag::{Code, Diagnostic, Span};
use std::collections::HashSet;
use std::path::Path;

pub(super) const SOURCE: Source = Source {
    name: "csv",
    about: "a table of numbers, a column for each name in its first line",
    example: "csv(\"houses.csv\", target = \"price\", test = 20 %)",
    parameters: &[
        Parameter { name: "file", kind: Kind::Path, default: None, unnamed: true, about: "the table to train on" },
        Parameter {
            name: "target",
            kind: Kind::Name,
            default: None,
            unnamed: false,
            about: "the column that is to be told from the others; it is no part of `x`",
        },
        Parameter {
            name: "classes",
            kind: Kind::Whole(2, i32::MAX as usize),
            default: None,
            unnamed: false,
            about: "the target is a class: a whole number below this",
        },
        Parameter {
            name: "test",
            kind: Kind::PathOrPercent,
            default: None,
            unnamed: false,
            about: "a table of the same columns for the test, or how many per cent of the rows, drawn from the seed",
        },
    ],
    signature: |call, place| read(call, place).map(|set| set.signature()),
    read,
};

/// The most columns of a table.
const MOST_COLUMNS: usize = 1 << 14;

/// A table, row-major.
struct Table {
    names: Vec<String>,
    cells: Vec<f64>,
    file: SourceFile,
}

impl Table {
    fn rows(&self) -> usize {
        self.cells.len() / self.names.len().max(1)
    }
}

fn read(call: &Call, place: &Place) -> Outcome<Dataset> {
    let Some((path, span)) = call.text("file") else {
        return Err(vec![
            Diagnostic::new(Code::SOURCE_ARGUMENT, "`csv` wants the path of a table")
                .at(call.span, "which file?")
                .help(format!("data d = {}", SOURCE.example)),
        ]);
    };
    let one = |path: &str, span: Span| {
        let help = "files are named by a path relative to the spec, or an absolute one";
        let found = place.find(path).ok_or_else(|| place.missing(path, "file", span, help));
        found.and_then(|path| table(&path, span)).map_err(|fault| vec![fault])
    };
    let train = one(path, span)?;
    let test = call.text("test").map(|(path, span)| one(path, span).map(|table| (table, span))).transpose()?;
    if let Some((test, span)) = &test
        && test.names != train.names
    {
        return Err(vec![columns_differ(&train, test, *span)]);
    }
    let target = target(call, &train)?;
    let rows = train.rows();
    let mut cells = train.cells;
    let mut files = vec![train.file];
    if let Some((test, _)) = test {
        cells.extend(test.cells);
        files.push(test.file);
    }
    let (fields, columns) = fields(call, &train.names, &cells, target).map_err(|fault| vec![fault])?;
    let all = (cells.len() / train.names.len()) as u32;
    let part = |range: std::ops::Range<u32>| Rows::new(range.collect());
    let splits = Splits { train: part(0..rows as u32), validation: Rows::default(), test: part(rows as u32..all) };
    let inputs = (0..train.names.len()).filter(|column| Some(*column) != target).map(|column| &*train.names[column]);
    let notes = vec![format!("`x` holds {}, in this order", wording::list(inputs))];
    Ok(Dataset { source: SOURCE.name, fields, columns, splits, files, licence: None, notes, prepared: Vec::new() })
}

/// The number of the target's column.
fn target(call: &Call, table: &Table) -> Outcome<Option<usize>> {
    let Some((name, span)) = call.text("target") else { return Ok(None) };
    if let Some(place) = table.names.iter().position(|known| known == name) {
        return Ok(Some(place));
    }
    let names = || table.names.iter().map(String::as_str);
    let help = match wording::nearest(name, names()) {
        Some(near) => format!("did you mean `target = \"{near}\"`?"),
        None => format!("its columns are {}", wording::list(names())),
    };
    let message =
        format!("`{}`: found no column `{name}`; expected one of {}", table.file.path, wording::list(names()));
    Err(vec![Diagnostic::new(Code::MISSING_COLUMN, message).at(span, "no such column").help(help)])
}

fn columns_differ(train: &Table, test: &Table, span: Span) -> Diagnostic {
    let list = |table: &Table| wording::list(table.names.iter().map(String::as_str));
    let message = format!(
        "`{}`: found the columns {}; expected those of `{}`, {}",
        test.file.path,
        list(test),
        train.file.path,
        list(train)
    );
    Diagnostic::new(Code::SHAPES_DIFFER, message)
        .at(span, "other columns")
        .help("give both tables the same columns in the same order")
}

/// `x`, then a field for each column whose name can stand in a spec.
fn fields(
    call: &Call,
    names: &[String],
    cells: &[f64],
    target: Option<usize>,
) -> Result<(Vec<Field>, Vec<Column>), Diagnostic> {
    let width = names.len();
    let inputs: Vec<usize> = (0..width).filter(|column| Some(*column) != target).collect();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    if !inputs.is_empty() {
        fields.push(Field::new("x", Element::Real, vec![inputs.len()]));
        columns.push(Column::Reals(cells.chunks_exact(width).flat_map(|row| inputs.iter().map(|i| row[*i])).collect()));
    }
    for (number, name) in names.iter().enumerate().filter(|(_, name)| super::is_name(name) && *name != "x") {
        let values = cells.iter().skip(number).step_by(width).copied();
        match call.whole("classes").filter(|_| Some(number) == target) {
            Some(classes) => {
                fields.push(Field::new(name, Element::Class(classes), Vec::new()));
                columns.push(Column::Classes(labels(call, name, values, classes)?));
            }
            None => {
                fields.push(Field::new(name, Element::Real, Vec::new()));
                columns.push(Column::Reals(values.collect()));
            }
        }
    }
    Ok((fields, columns))
}

fn labels(call: &Call, name: &str, values: impl Iterator<Item = f64>, classes: usize) -> Result<Vec<i32>, Diagnostic> {
    let label = |(row, value): (usize, f64)| {
        if value.fract() == 0.0 && (0.0..classes as f64).contains(&value) {
            return Ok(value as i32);
        }
        let path = call.text("file").map_or("", |(path, _)| path);
        let message = format!(
            "`{path}`: found {value} in column `{name}` of row {row}; expected a whole number from 0 to {}",
            classes - 1
        );
        Err(Diagnostic::new(Code::LABEL_OUT_OF_RANGE, message)
            .at(call.span, "no label of so many classes")
            .help("raise `classes`, or number the classes from 0"))
    };
    values.enumerate().map(label).collect()
}

/// Reads a table: every cell a finite number, every row as long as the head.
fn table(path: &Path, span: Span) -> Result<Table, Diagnostic> {
    let (text, file) = Input::open(path, span)?.whole()?;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(&text[..]);
    let shown = path.display();
    let fault = |code: Code, message: String, label: &str, help: &str| {
        Diagnostic::new(code, format!("`{shown}`{message}")).at(span, label).help(help)
    };
    let mut names: Vec<String> = Vec::new();
    let mut cells = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let message = format!(", line {line}: found {error}; expected UTF-8 text");
                return Err(fault(
                    Code::UNREADABLE_FILE,
                    message,
                    "is no table",
                    "save it as UTF-8, with commas between columns",
                ));
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if names.is_empty() {
            names = record.iter().map(str::to_string).collect();
            if names.len() > MOST_COLUMNS {
                let message = format!(", line {line}: found {} columns; expected at most {MOST_COLUMNS}", names.len());
                return Err(fault(Code::TOO_LARGE, message, "too many columns", "keep the columns that are needed"));
            }
            let mut seen = HashSet::new();
            if let Some(twice) = (0..names.len()).find(|i| !seen.insert(&names[*i])) {
                let message = format!(
                    ", line {line}, column {}: found the name `{}` again; expected every name once",
                    twice + 1,
                    names[twice]
                );
                return Err(fault(
                    Code::DUPLICATE_COLUMN,
                    message,
                    "two columns of one name",
                    "give one of them another name",
                ));
            }
            continue;
        }
        if record.len() != names.len() {
            let message = format!(
                ", line {line}: found {}; expected {}, as in the first line",
                wording::counted(record.len(), "cell"),
                names.len()
            );
            return Err(fault(
                Code::RAGGED_TABLE,
                message,
                "a row of another length",
                "give every row a cell for each column",
            ));
        }
        for (column, cell) in record.iter().enumerate() {
            cells.push(number(cell).map_err(|code| {
                let message = format!(
                    ", line {line}, column {} (`{}`): found `{cell}`; expected a finite number",
                    column + 1,
                    names[column]
                );
                fault(
                    code,
                    message,
                    "a cell that is no such number",
                    "write a number there, or leave the row or the column out",
                )
            })?);
        }
    }
    let rows = cells.len() / names.len().max(1);
    if rows == 0 || rows > i32::MAX as usize {
        let message = format!(": found {rows} rows below the names of the columns; expected at least one");
        return Err(fault(Code::NO_SAMPLES, message, "a table without rows", "a row below the head is a sample"));
    }
    Ok(Table { names, cells, file })
}

/// The number that a cell holds, or the code of what is wrong with it.
fn number(cell: &str) -> Result<f64, Code> {
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(Code::NOT_FINITE),
        Err(_) => Err(Code::NOT_A_NUMBER),
    }
}
