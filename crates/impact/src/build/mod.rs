//! Build tools: one file for each format, which finds the images in it that the tool pushes.

pub(crate) mod make;
