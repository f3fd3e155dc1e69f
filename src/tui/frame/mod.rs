//! What surrounds every screen: title, tabs, footer, the reason why nothing moves, the small screen.

pub mod footer;
pub mod small;
pub mod tabs;
pub mod title;
pub mod why;
