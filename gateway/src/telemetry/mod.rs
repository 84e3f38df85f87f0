//! What is counted and what is said about each exchange.
