//! The stages in a row, each a value with one method that gives the next, so that none can be skipped:
//! text, [`Parsed`], [`Checked`], [`Planned`], [`Lowered`], [`Compiled`].

pub mod imports;
mod memory;
pub mod record;
mod required;
mod source;

pub use memory::memory;
pub use source::source;

use crate::codegen::{Code, Unsupported};
use crate::diag::{Diagnostic, Sources};
use crate::loops::lower::{Layouts, NotYet, lower};
use crate::math::Precision;
use crate::model::{Model, Options};
use crate::syntax::tree::Ast;
use crate::{credit, data, loops, syntax, tensor};
use std::path::Path;

/// The largest spec that is read, in bytes.
pub const LARGEST_SPEC: u64 = 16 << 20;

/// A spec, its imports and the library files that they name, as trees.
pub struct Parsed {
    /// The user's files first.
    pub files: Vec<Ast>,
    /// How many are the user's.
    pub own: usize,
    /// What was said so far.
    pub said: Vec<Diagnostic>,
    place: data::Place,
}

/// Reads a spec and everything that it names. A spec that cannot be read at all is an error of the world.
pub fn parse(sources: &mut Sources, path: &Path) -> std::io::Result<Parsed> {
    parse_with(sources, path, &imports::read)
}

/// The same for a text that is in memory; `path` says where it would lie.
pub fn parse_text(sources: &mut Sources, path: &Path, text: &str) -> Parsed {
    parsed(sources, path, text, &imports::read)
}

/// The same with another way to have the text of a file.
pub fn parse_with(sources: &mut Sources, path: &Path, read: imports::Read<'_>) -> std::io::Result<Parsed> {
    let text = read(path)?;
    Ok(parsed(sources, path, &text, read))
}

fn parsed(sources: &mut Sources, path: &Path, text: &str, read: imports::Read<'_>) -> Parsed {
    let mut said = Vec::new();
    let mut files = imports::own_files(sources, path, text, read, &mut said);
    let own = files.len();
    imports::library(sources, &mut files, &mut said);
    Parsed { files, own, said, place: data::Place::of_spec(path) }
}

/// A model, if the spec is right, and everything that was said.
pub struct Checked {
    /// The model.
    pub model: Option<Model>,
    /// What was said.
    pub said: Vec<Diagnostic>,
}

impl Parsed {
    /// Brings the library files that a text beside the spec names, such as a value of `--set`.
    pub fn also_named(&mut self, sources: &mut Sources, text: &str) {
        imports::named(sources, &mut self.files, &mut self.said, text);
        imports::library(sources, &mut self.files, &mut self.said);
    }

    /// Checks the spec.
    pub fn check(mut self, sources: &Sources, options: &Options) -> Checked {
        let (model, said) = crate::model::check(sources, &self.files, self.own, &self.place, options);
        self.said.extend(said);
        self.said.sort_by_key(|said| said.labels.first().map(|label| (label.span.file, label.span.start)));
        let mut broken = self.said.iter().any(Diagnostic::is_error);
        if let (false, Some(model)) = (broken, &model)
            && let Some(said) = memory::refuse(model, options)
        {
            self.said.push(said);
            broken = true;
        }
        if let (false, Some(model)) = (broken, &model) {
            let said = required::refuse(model);
            broken |= !said.is_empty();
            self.said.extend(said);
        }
        Checked { model: model.filter(|_| !broken), said: self.said }
    }

    /// Where the spec's files are looked for.
    pub fn place(&self) -> &data::Place {
        &self.place
    }
}

/// The command line's `--set NAME=VALUE`, parsed as an expression of the language.
pub fn parse_setting(sources: &mut Sources, setting: &str) -> Result<(String, syntax::tree::Expr), String> {
    let Some((name, value)) = setting.split_once('=') else {
        return Err(format!("`--set {setting}`: write it as NAME=VALUE"));
    };
    let text = format!("param {} = {}", name.trim(), value.trim());
    let file = sources.add("<command line>", text.as_str());
    let (ast, said) = syntax::parse(sources, file);
    let mut items = ast.items.into_iter().map(|item| item.kind);
    match (items.next(), items.next(), said.is_empty()) {
        (Some(syntax::tree::ItemKind::Param(param)), None, true) => Ok((param.name.text.to_string(), param.value)),
        _ => Err(format!("`--set {setting}`: this is no value")),
    }
}

/// The programs of one phase.
pub struct Planned {
    /// One training step.
    pub learn: tensor::Program,
    /// One batch measured.
    pub measure: tensor::Program,
}

/// Writes the programs of a phase; `rows` is the number of rows of its dataset.
pub fn plan(model: &Model, phase: usize, rows: usize) -> Planned {
    let simplify = tensor::pass::simplify;
    Planned {
        learn: simplify(credit::learn(model, phase, rows)),
        measure: simplify(credit::measure(model, phase, rows)),
    }
}

/// The programs of one phase as loops.
pub struct Lowered {
    /// One training step.
    pub learn: loops::Program,
    /// One batch measured.
    pub measure: loops::Program,
}

impl Planned {
    /// Gives every value a place and every operation its loops.
    pub fn lower(&self, precision: Precision, layouts: &mut Layouts) -> Result<Lowered, NotYet> {
        let learn = lower(&self.learn, precision, layouts)?;
        let measure = lower(&self.measure, precision, layouts)?;
        Ok(Lowered { learn, measure })
    }
}

/// The programs of one phase as machine code.
pub struct Compiled {
    /// One training step.
    pub learn: Code,
    /// One batch measured.
    pub measure: Code,
}

impl Lowered {
    /// Compiles both.
    pub fn compile(&self) -> Result<Compiled, Unsupported> {
        let mut all = Code::compile_all(&[&self.learn, &self.measure])?.into_iter();
        match (all.next(), all.next()) {
            (Some(learn), Some(measure)) => Ok(Compiled { learn, measure }),
            _ => crate::bug!("two programs were compiled, and there are fewer"),
        }
    }
}
