//! `neurula credit`: who learns from what, in every phase.

use super::arguments::CreditArguments;
use super::{Ending, show};
use crate::driver::imports;
use crate::{credit, report};

pub(super) fn run(arguments: &CreditArguments) -> Ending {
    let spec = match show::checked(&arguments.spec, &arguments.setting, None, arguments.json, &imports::read) {
        Ok(spec) => spec,
        Err(ending) => return ending,
    };
    let account = credit::account(&spec.model);
    if let Some(path) = &arguments.svg {
        let drawn = report::picture::draw(&spec.model, &account);
        if let Err(error) = std::fs::write(path, drawn) {
            show::complain(&format!("{}: {error}", path.display()));
            return Ending::Run;
        }
    }
    match arguments.json {
        true => show::line(&report::credit::json(&spec.model, &account, &spec.sources).to_string()),
        false => show::line(&report::credit::text(&spec.model, &account)),
    }
    Ending::Fine
}
