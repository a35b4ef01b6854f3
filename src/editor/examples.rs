//! The examples that come with the program. Opening one works on a copy in the data folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{nodes::Family, workflow::write_atomically};

/// An example with the files it needs.
pub(crate) struct Example {
    /// Its name in commands and in the data folder.
    pub(crate) id: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// What it shows, in a sentence or two.
    pub(crate) about: &'static str,
    /// The family whose icon stands for it.
    pub(crate) family: Family,
    /// The files' paths inside the example's folder with their bytes; the workflow first.
    pub(crate) files: &'static [(&'static str, &'static [u8])],
}

/// The examples in the order of the welcome screen.
pub(crate) static EXAMPLES: [Example; 5] = [
    Example {
        id: "penguins",
        title: "Penguins",
        about: "Read a table of 344 penguins, ask it questions in SQL and join it with another table.",
        family: Family::Tables,
        files: &[
            ("penguins.flow.ron", include_bytes!("../../assets/examples/penguins.flow.ron")),
            ("data/penguins.csv", include_bytes!("../../assets/examples/data/penguins.csv")),
            ("data/README.md", include_bytes!("../../assets/examples/data/README.md")),
        ],
    },
    Example {
        id: "plots",
        title: "Plots",
        about: "See the penguins as points, bars, boxes and a heat map: on the nodes, in the viewer, and as a picture.",
        family: Family::Tables,
        files: &[
            ("plots.flow.ron", include_bytes!("../../assets/examples/plots.flow.ron")),
            ("data/penguins.csv", include_bytes!("../../assets/examples/data/penguins.csv")),
            ("data/README.md", include_bytes!("../../assets/examples/data/README.md")),
        ],
    },
    Example {
        id: "images",
        title: "Images",
        about: "Resize a picture in two ways, compare the results, and see that only what you change is computed again.",
        family: Family::Images,
        files: &[
            ("images.flow.ron", include_bytes!("../../assets/examples/images.flow.ron")),
            ("data/rocket.jpg", include_bytes!("../../assets/examples/data/rocket.jpg")),
            ("data/README.md", include_bytes!("../../assets/examples/data/README.md")),
        ],
    },
    Example {
        id: "rows",
        title: "Row by row",
        about: "Do something for each row of a table, and gather what comes of it in a report.",
        family: Family::Loops,
        files: &[
            ("rows.flow.ron", include_bytes!("../../assets/examples/rows.flow.ron")),
            ("data/penguins.csv", include_bytes!("../../assets/examples/data/penguins.csv")),
            ("data/README.md", include_bytes!("../../assets/examples/data/README.md")),
        ],
    },
    Example {
        id: "http_json",
        title: "HTTP and JSON",
        about: "Ask a server for JSON once, pin the answer, and take it apart as often as you like.",
        family: Family::Network,
        files: &[("http_json.flow.ron", include_bytes!("../../assets/examples/http_json.flow.ron"))],
    },
];

/// Returns an example.
pub(crate) fn find(id: &str) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.id == id)
}

/// Writes an example's files into a folder of its own below `examples`, leaving alone those that are there, for a person
/// may have changed them. Returns the workflow's path.
pub(crate) fn copy_to(example: &Example, examples: &Path) -> io::Result<PathBuf> {
    copy_into(example, &examples.join(example.id))
}

/// Writes an example's files into a folder, leaving alone those that are there. Returns the workflow's path.
pub(crate) fn copy_into(example: &Example, folder: &Path) -> io::Result<PathBuf> {
    for (name, bytes) in example.files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if !path.try_exists()? {
            write_atomically(&path, bytes)?;
        }
    }
    let workflow = example.files.first().map(|(name, _)| folder.join(name));
    workflow.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the example has no files"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::{Catalogue, check},
        workflow::{Severity, load},
    };

    #[test]
    fn every_example_opens_without_errors() {
        let folder = tempfile::tempdir().unwrap();
        for example in &EXAMPLES {
            let path = copy_to(example, folder.path()).unwrap();
            let workflow = load(&path).unwrap();
            let mut problems = check(&workflow, &Catalogue::standard());
            problems.retain(|problem| problem.severity == Severity::Error);
            assert_eq!(problems, [], "{}", example.id);
            assert!(workflow.n_nodes() > 2, "{}", example.id);
        }
    }

    #[test]
    fn what_a_person_changed_in_a_copy_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = copy_to(&EXAMPLES[0], folder.path()).unwrap();
        fs::write(&path, "changed").unwrap();
        assert_eq!(copy_to(&EXAMPLES[0], folder.path()).unwrap(), path);
        assert_eq!(fs::read_to_string(&path).unwrap(), "changed");
    }
}
