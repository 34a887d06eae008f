//! `neurula lib`: the library's definitions.

use super::{Ending, show};
use crate::library;

pub(super) fn run(name: Option<&str>) -> Ending {
    let Some(name) = name else {
        let wide = library::ENTRIES.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
        for entry in library::ENTRIES {
            show::line(&format!("{:<10}  {:<wide$}  {}", entry.kind, entry.name, entry.about()));
        }
        return Ending::Fine;
    };
    match library::find(name) {
        Some(entry) => {
            show::line(entry.text.trim_end());
            Ending::Fine
        }
        None => {
            show::complain(&format!("the library has no `{name}`; `neurula lib` lists it"));
            Ending::Usage
        }
    }
}
