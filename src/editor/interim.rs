//! Where a program's files lie.

use std::path::{Path, PathBuf};

/// The folders of the program.
#[derive(Clone, Debug)]
pub struct Folders {
    pub config: PathBuf,
    pub data: PathBuf,
    pub state: PathBuf,
}

impl Folders {
    /// All three in one place.
    pub fn in_one(folder: &Path) -> Self {
        Self { config: folder.join("config"), data: folder.join("data"), state: folder.join("state") }
    }
}

pub(crate) fn marks_after(marks: &crate::session::Marks, record: &crate::store::RunRecord) -> crate::session::MarkEdit {
    use crate::session::{Mark, MarkEdit};
    MarkEdit(
        marks
            .iter()
            .filter_map(|(node, mark)| {
                let pin = mark.as_pin()?;
                let record = record.node(node)?;
                let released = record.released.is_some();
                let armed = mark.capture().is_none();
                match (armed, released) {
                    (true, _) => {
                        let after = Mark::pin(pin.policy, Some(record));
                        after.capture().is_some().then(|| (node.clone(), after))
                    }
                    (false, true) => Some((node.clone(), Mark::Default)),
                    _ => None,
                }
            })
            .collect(),
    )
}
