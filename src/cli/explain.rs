//! `neurula explain`: the page of a code, or all codes.

use super::{Ending, show};
use crate::diag::{Code, codes};

pub(super) fn run(code: Option<&str>) -> Ending {
    let Some(text) = code else {
        for row in codes::ALL {
            show::line(&format!("{}  {}", row.code, row.name));
        }
        return Ending::Fine;
    };
    match Code::find(text) {
        Some(code) => {
            show::line(code.row().page.trim_end());
            Ending::Fine
        }
        None => {
            let near = codes::ALL.iter().min_by_key(|row| strsim::levenshtein(row.name, text));
            let near = near.map_or(String::new(), |row| format!("; the nearest name is {} ({})", row.name, row.code));
            show::complain(&format!("there is no code `{text}`{near}"));
            Ending::Usage
        }
    }
}
