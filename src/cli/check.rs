//! `neurula check`: says what is wrong with a spec.

use super::arguments::SpecArguments;
use super::{Ending, show};
use crate::driver::imports;

pub(super) fn run(arguments: &SpecArguments) -> Ending {
    match show::checked(&arguments.spec, &arguments.setting, None, arguments.json, &imports::read) {
        Ok(_) => Ending::Fine,
        Err(ending) => ending,
    }
}
