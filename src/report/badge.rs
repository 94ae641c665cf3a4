//! The verdict as a small picture: one SVG with a field for each category.
//!
//! Owns the picture. It holds no text of a target, only our own words and the profile's name.

use std::fmt::Write;

use super::{printable, words};
use crate::outcome::{Report, Standing};

/// The width of a character of the font, about: 11 pixels of a common sans-serif.
const CHARACTER: usize = 7;
/// Space on both sides of a text.
const MARGIN: usize = 12;

/// The badge of a report.
pub fn write(report: &Report) -> String {
    let part = words::part(report);
    let in_part = if part.is_some() { ", in part" } else { "" };
    let profile = printable::line(&report.run.profile, 24);
    let mut fields = vec![(format!("OCI {profile}{in_part}"), "#444d56")];
    for category in &report.categories {
        let colour = match category.standing {
            Standing::Certified => "#1a7f37",
            Standing::NotCertified => "#b42318",
            Standing::NotOffered | Standing::NotJudged => "#6e7781",
        };
        fields.push((
            format!("{}: {}", category.category.name(), words::standing(category.standing)),
            colour,
        ));
    }
    let mut x = 0;
    let mut drawn = String::new();
    let mut title = Vec::new();
    for (text, colour) in &fields {
        let text = escaped(text);
        let width = text.chars().count() * CHARACTER + MARGIN;
        // Writing to a string does not fail.
        let _ = write!(
            drawn,
            "<rect x=\"{x}\" width=\"{width}\" height=\"20\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"14\">{text}</text>",
            x + width / 2
        );
        title.push(text);
        x += width;
    }
    title.extend(part);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{x}\" height=\"20\" role=\"img\"><title>{}</title>\
         <clipPath id=\"r\"><rect width=\"{x}\" height=\"20\" rx=\"3\"/></clipPath>\
         <g clip-path=\"url(#r)\" fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,sans-serif\" font-size=\"11\">\
         {drawn}</g></svg>\n",
        title.join(", ")
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
