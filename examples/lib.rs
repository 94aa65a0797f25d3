//! The examples of wardline; each stands in a folder of its own.
