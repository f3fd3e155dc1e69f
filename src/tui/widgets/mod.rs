//! Small pictures that screens are put together from. Each takes a [`pen::Pen`] and knows no model.

pub mod bar;
pub mod dialog;
pub mod grid;
pub mod heatmap;
pub mod lanes;
pub mod pen;
pub mod sparkline;
