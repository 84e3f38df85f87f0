//! Endpoints, their pools and their passive health.
