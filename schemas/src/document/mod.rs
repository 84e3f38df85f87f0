//! A YAML or JSON file with the line and column of every value.
