//! Client versions against backend versions, and how each pair fares.

use serde::Serialize;

use evergate_schemas::relate::verdict::Verdict;

/// One client version with one backend version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Messages by verdict, in the order native, bridged, lossy, undecided, broken.
    pub verdicts: [usize; 5],
    /// Generated payloads that were converted and judged.
    pub payloads: usize,
    /// Examples that were converted and judged.
    pub examples: usize,
    /// Payloads or examples that did not get through although the plan said so.
    pub failures: usize,
}

/// All pairs of versions of one api.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// Oldest first.
    pub versions: Vec<String>,
    /// By client version, then by backend version.
    pub cells: Vec<Vec<Cell>>,
}

/// All verdicts in the order of [`Cell::verdicts`].
pub const VERDICTS: [Verdict; 5] =
    [Verdict::Native, Verdict::Bridged, Verdict::Lossy, Verdict::Undecided, Verdict::Broken];

impl Cell {
    /// Counts one message.
    pub fn add(&mut self, verdict: Verdict) {
        for (count, one) in self.verdicts.iter_mut().zip(VERDICTS) {
            *count += usize::from(one == verdict);
        }
    }

    /// The worst verdict of all messages; `None` when there are none.
    pub fn worst(&self) -> Option<Verdict> {
        self.verdicts.iter().zip(VERDICTS).rev().find(|(count, _)| **count > 0).map(|one| one.1)
    }

    fn merge(&mut self, other: &Self) {
        for (count, more) in self.verdicts.iter_mut().zip(other.verdicts) {
            *count += more;
        }
        self.payloads += other.payloads;
        self.examples += other.examples;
        self.failures += other.failures;
    }
}

impl Matrix {
    /// An empty matrix.
    pub fn new(versions: Vec<String>) -> Self {
        let row = vec![Cell::default(); versions.len()];
        Self { cells: vec![row; versions.len()], versions }
    }

    /// The cell of a client's and a backend's version.
    pub fn cell(&mut self, client: usize, backend: usize) -> Option<&mut Cell> {
        self.cells.get_mut(client)?.get_mut(backend)
    }

    /// All cells together.
    pub fn total(&self) -> Cell {
        let mut total = Cell::default();
        self.cells.iter().flatten().for_each(|cell| total.merge(cell));
        total
    }
}

#[cfg(test)]
mod tests {
    use evergate_schemas::relate::verdict::Verdict;

    use super::Matrix;

    #[test]
    fn a_cell_is_as_good_as_its_worst_message() {
        let mut matrix = Matrix::new(vec!["1".to_owned(), "2".to_owned()]);
        let cell = matrix.cell(0, 1).unwrap();
        assert_eq!(cell.worst(), None);
        cell.add(Verdict::Lossy);
        cell.add(Verdict::Native);
        assert_eq!(cell.worst(), Some(Verdict::Lossy));
        assert_eq!(matrix.total().verdicts, [1, 0, 1, 0, 0]);
        assert_eq!(matrix.cell(2, 0), None);
    }
}
