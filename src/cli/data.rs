//! `neurula data`: what a source of data holds.

use super::arguments::{DataArguments, Setting};
use super::{Ending, show};
use crate::credit;
use crate::data::{Dataset, Place};
use crate::diag::Sources;
use crate::driver::{self, imports};
use crate::report;
use std::path::Path;

pub(super) fn run(arguments: &DataArguments) -> Ending {
    if arguments.what.ends_with(".neu") {
        return of_spec(arguments);
    }
    let mut sources = Sources::new();
    let call = match driver::source(&mut sources, &arguments.what) {
        Ok(call) => call,
        Err(said) => {
            show::diagnostics(&said, &sources, arguments.json);
            return Ending::Usage;
        }
    };
    match call.read(&Place::of_spec(Path::new("here")), arguments.seed, "data") {
        Ok(set) => shown(&set, arguments.json),
        Err(said) => {
            show::diagnostics(&said, &sources, arguments.json);
            Ending::Run
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
