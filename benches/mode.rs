//! How a bench is called.

/// Arguments of every bench. Public for the benches of this package only.
#[derive(clap::Args)]
pub struct Mode {
    /// Only show that it works.
    #[arg(long)]
    pub test: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}
