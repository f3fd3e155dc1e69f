//! The known name that a mistyped one is most like: of commands, of settings, of their values.

/// How many letters may be changed, added, left out or exchanged for a word to be taken for another one.
const AS_MUCH: usize = 2;

/// The known name nearest to `word`, where one is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(name, &word.to_lowercase().replace('_', "-"));
    let near = known.into_iter().map(|name| (distance(name), name)).filter(|(far, _)| *far <= AS_MUCH);
    near.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// `did you mean …?`, where a known name is near.
pub(super) fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_like_none_is_taken_for_none() {
        let names = ["theme", "ascii", "lock-budget"];
        assert_eq!(nearest("thme", names), Some("theme"));
        assert_eq!(nearest("tehem", names), Some("theme"));
        assert_eq!(nearest("Lock_Budget", names), Some("lock-budget"));
        assert_eq!(nearest("colours", names), None);
        assert_eq!(meant("asci", names), "; did you mean `ascii`?");
        assert_eq!(meant("", names), "");
    }
}
