//! What is wrong in a settings file, and where.

/// A fault. The file's own lines are never quoted: a password may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The byte at which it is.
    pub(super) at: usize,
    /// What is wrong.
    pub(super) reason: String,
    /// What to write instead.
    pub(super) remedy: String,
}

impl Fault {
    /// The line it is in, from 1.
    pub(super) fn line(&self, text: &str) -> usize {
        text.bytes().take(self.at).filter(|byte| *byte == b'\n').count() + 1
    }
}
