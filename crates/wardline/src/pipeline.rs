//! pipe
mod router;
mod share;
