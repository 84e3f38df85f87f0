//! From a checked config and the descriptions it names to a snapshot, or all problems at once.
