//! What the search decides, alone and against the validator.
