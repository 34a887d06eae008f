//! Diagnostics as text (drawn by miette) and as JSON.

use super::{Diagnostic, FileId, Severity, Sources};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;
use std::fmt;

/// How text is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Plain, 100 columns wide: for files, pipes and tests.
    Plain,
    /// With colours.
    Colour,
}

/// One diagnostic as miette sees it: the labels of one file.
#[derive(Debug)]
struct View {
    code: String,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
    related: Vec<View>,
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for View {}

impl miette::Diagnostic for View {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(&self.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|view| view as &dyn miette::Diagnostic)))
    }
}

/// A diagnostic as text, with the lines of the sources that it points at.
pub fn text(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let theme = match style {
        Style::Plain => GraphicalTheme::unicode_nocolor(),
        Style::Colour => GraphicalTheme::unicode(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).without_syntax_highlighting();
    let mut drawn = String::new();
    match handler.render_report(&mut drawn, &view(diagnostic, sources)) {
        Ok(()) => drawn,
        Err(_) => format!("{}: {}: {}\n", diagnostic.severity, diagnostic.code, diagnostic.message),
    }
}

fn view(diagnostic: &Diagnostic, sources: &Sources) -> View {
    let severity = match diagnostic.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Note => miette::Severity::Advice,
    };
    let mut files: Vec<FileId> = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let in_file = |file: FileId| {
        let labels = diagnostic.labels.iter().filter(|label| label.span.file == file);
        let labels = labels.map(|label| {
            let range = label.span.start as usize..label.span.end as usize;
            match label.primary {
                true => LabeledSpan::new_primary_with_span(Some(label.text.clone()), range),
                false => LabeledSpan::new_with_span(Some(label.text.clone()), range),
            }
        });
        let name = sources.path(file).display().to_string();
        (NamedSource::new(name, sources.text(file).to_string()), labels.collect::<Vec<_>>())
    };
    let mut parts = files.into_iter().map(in_file);
    let (source, labels) = parts.next().unwrap_or_else(|| (NamedSource::new("", String::new()), Vec::new()));
    let related = parts
        .map(|(source, labels)| View {
            code: String::new(),
            severity: miette::Severity::Advice,
            message: "the other side".to_string(),
            help: None,
            source,
            labels,
            related: Vec::new(),
        })
        .collect();
    let code = format!("{} {}", diagnostic.code, diagnostic.code.name());
    View { code, severity, message: diagnostic.message.clone(), help: diagnostic.help.clone(), source, labels, related }
}

/// A diagnostic as scripts read it.
#[derive(Debug, Serialize)]
struct Record<'a> {
    code: &'a str,
    name: &'a str,
    severity: String,
    message: &'a str,
    spans: Vec<Place<'a>>,
    help: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    file: String,
    line: usize,
    column: usize,
    length: usize,
    label: &'a str,
    primary: bool,
}

/// A diagnostic as one JSON object on one line.
pub fn json(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let spans = diagnostic.labels.iter().map(|label| {
        let (line, column) = sources.position(label.span.file, label.span.start);
        Place {
            file: sources.path(label.span.file).display().to_string(),
            line,
            column,
            length: sources.slice(label.span).chars().count(),
            label: &label.text,
            primary: label.primary,
        }
    });
    let record = Record {
        code: diagnostic.code.0,
        name: diagnostic.code.name(),
        severity: diagnostic.severity.to_string(),
        message: &diagnostic.message,
        spans: spans.collect(),
        help: diagnostic.help.as_deref(),
    };
    match serde_json::to_string(&record) {
        Ok(line) => line,
        Err(error) => crate::bug!("a diagnostic cannot be written as JSON: {error}"),
    }
}
