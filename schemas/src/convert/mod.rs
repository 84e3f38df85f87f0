//! The byte machine: runs a program over a body in any chunking, without building a document.
