//! The metrics of a run as one long table: `step,phase,epoch,split,metric,value`, a row a number, appended only.

use super::{Measured, RunError, digest, io};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The head of the table.
pub const HEAD: &str = "step,phase,epoch,split,metric,value\n";

/// The table being written.
pub(super) struct Metrics {
    path: PathBuf,
    file: File,
    bytes: u64,
    hash: Sha256,
}

/// How much of the table a checkpoint has seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    /// How long it was.
    pub(super) bytes: u64,
    /// The SHA-256 of that.
    pub(super) sha256: String,
}

impl Metrics {
    /// A table that begins.
    pub(super) fn create(path: &Path) -> Result<Metrics, RunError> {
        let mut file = File::create(path).map_err(io(path))?;
        file.write_all(HEAD.as_bytes()).map_err(io(path))?;
        let hash = Sha256::new_with_prefix(HEAD);
        Ok(Metrics { path: path.to_path_buf(), file, bytes: HEAD.len() as u64, hash })
    }

    /// A table that goes on where a checkpoint left it; what was written after is cut off.
    pub(super) fn reopen(path: &Path, written: &Written) -> Result<Metrics, RunError> {
        let bad = |why: String| RunError::Folder { path: path.to_path_buf(), why };
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(io(path))?;
        let (found, bytes) = (file.metadata().map_err(io(path))?.len(), written.bytes);
        if found < bytes {
            return Err(bad(format!("has {found} bytes, and had {bytes} when the checkpoint was written")));
        }
        let (mut hash, mut chunk, mut left) = (Sha256::new(), vec![0; 1 << 16], bytes);
        while left > 0 {
            let part = left.min(chunk.len() as u64) as usize;
            file.read_exact(&mut chunk[..part]).map_err(io(path))?;
            hash.update(&chunk[..part]);
            left -= part as u64;
        }
        let (sum, wanted) = (digest::hexadecimal(hash.clone()), &written.sha256);
        if sum != *wanted {
            return Err(bad(format!(
                "is damaged: the SHA-256 of its first {bytes} bytes is {sum}, and was {wanted} when the checkpoint was written"
            )));
        }
        // Where it was read to is where it goes on.
        file.set_len(bytes).map_err(io(path))?;
        Ok(Metrics { path: path.to_path_buf(), file, bytes, hash })
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
        self.hash.update(&rows);
        Ok(())
    }

    fn fault(&self, error: std::io::Error) -> RunError {
        RunError::Io { path: self.path.clone(), error }
    }

    /// Makes sure that what was written is on the disk, and tells how much that is.
    pub(super) fn sync(&mut self) -> Result<Written, RunError> {
        self.file.sync_data().map_err(io(&self.path))?;
        Ok(Written { bytes: self.bytes, sha256: digest::hexadecimal(self.hash.clone()) })
    }
}
