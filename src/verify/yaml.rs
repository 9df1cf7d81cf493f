//! The judge of YAML: `yaml-edit`, a lossless parser that shares no code
//! with the reader.
//!
//! Only its concrete syntax tree is used, read-only and in one walk without
//! recursion; its setters are forbidden in this crate, since they reformat.

use std::borrow::Cow;

use rowan::{ast::AstNode, NodeOrToken, WalkEvent};
use yaml_edit::{Scalar, SyntaxKind, YamlFile};

use crate::span::Span;
use crate::syntax::{
    Builder, CollectionStyle, Format, Head, NodeId, ScalarStyle, Tag, TagKind, Tree,
};

type SyntaxNode = rowan::SyntaxNode<yaml_edit::Lang>;

/// The tree of `text` as the judge sees it, or why it rejects it.
///
/// The reader has bounded the depth of `text` before: on hostile nesting the
/// judge takes quadratic time.
pub(super) fn read(text: &str) -> Result<Tree<'_>, String> {
    let parsed = YamlFile::parse(text);
    if parsed.has_errors() {
        return Err(parsed.errors().join("; "));
    }
    // `tree()` gives a tree that can change, which is slow to read.
    let root = SyntaxNode::new_root(parsed.tree().syntax().green().into_owned());
    if root.text() != text {
        return Err("it does not print the text back".to_owned());
    }
    let mut judge = Judge {
        text,
        builder: Builder::new(text, Format::Yaml),
        head: Head::default(),
        documents: 0,
    };
    for event in root.preorder_with_tokens() {
        match event {
            WalkEvent::Enter(NodeOrToken::Node(node)) => judge.enter(&node)?,
            WalkEvent::Enter(NodeOrToken::Token(token)) => {
                let span = span(token.text_range());
                match token.kind() {
                    // What a tag means is the reader's to say; here it has to stay.
                    SyntaxKind::TAG => {
                        let kind = TagKind::Own;
                        judge.head.tag = Some(Tag { span, kind });
                    }
                    SyntaxKind::ANCHOR => judge.head.anchor = Some(span),
                    _ => {}
                }
            }
            WalkEvent::Leave(NodeOrToken::Node(node)) => judge.leave(&node),
            WalkEvent::Leave(NodeOrToken::Token(_)) => {}
        }
    }
    Ok(judge.builder.finish())
}

struct Judge<'a> {
    text: &'a str,
    builder: Builder<'a>,
    /// The tag and the anchor that the next node has.
    head: Head,
    /// How many documents there were before the one that is being walked.
    documents: usize,
}

impl Judge<'_> {
    fn enter(&mut self, node: &SyntaxNode) -> Result<(), String> {
        let span = span(node.text_range());
        let id = match node.kind() {
            SyntaxKind::MAPPING => self
                .builder
                .open_mapping(span, style(node, SyntaxKind::LEFT_BRACE))
                .map_err(|error| error.to_string())?,
            SyntaxKind::SEQUENCE => self
                .builder
                .open_sequence(span, style(node, SyntaxKind::LEFT_BRACKET))
                .map_err(|error| error.to_string())?,
            SyntaxKind::SCALAR => {
                let Some(scalar) = Scalar::cast(node.clone()) else {
                    return Err("a scalar that is none".to_owned());
                };
                let written = span.of(self.text);
                let style = match written.bytes().next() {
                    Some(b'\'') => ScalarStyle::Single,
                    Some(b'"') => ScalarStyle::Double,
                    Some(b'|' | b'>') => ScalarStyle::Block,
                    _ => ScalarStyle::Plain,
                };
                // A word that stands for itself needs no copy.
                let bare = match style {
                    ScalarStyle::Plain => Some(written),
                    ScalarStyle::Single | ScalarStyle::Double => {
                        written.get(1..written.len().saturating_sub(1))
                    }
                    ScalarStyle::Block => None,
                };
                let text = match bare.filter(|bare| !bare.contains(['\\', '\'', '\n', '\r'])) {
                    Some(bare) => Cow::Borrowed(bare),
                    None => Cow::Owned(scalar.as_string()),
                };
                self.builder.scalar(span, text, style)
            }
            SyntaxKind::ALIAS => self.builder.alias(span, None),
            SyntaxKind::DOCUMENT => {
                self.documents = self.builder.documents();
                return Ok(());
            }
            // An entry whose key is left out: `: value`.
            SyntaxKind::VALUE if !self.builder.awaits_value() => self.nothing(span.start),
            _ => return Ok(()),
        };
        let head = std::mem::take(&mut self.head);
        if head != Head::default() {
            if let Some(its) = self.builder.head_mut(id) {
                *its = head;
            }
        }
        Ok(())
    }

    fn leave(&mut self, node: &SyntaxNode) {
        match node.kind() {
            // `---` and nothing behind it: a document all the same.
            SyntaxKind::DOCUMENT if self.builder.documents() == self.documents => {
                let mut tokens = node.children_with_tokens();
                if tokens.any(|token| token.kind() == SyntaxKind::DOC_START) {
                    self.nothing(span(node.text_range()).end);
                }
            }
            SyntaxKind::MAPPING | SyntaxKind::SEQUENCE => {
                self.builder.close();
            }
            // An entry whose value is left out: `? key`.
            SyntaxKind::MAPPING_ENTRY if self.builder.awaits_value() => {
                self.nothing(span(node.text_range()).end);
            }
            _ => {}
        }
    }

    fn nothing(&mut self, offset: usize) -> NodeId {
        self.builder
            .scalar(Span::at(offset), Cow::Borrowed(""), ScalarStyle::Plain)
    }
}

fn style(node: &SyntaxNode, opening: SyntaxKind) -> CollectionStyle {
    let first = node.children_with_tokens().next();
    if first.is_some_and(|first| first.kind() == opening) {
        CollectionStyle::Flow
    } else {
        CollectionStyle::Block
    }
}

fn span(range: rowan::TextRange) -> Span {
    Span::new(range.start().into(), range.end().into())
}
