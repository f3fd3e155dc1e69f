//! One `key = value`, read as what the key takes. Pure.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use toml::{
    Spanned,
    de::{DeString, DeValue},
};

use super::fault::Fault;
use crate::{
    cli::{everywhere::Theme, nearest::meant, values},
    tui::badge::Tint,
};

/// A key with its value.
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    /// Where the key is.
    pub(super) at: usize,
    pub(super) value: &'a DeValue<'a>,
    value_at: usize,
}

impl<'a> Entry<'a> {
    pub(super) fn of(key: &'a Spanned<DeString<'_>>, value: &'a Spanned<DeValue<'_>>) -> Self {
        Self {
            key: key.get_ref(),
            at: key.span().start,
            value: value.get_ref(),
            value_at: value.span().start,
        }
    }

    /// A fault of the key.
    pub(super) fn fault(&self, reason: String, remedy: String) -> Fault {
        Fault { at: self.at, reason, remedy }
    }

    /// The value is none of what the key takes.
    fn wrong(&self, takes: &str, example: &str) -> Fault {
        Fault {
            at: self.value_at,
            reason: format!("`{}` takes {takes}", self.key),
            remedy: format!("write {} = {example}", self.key),
        }
    }

    pub(super) fn theme(&self) -> Result<Theme, Fault> {
        self.one_of(&Theme::ALL, |theme| theme.word())
    }

    pub(super) fn tint(&self) -> Result<Tint, Fault> {
        self.one_of(&Tint::ALL, |tint| tint.word())
    }

    pub(super) fn truth(&self) -> Result<bool, Fault> {
        if let DeValue::Boolean(truth) = self.value {
            Ok(*truth)
        } else {
            Err(self.wrong("true or false", "true"))
        }
    }

    /// A whole number within bounds.
    pub(super) fn number<T: TryFrom<u64>, B: Into<i128> + Copy>(
        &self,
        bounds: RangeInclusive<B>,
        example: u16,
    ) -> Result<T, Fault> {
        let (least, most): (i128, i128) = ((*bounds.start()).into(), (*bounds.end()).into());
        let wrong = || self.wrong(&format!("a whole number from {least} to {most}"), &example.to_string());
        let DeValue::Integer(number) = self.value else { return Err(wrong()) };
        let number = i128::from_str_radix(number.as_str(), number.radix()).map_err(|_| wrong())?;
        let number = u64::try_from(number).ok().filter(|_| (least..=most).contains(&number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(wrong)
    }

    /// `90s`, `30m`, `72h`, `3d`.
    pub(super) fn span(&self) -> Result<Duration, Fault> {
        let span = self.string().and_then(|text| values::duration(text).ok());
        span.ok_or_else(|| self.wrong("a whole number with its unit: 90s, 30m, 72h or 3d", "\"72h\""))
    }

    /// A whole path: the file is read wherever one happens to be.
    pub(super) fn path(&self) -> Result<PathBuf, Fault> {
        let path = self.string().map(PathBuf::from).filter(|path| path.is_absolute());
        path.ok_or_else(|| self.wrong("a path that begins with /", "\"/var/log/quarterdeck.log\""))
    }

    /// Words that say something.
    pub(super) fn text(&self) -> Result<String, Fault> {
        let text = self.string().filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| self.wrong("a text", "\"…\""))
    }

    fn string(&self) -> Option<&str> {
        if let DeValue::String(text) = self.value { Some(text) } else { None }
    }

    fn one_of<T: Copy>(&self, all: &[T], word: impl Fn(&T) -> &'static str) -> Result<T, Fault> {
        let words: Vec<_> = all.iter().map(&word).collect();
        let takes = words.join(", ");
        let Some(text) = self.string() else {
            return Err(self.wrong(&format!("one of {takes}"), &format!("\"{}\"", words[0])));
        };
        all.iter().find(|one| word(one) == text).copied().ok_or_else(|| Fault {
            at: self.value_at,
            reason: format!("`{}` cannot be `{text}`{}", self.key, meant(text, words.iter().copied())),
            remedy: format!("{} takes {takes}", self.key),
        })
    }
}
