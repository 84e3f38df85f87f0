//! Judging versions and reporting on them; contract tests of conversions: contract files, generated payloads, the
//! authors' examples and the matrix.
//!
//! Nothing here opens a socket: whoever runs contract files brings a [`Target`].
//!
//! ```
//! use evergate_contracts::read_contracts;
//! use evergate_schemas::document::{Document, DocumentLimits};
//!
//! let text = b"api: orders
//! contracts:
//!   - name: an old client reads an order
//!     client: { version: 1, request: { method: GET, path: /orders/7 } }
//!     backend: { version: 2, answers: { status: 200, body: { id: 7, state: open } } }
//!     client_sees: { status: 200, body: { id: 7 } }
//! ";
//! let document = Document::parse("orders.yaml", text, &DocumentLimits::default()).unwrap();
//! let (file, problems) = read_contracts(&document);
//! assert_eq!((file.contracts.len(), problems.len()), (1, 0));
//! ```

mod caches;
mod cases;
pub mod changelog;
pub mod check;
mod evidence;
mod examples;
mod exchange;
mod file;
pub mod lens_file;
mod machine;
mod matching;
mod matrix;
mod member;
pub mod policy;
mod released;
pub mod report;
mod run;
pub mod suggest;
mod tester;

pub use cases::{CaseFailure, CaseSettings, Origin, Tried, try_cases};
pub use examples::{Example, read_examples};
pub use exchange::{Answer, Exchange, Request, Target};
pub use file::{Contract, ContractFile, Expected, Received, Wanted, read_contracts};
pub use matching::{Got, mismatches};
pub use matrix::{Cell, Matrix, VERDICTS};
pub use released::{Message, NotRead, Released, Unserved};
pub use run::{ContractResult, run_contracts};
pub use tester::{Passed, Tester};
