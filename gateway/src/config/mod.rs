//! `gateway.yaml`, from as written to checked, all problems at once.
