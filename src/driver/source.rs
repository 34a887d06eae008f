//! A source of data that is named outside of a spec: as a spec would write it, or by a path.

use crate::data::{self, Argument, Call, Value};
use crate::diag::{Code, Diagnostic, Sources, Span};
use crate::syntax;
use crate::syntax::tree::{self, DataKind, ExprKind, ItemKind, Unit};
use std::path::Path;

/// The call that a text means: `idx(images = "new-images.gz")`, a source without arguments (`digits`), or a path.
pub fn source(sources: &mut Sources, text: &str) -> Result<Call, Vec<Diagnostic>> {
    let text = text.trim();
    if text.contains('(') && !Path::new(text).exists() {
        return written(sources, text);
    }
    let file = sources.add("<command line>", text);
    let span = Span { file, start: 0, end: text.len() as u32 };
    if let Some(source) = data::ALL.iter().find(|source| source.name == text) {
        return Call::bind(source, span, &[]);
    }
    let name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if text.chars().all(name) && !Path::new(text).exists() {
        return Err(data::find(text, span).err().into_iter().collect());
    }
    let (name, parameter) = kind(text).ok_or_else(|| {
        let said = Diagnostic::new(Code::UNKNOWN_SOURCE, format!("what `{text}` holds does not follow from its name"))
            .at(span, "neither a folder nor a file of a known kind")
            .help(format!("say how it is to be read, as a spec does: 'idx(images = \"{text}\")'"));
        vec![said]
    })?;
    let source = data::find(name, span).map_err(|said| vec![said])?;
    let name = parameter.map(|name| (name.to_string(), span));
    Call::bind(source, span, &[Argument { name, value: Value::Text(text.to_string()), span }])
}

/// The source that reads a path, and the parameter that takes it; none: the one without a name.
fn kind(path: &str) -> Option<(&'static str, Option<&'static str>)> {
    if Path::new(path).is_dir() {
        return Some(("idx", None));
    }
    let name = Path::new(path).file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or("");
    match ending {
        "csv" => Some(("csv", None)),
        "npy" => Some(("npy", None)),
        "npz" => Some(("npz", None)),
        _ if name.contains("idx") => Some(("idx", Some("images"))),
        _ => None,
    }
}

/// A call as a spec writes it.
fn written(sources: &mut Sources, text: &str) -> Result<Call, Vec<Diagnostic>> {
    let file = sources.add("<command line>", format!("data other = {text}"));
    let (ast, said) = syntax::parse(sources, file);
    if !said.is_empty() {
        return Err(said);
    }
    let all = Span { file, start: 0, end: sources.text(file).len() as u32 };
    let no_call = || {
        let help = "write one call of a source: 'idx(images = \"new-images.gz\")'";
        vec![
            Diagnostic::new(Code::WRONG_KIND, "this is no source of data")
                .at(all, "a source is wanted here")
                .help(help),
        ]
    };
    let [item] = &ast.items[..] else { return Err(no_call()) };
    let ItemKind::Data(tree::Data { kind: DataKind::Source { source, selections, clauses }, .. }) = &item.kind else {
        return Err(no_call());
    };
    let ExprKind::Call { function, arguments } = &source.kind else { return Err(no_call()) };
    if !selections.is_empty() || !clauses.is_empty() {
        return Err(no_call());
    }
    let found = data::find(function.as_str(), function.span).map_err(|said| vec![said])?;
    let arguments: Vec<Argument> = arguments.iter().map(|given| argument(sources, given)).collect();
    Call::bind(found, source.span, &arguments)
}

fn argument(sources: &Sources, given: &tree::Argument) -> Argument {
    let value = match &given.value.kind {
        ExprKind::Text(text) => Value::Text(text.clone()),
        ExprKind::Number(number) => match &number.unit {
            None => Value::Number(number.value()),
            Some((Unit::Percent, _)) => Value::Percent(number.value()),
            Some(_) => Value::Other("a number with a unit".to_string()),
        },
        _ => {
            let Span { file, start, end } = given.value.span;
            Value::Other(format!("`{}`", sources.text(file).get(start as usize..end as usize).unwrap_or("")))
        }
    };
    let name = given.name.as_ref().map(|name| (name.text.to_string(), name.span));
    Argument { name, value, span: given.span }
}
