//! SQL files with `{names}` in them. Filled in one pass, so that what is filled in is never looked at again:
//! a table may be called `{log}`.

/// Puts each value in the place of its `{name}`; a name without a value stays as it is.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        let known = values.iter().find(|(name, _)| after[1..].starts_with(&format!("{name}}}")));
        let (put, skip) = known.map_or(("{", 1), |(name, value)| (*value, name.len() + 2));
        text.push_str(put);
        rest = &after[skip..];
    }
    text.push_str(rest);
    text
}

/// A dollar quote that `body` does not contain.
pub fn dollar_quote(body: &str) -> String {
    let mut tag = "$quarterdeck$".to_owned();
    while body.contains(&tag) {
        tag.insert(tag.len() - 1, '_');
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_looked_at_again() {
        assert_eq!(fill("a {x} {y} {z}", &[("x", "{y}"), ("y", "2")]), "a {y} 2 {z}");
        assert_eq!(fill("{x", &[("x", "1")]), "{x");
    }

    #[test]
    fn a_quote_is_never_in_the_body() {
        assert_eq!(dollar_quote("x"), "$quarterdeck$");
        assert_eq!(dollar_quote("$quarterdeck$ $quarterdeck_$"), "$quarterdeck__$");
    }
}
