//! Authorities that certificates have to come from.

use std::sync::Arc;

use evergate_schemas::problem::Problem;
use rustls::RootCertStore;

use super::pem;
use crate::config::FileConfig;

/// Those of a file: all of them usable, so that none is missed in silence.
pub(super) fn read(file: &FileConfig) -> Result<Arc<RootCertStore>, Problem> {
    let mut store = RootCertStore::empty();
    for (index, certificate) in pem::certificates(file)?.into_iter().enumerate() {
        store.add(certificate).map_err(|error| {
            let number = index + 1;
            let what =
                format!("certificate {number} of {} is no authority: {error}", file.path.display());
            pem::fault(file, what, "keep only the certificates of authorities in it")
        })?;
    }
    Ok(Arc::new(store))
}
