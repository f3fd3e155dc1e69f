//! Integration tests against real servers; being built.
