//! A page as a row of tags and texts, without what is not for people.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// Elements with something in them that people do not see.
pub(crate) const HIDDEN: &[&str] =
    &["script", "style", "template", "noscript", "iframe", "noembed", "noframes"];

/// A part of a page. Names are in lower case.
pub(crate) enum Piece {
    /// `<name>`
    Open(Tag),
    /// `</name>`
    Close(String),
    /// Text, decoded.
    Text(String),
}

/// A tag that opens an element, or stands for itself.
pub(crate) struct Tag {
    /// The name of the element.
    pub(crate) name: String,
    start: StartTag<()>,
}

impl Tag {
    /// The value of an attribute, decoded.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.start.attributes.get(name.as_bytes()).map(|value| decoded(&value.value))
    }
}

/// The pieces of a page outside of elements of these names.
pub(crate) fn pieces(html: &str, hidden: &'static [&'static str]) -> impl Iterator<Item = Piece> {
    let mut emitter = DefaultEmitter::default();
    // So that `<b>` in a script is part of the script.
    emitter.naively_switch_states(true);
    let mut veil = Veil { names: hidden, open: None };
    Tokenizer::new_with_emitter(html, emitter)
        .filter_map(|token| token.ok().and_then(piece))
        .filter(move |piece| veil.shows(piece))
}

fn piece(token: Token<()>) -> Option<Piece> {
    match token {
        Token::StartTag(start) => Some(Piece::Open(Tag { name: decoded(&start.name), start })),
        Token::EndTag(end) => Some(Piece::Close(decoded(&end.name))),
        Token::String(text) => Some(Piece::Text(decoded(&text.value))),
        Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => None,
    }
}

/// The tokenizer gives bytes. They come out of a text, so nothing is lost here.
fn decoded(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Leaves out elements from their start to their end.
struct Veil {
    names: &'static [&'static str],
    /// The outermost element that is being left out, and how many of its name are open.
    open: Option<(&'static str, usize)>,
}

impl Veil {
    fn shows(&mut self, piece: &Piece) -> bool {
        match (&mut self.open, piece) {
            (Some((name, depth)), Piece::Open(tag)) if tag.name == *name => *depth += 1,
            (Some((name, depth)), Piece::Close(close)) if close == name => {
                *depth -= 1;
                if *depth == 0 {
                    self.open = None;
                }
            }
            (Some(_), _) => {}
            (None, Piece::Open(tag)) => {
                let hidden = self.names.iter().find(|name| **name == tag.name);
                self.open = hidden.map(|name| (*name, 1));
                return hidden.is_none();
            }
            (None, _) => return true,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let found: String = pieces(html, HIDDEN)
            .map(|piece| match piece {
                Piece::Open(tag) => format!("<{}>", tag.name),
                Piece::Close(name) => format!("</{name}>"),
                Piece::Text(text) => text,
            })
            .collect();
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn names_are_folded_and_texts_decoded() {
        check("<!DOCTYPE html><P>a &amp;&#98;</P><!-- c -->", "<p>a &b</p>");
        check("a < b &unknown; &lt;i>", "a < b &unknown; <i>");
    }

    #[test]
    fn what_is_not_for_people_is_left_out() {
        check("a<script>if (a<b) '</p>'</script>b", "ab");
        check("a<style><!-- </style>b", "ab");
        check("a<template><template>x</template>y</template>b", "ab");
        check("a<NOSCRIPT><p>x</p></NOSCRIPT>b</noscript>", "ab</noscript>");
        check("a<script>never closed <p>", "a");
    }

    #[test]
    fn attributes_are_decoded_and_the_first_counts() {
        let piece = pieces("<a HREF='x?a=1&amp;b=2' href=y>", HIDDEN).next();
        let Some(Piece::Open(tag)) = piece else { panic!("expected a tag") };
        assert_eq!(tag.attribute("href").as_deref(), Some("x?a=1&b=2"));
        assert_eq!(tag.attribute("rel"), None);
    }
}
