//! The signals that slow or hold the work, in the question which limit is to be changed; live while it is open.

use crate::{
    engine::status::SignalState,
    model::throttle::Kind,
    tui::{app::model::Model, glyphs, harmless::harmless, theme::Theme, widgets::dialog::Paragraph},
};

/// Adds the list.
pub(super) fn list(text: &mut Vec<Paragraph>, theme: &Theme, model: &Model) {
    let signals = model.status().map(|status| status.throttle.as_slice()).unwrap_or_default();
    text.push(Vec::new());
    for one in signals {
        let style = if one.state == SignalState::Ok { theme.text } else { theme.warn };
        text.push(vec![
            (format!("{:<16}", one.signal), theme.strong),
            (format!("{:<7} {}", glyphs::signal(one.state), harmless(&one.detail)), style),
        ]);
    }
    let watched = |kind: &Kind| signals.iter().any(|signal| signal.signal == kind.word());
    let off: Vec<_> = Kind::ALL.into_iter().filter(|kind| !watched(kind)).map(Kind::word).collect();
    if !off.is_empty() {
        text.push(vec![(format!("{:<16}", "off"), theme.dim), (off.join(", "), theme.dim)]);
    }
}
