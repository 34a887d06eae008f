//! `neurula new`: a folder with a model that trains at once.

use super::{Ending, show};
use std::io::ErrorKind;
use std::path::Path;

/// The model to begin with.
const MODEL: &str = include_str!("new.neu");

pub(super) fn run(folder: &Path) -> Ending {
    match std::fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            show::complain(&format!("{} is there already; give the model another name", folder.display()));
            return Ending::Usage;
        }
        Err(error) => {
            show::complain(&format!("{}: {error}", folder.display()));
            return Ending::Usage;
        }
    }
    for (name, text) in [("model.neu", MODEL), (".gitignore", "runs/\n")] {
        let path = folder.join(name);
        if let Err(error) = std::fs::write(&path, text) {
            show::complain(&format!("{}: {error}", path.display()));
            return Ending::Run;
        }
    }
    show::line(&format!("{0}/model.neu is yours: cd {0} && neurula train model.neu", folder.display()));
    Ending::Fine
}
