//! What the end-to-end tests stand on: the real binary, a raw-socket client and backend, and a small load.
