//! The walk of one request: each step adds one known fact.
