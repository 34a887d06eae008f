//! The metrics of a run as one long table: `step,phase,epoch,split,metric,value`, a row a number, appended only.

use super::{Measured, RunError, io};
use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

/// The head of the table.
pub const HEAD: &str = "step,phase,epoch,split,metric,value\n";

/// The table being written.
pub(super) struct Metrics {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Metrics {
    /// A table that begins.
    pub(super) fn create(path: &Path) -> Result<Metrics, RunError> {
        let mut file = File::create(path).map_err(io(path))?;
        file.write_all(HEAD.as_bytes()).map_err(io(path))?;
        Ok(Metrics { path: path.to_path_buf(), file, bytes: HEAD.len() as u64 })
    }

    /// A table that goes on where a checkpoint left it; what was written after is cut off.
    pub(super) fn reopen(path: &Path, bytes: u64) -> Result<Metrics, RunError> {
        let mut file = OpenOptions::new().write(true).open(path).map_err(io(path))?;
        let found = file.metadata().map_err(io(path))?.len();
        if found < bytes {
            let why = format!("has {found} bytes, and the checkpoint was made when it had {bytes}");
            return Err(RunError::Folder { path: path.to_path_buf(), why });
        }
        file.set_len(bytes).map_err(io(path))?;
        file.seek(std::io::SeekFrom::End(0)).map_err(io(path))?;
        Ok(Metrics { path: path.to_path_buf(), file, bytes })
    }

    /// Adds the rows of a measurement.
    pub(super) fn append(&mut self, step: u64, phase: &str, epoch: f64, values: &[Measured]) -> Result<(), RunError> {
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for measured in values {
            let row = [
                &step.to_string(),
                phase,
                &epoch.to_string(),
                &measured.split,
                &measured.name,
                &measured.value.to_string(),
            ];
            writer.write_record(row).map_err(|error| self.fault(std::io::Error::other(error)))?;
        }
        let rows = writer.into_inner().map_err(|error| self.fault(std::io::Error::other(error.to_string())))?;
        self.file.write_all(&rows).map_err(io(&self.path))?;
        self.bytes += rows.len() as u64;
        Ok(())
    }

    fn fault(&self, error: std::io::Error) -> RunError {
        RunError::Io { path: self.path.clone(), error }
    }

    /// Makes sure that what was written is on the disk, and tells how many bytes that is.
    pub(super) fn sync(&mut self) -> Result<u64, RunError> {
        self.file.sync_data().map_err(io(&self.path))?;
        Ok(self.bytes)
    }
}
