//! The sessions that hold up the swap, in the question which of them is to be ended; live while it is open.

use crate::{
    model::figures,
    tui::{app::model::Model, harmless::harmless, theme::Theme, widgets::dialog::Paragraph},
};

/// Adds the list.
pub(super) fn list(text: &mut Vec<Paragraph>, theme: &Theme, model: &Model) {
    let blockers = model.status().map(|status| status.readiness.blockers.as_slice()).unwrap_or_default();
    if blockers.is_empty() {
        text.extend([Vec::new(), vec![("nobody holds it up now".into(), theme.text)]]);
    }
    for one in blockers {
        let open = one.since.map_or_else(String::new, |since| {
            format!(", open for {}", figures::span(figures::seconds_between(since, model.now).floor()))
        });
        let state = one.state.as_deref().unwrap_or("not shown to this role");
        text.push(Vec::new());
        text.push(vec![
            (format!("{:<8} ", one.pid), theme.strong),
            (format!("{}, {state}{open}", harmless(&one.who)), theme.text),
        ]);
        text.push(vec![(format!("holds {}", harmless(&one.holds)), theme.text)]);
        if !one.query.is_empty() {
            text.push(vec![(harmless(&one.query).into_owned(), theme.dim)]);
        }
        text.push(vec![(format!("enter: {}", one.remedy()), theme.dim)]);
    }
}
