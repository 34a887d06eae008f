//! `neurula data`: what a source of data holds.

use super::arguments::{DataArguments, Setting};
use super::{Ending, show};
use crate::credit;
use crate::data::{self, Call, Dataset, Place};
use crate::diag::{Sources, Span};
use crate::driver::imports;
use crate::report;
use std::path::Path;

pub(super) fn run(arguments: &DataArguments) -> Ending {
    if arguments.what.ends_with(".neu") {
        return of_spec(arguments);
    }
    let mut sources = Sources::new();
    let file = sources.add("<command line>", arguments.what.as_str());
    let span = Span { file, start: 0, end: arguments.what.len() as u32 };
    let read = data::find(&arguments.what, span)
        .map_err(|said| vec![said])
        .and_then(|source| Call::bind(source, span, &[]))
        .and_then(|call| call.read(&Place::only("."), arguments.seed, "data"));
    match read {
        Ok(set) => shown(&set, arguments.json),
        Err(said) => {
            show::diagnostics(&said, &sources, arguments.json);
            Ending::Usage
        }
    }
}

fn of_spec(arguments: &DataArguments) -> Ending {
    let setting = Setting { set: Vec::new(), memory: Some(u64::MAX) };
    let spec = match show::checked(Path::new(&arguments.what), &setting, None, arguments.json, &imports::read) {
        Ok(spec) => spec,
        Err(ending) => return ending,
    };
    for (_, item) in spec.model.data.iter().enumerate().filter(|(number, item)| item.base.0 == *number) {
        match credit::samples(&spec.model, item, &spec.place, arguments.seed) {
            Ok(set) => {
                shown(&set, arguments.json);
            }
            Err(said) => {
                show::diagnostics(&said, &spec.sources, arguments.json);
                return Ending::Run;
            }
        }
    }
    Ending::Fine
}

fn shown(set: &Dataset, json: bool) -> Ending {
    let summary = set.summary();
    if json {
        return match serde_json::to_string(&summary) {
            Ok(text) => {
                show::line(&text);
                Ending::Fine
            }
            Err(error) => {
                show::complain(&error.to_string());
                Ending::Run
            }
        };
    }
    show::line(&report::dataset(&summary));
    Ending::Fine
}
