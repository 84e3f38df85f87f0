//! Releases: versions frozen in a lock file.
