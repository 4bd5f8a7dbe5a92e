//! Files that only their owner can read.

use std::path::PathBuf;

use age::x25519::Recipient;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Sealing {
    /// Encrypt the file (age format) for this recipient, such as `age1…`; several with commas
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',', conflicts_with = "passphrase")]
    pub(crate) encrypt_to: Vec<Recipient>,
    /// Encrypt the file (age format) with a passphrase: that in `OMP_PASSPHRASE`, else it is asked for
    #[arg(long)]
    pub(crate) passphrase: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Opening {
    /// The file with the age key that an encrypted file was made for. One made with a passphrase takes that in
    /// `OMP_PASSPHRASE`, else it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
}
