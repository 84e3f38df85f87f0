//! Payloads made from a schema: minimal, boundary and random ones, each checked by the validator.
