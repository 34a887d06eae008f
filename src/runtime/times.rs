//! Wall-clock times, in a file of their own since they never repeat: a row for each measurement, appended only.

use super::{RunError, io};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The head of the table.
const HEAD: &str = "begun,step,seconds\n";

/// The table being written.
pub(super) struct Times {
    path: PathBuf,
    file: File,
    /// Seconds since 1970 at which this sitting began: a run that is resumed has several.
    begun: u64,
    entered: Instant,
}

impl Times {
    /// Goes on with the table, or begins one. A row that was not finished keeps a line to itself.
    pub(super) fn open(path: &Path, entered: Instant) -> Result<Times, RunError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io(path))?;
        let mut last = [b'\n'];
        match file.seek(SeekFrom::End(0)).map_err(io(path))? {
            0 => file.write_all(HEAD.as_bytes()).map_err(io(path))?,
            _ => {
                file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).map_err(io(path))?;
            }
        }
        if last != [b'\n'] {
            file.write_all(b"\n").map_err(io(path))?;
        }
        let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let begun = passed.saturating_sub(entered.elapsed()).as_secs();
        Ok(Times { path: path.to_path_buf(), file, begun, entered })
    }

    /// Adds the row of a measurement.
    pub(super) fn append(&mut self, step: u64) -> Result<(), RunError> {
        let row = format!("{},{step},{:.3}\n", self.begun, self.entered.elapsed().as_secs_f64());
        self.file.write_all(row.as_bytes()).map_err(io(&self.path))
    }
}
