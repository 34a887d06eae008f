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
/// The most cells of a table: they are held twice while it is read.
const MOST_CELLS: usize = 1 << 27;

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
    let class = call.text("target").map(|(name, _)| name).zip(call.whole("classes"));
    let one = |path: &str, span: Span| {
        let help = "files are named by a path relative to the spec, or an absolute one";
        let found = place.find(path).ok_or_else(|| place.missing(path, "file", span, help));
        found.and_then(|path| Reading::new(&path, span, class).table()).map_err(|fault| vec![fault])
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
    let (fields, columns) = fields(call, &train.names, &cells, target);
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
fn fields(call: &Call, names: &[String], cells: &[f64], target: Option<usize>) -> (Vec<Field>, Vec<Column>) {
    let width = names.len();
    let inputs: Vec<usize> = (0..width).filter(|column| Some(*column) != target).collect();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    if !inputs.is_empty() {
        fields.push(Field::new("x", Element::Real, vec![inputs.len()]));
        columns.push(Column::Reals(cells.chunks_exact(width).flat_map(|row| inputs.iter().map(|i| row[*i])).collect()));
    }
    for (number, name) in names.iter().enumerate().filter(|(_, name)| super::is_name(name) && *name != "x") {
        let values = cells.iter().skip(number).step_by(width).copied();
        let (element, column) = match call.whole("classes").filter(|_| Some(number) == target) {
            Some(classes) => (Element::Class(classes), Column::Classes(values.map(|value| value as i32).collect())),
            None => (Element::Real, Column::Reals(values.collect())),
        };
        fields.push(Field::new(name, element, Vec::new()));
        columns.push(column);
    }
    (fields, columns)
}

/// A table that is being read.
struct Reading<'r> {
    path: &'r Path,
    span: Span,
    /// The column that is a class, and how many classes there are.
    class: Option<(&'r str, usize)>,
    names: Vec<String>,
    cells: Vec<f64>,
    /// What is wrong with the first cell that is no number; the rest is looked at for empty cells alone.
    wrong: Option<Diagnostic>,
    /// Empty cells of each column.
    missing: Vec<u64>,
}

impl<'r> Reading<'r> {
    fn new(path: &'r Path, span: Span, class: Option<(&'r str, usize)>) -> Reading<'r> {
        let (names, cells, missing) = (Vec::new(), Vec::new(), Vec::new());
        Reading { path, span, class, names, cells, wrong: None, missing }
    }

    /// Reads it all: every cell a finite number, every row as long as the head.
    fn table(mut self) -> Result<Table, Diagnostic> {
        let (text, file) = Input::open(self.path, self.span)?.whole()?;
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(&text[..]);
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    let message = format!(", line {line}: found {error}; expected UTF-8 text");
                    let help = "save it as UTF-8, with commas between columns";
                    return Err(self.fault(Code::UNREADABLE_FILE, &message, "is no table", help));
                }
            }
            let line = record.position().map_or(0, csv::Position::line);
            if self.names.is_empty() { self.head(&record, line) } else { self.row(&record, line) }?;
        }
        if let Some(wrong) = self.wrong.take() {
            return Err(self.with_missing(wrong));
        }
        let rows = self.cells.len() / self.names.len().max(1);
        if rows == 0 || rows > i32::MAX as usize {
            let message = format!(": found {rows} rows below the names of the columns; expected at least one");
            let help = "a row below the head is a sample";
            return Err(self.fault(Code::NO_SAMPLES, &message, "a table without rows", help));
        }
        Ok(Table { names: self.names, cells: self.cells, file })
    }

    fn fault(&self, code: Code, message: &str, label: &str, help: &str) -> Diagnostic {
        Diagnostic::new(code, format!("`{}`{message}", self.path.display())).at(self.span, label).help(help)
    }

    /// The names of the columns.
    fn head(&mut self, record: &csv::StringRecord, line: u64) -> Result<(), Diagnostic> {
        if record.len() > MOST_COLUMNS {
            let message = format!(", line {line}: found {} columns; expected at most {MOST_COLUMNS}", record.len());
            return Err(self.fault(Code::TOO_LARGE, &message, "too many columns", "keep the columns that are needed"));
        }
        self.names = record.iter().map(str::to_string).collect();
        self.missing = vec![0; self.names.len()];
        let mut seen = HashSet::new();
        let Some(twice) = (0..self.names.len()).find(|i| !seen.insert(&self.names[*i])) else { return Ok(()) };
        let message = format!(
            ", line {line}, column {}: found the name `{}` again; expected every name once",
            twice + 1,
            self.names[twice]
        );
        Err(self.fault(Code::DUPLICATE_COLUMN, &message, "two columns of one name", "give one of them another name"))
    }

    /// The cells of a line.
    fn row(&mut self, record: &csv::StringRecord, line: u64) -> Result<(), Diagnostic> {
        if record.len() != self.names.len() {
            let message = format!(
                ", line {line}: found {}; expected {}, as in the first line",
                wording::counted(record.len(), "cell"),
                self.names.len()
            );
            let help = "give every row a cell for each column";
            return Err(self.fault(Code::RAGGED_TABLE, &message, "a row of another length", help));
        }
        if self.cells.len() + record.len() > MOST_CELLS || self.cells.try_reserve(record.len()).is_err() {
            let message = format!(
                ", line {line}: found more than {} cells; expected no more",
                wording::thousands((self.cells.len()) as u128)
            );
            let help = "keep the columns that are needed, or write it as an array: `npy` holds numbers in less memory";
            return Err(self.fault(Code::TOO_LARGE, &message, "too many cells", help));
        }
        for (column, cell) in record.iter().enumerate() {
            self.missing[column] += u64::from(cell.is_empty());
            if self.wrong.is_some() {
                continue;
            }
            match number(cell).and_then(|value| self.of_class(column, value)) {
                Ok(value) => self.cells.push(value),
                Err((code, expected)) => {
                    let found = if cell.is_empty() { "an empty cell".to_string() } else { format!("`{cell}`") };
                    let message = format!(
                        ", line {line}, column {} (`{}`): found {found}; expected {expected}",
                        column + 1,
                        self.names[column]
                    );
                    let (label, help) = match code {
                        Code::LABEL_OUT_OF_RANGE => {
                            ("no label of so many classes", "raise `classes`, or number the classes from 0")
                        }
                        _ => (
                            "a cell that is no such number",
                            "write a number there, or leave the row or the column out",
                        ),
                    };
                    self.wrong = Some(self.fault(code, &message, label, help));
                }
            }
        }
        Ok(())
    }

    /// A value of the target, if that is a class, must be one of them.
    fn of_class(&self, column: usize, value: f64) -> Result<f64, (Code, String)> {
        match self.class {
            Some((name, classes)) if name == self.names[column] => {
                if value.fract() == 0.0 && (0.0..classes as f64).contains(&value) {
                    return Ok(value);
                }
                Err((Code::LABEL_OUT_OF_RANGE, format!("a whole number from 0 to {}", classes - 1)))
            }
            _ => Ok(value),
        }
    }

    /// Says besides how many cells are empty, and in which columns.
    fn with_missing(&self, mut wrong: Diagnostic) -> Diagnostic {
        let columns = self.names.iter().zip(&self.missing).filter(|(_, count)| **count > 0);
        let columns: Vec<String> = columns.map(|(name, count)| format!("{count} in `{name}`")).collect();
        let all: u64 = self.missing.iter().sum();
        if all > 1 {
            let more = format!("; {all} cells are empty: {}", columns.join(", "));
            wrong.help.get_or_insert_with(String::new).push_str(&more);
        }
        wrong
    }
}

/// The number that a cell holds, or the code of what is wrong with it.
fn number(cell: &str) -> Result<f64, (Code, String)> {
    let wrong = |code: Code| (code, "a finite number".to_string());
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(wrong(Code::NOT_FINITE)),
        Err(_) => Err(wrong(Code::NOT_A_NUMBER)),
    }
}
