//! The judge of YAML: `yaml-edit`, a lossless parser that shares no code
//! with the reader.
//!
//! Only its concrete syntax tree is used, read-only and in one walk without
//! recursion; its setters are forbidden in this crate, since they reformat.

use std::borrow::Cow;

use rowan::ast::AstNode;
use rowan::{GreenNodeData, GreenTokenData, Language, NodeOrToken, TextRange, TextSize};
use yaml_edit::{Lang, Scalar, SyntaxKind, YamlFile};

use crate::syntax::{
    Builder, CollectionStyle, Format, Head, NodeId, ScalarStyle, Tag, TagKind, Tree,
};
use crate::text::span::Span;

type SyntaxNode = rowan::SyntaxNode<Lang>;

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
    let green = root.green();
    let mut judge = Judge {
        text,
        root: &root,
        builder: Builder::new(text, Format::Yaml),
        head: Head::default(),
        documents: 0,
    };
    // The nodes themselves are walked, and not with a cursor, which is
    // allocated anew for each: that takes as long as parsing does.
    let mut at = 0;
    let mut open = vec![(&*green, at, green.children())];
    judge.enter(&green, at)?;
    while let Some((node, start, children)) = open.last_mut() {
        match children.next() {
            Some(NodeOrToken::Node(child)) => {
                judge.enter(child, at)?;
                open.push((child, at, child.children()));
            }
            Some(NodeOrToken::Token(token)) => at = judge.token(token, at)?,
            None => {
                judge.leave(node, Span::new(*start, at));
                open.pop();
            }
        }
    }
    if at != text.len() {
        return Err(OTHER_TEXT.to_owned());
    }
    Ok(judge.builder.finish())
}

const OTHER_TEXT: &str = "it does not print the text back";

struct Judge<'a, 't> {
    text: &'a str,
    root: &'t SyntaxNode,
    builder: Builder<'a>,
    /// The tag and the anchor that the next node has.
    head: Head,
    /// How many documents there were before the one that is being walked.
    documents: usize,
}

impl Judge<'_, '_> {
    /// Takes a token that begins at `at`. Gives where it ends.
    fn token(&mut self, token: &GreenTokenData, at: usize) -> Result<usize, String> {
        let span = Span::new(at, at + token.text().len());
        if self.text.get(span.range()) != Some(token.text()) {
            return Err(OTHER_TEXT.to_owned());
        }
        match Lang::kind_from_raw(token.kind()) {
            // What a tag means is the reader's to say; here it has to stay.
            SyntaxKind::TAG => {
                let kind = TagKind::Own;
                self.head.tag = Some(Tag { span, kind });
            }
            SyntaxKind::ANCHOR => self.head.anchor = Some(span),
            _ => {}
        }
        Ok(span.end)
    }

    /// Takes a node that begins at `at`, before what is in it.
    fn enter(&mut self, node: &GreenNodeData, at: usize) -> Result<(), String> {
        let span = Span::new(at, at + usize::from(node.text_len()));
        let id = match Lang::kind_from_raw(node.kind()) {
            SyntaxKind::MAPPING => self
                .builder
                .open_mapping(span, style(node, SyntaxKind::LEFT_BRACE))
                .map_err(|error| error.to_string())?,
            SyntaxKind::SEQUENCE => self
                .builder
                .open_sequence(span, style(node, SyntaxKind::LEFT_BRACKET))
                .map_err(|error| error.to_string())?,
            SyntaxKind::SCALAR => {
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
                    None => Cow::Owned(self.scalar(span).ok_or("a scalar that is none")?),
                };
                self.builder.scalar(span, text, style)
            }
            SyntaxKind::ALIAS => self.builder.alias(span, None),
            SyntaxKind::DOCUMENT => {
                self.documents = self.builder.documents();
                return Ok(());
            }
            _ => return Ok(()),
        };
        let head = std::mem::take(&mut self.head);
        if head != Head::default()
            && let Some(its) = self.builder.head_mut(id)
        {
            *its = head;
        }
        Ok(())
    }

    /// What the judge makes of the scalar at a span. It may look around for
    /// that, and so it is asked with a cursor.
    fn scalar(&self, span: Span) -> Option<String> {
        let offset = |at| TextSize::try_from(at).ok();
        let range = TextRange::new(offset(span.start)?, offset(span.end)?);
        let within = self.root.text_range().contains_range(range);
        let element = within.then(|| self.root.covering_element(range))?;
        let mut nodes = element.ancestors();
        let scalar = nodes.find_map(Scalar::cast)?;
        (scalar.syntax().text_range() == range).then(|| scalar.as_string())
    }

    /// Takes the end of a node, after what is in it.
    fn leave(&mut self, node: &GreenNodeData, span: Span) {
        match Lang::kind_from_raw(node.kind()) {
            // `---` and nothing behind it: a document all the same.
            SyntaxKind::DOCUMENT if self.builder.documents() == self.documents => {
                let mut children = node.children();
                if children.any(|child| Lang::kind_from_raw(child.kind()) == SyntaxKind::DOC_START)
                {
                    self.nothing(span.end);
                }
            }
            SyntaxKind::MAPPING | SyntaxKind::SEQUENCE => {
                self.builder.close();
            }
            // An entry whose value is left out: `? key`.
            SyntaxKind::MAPPING_ENTRY if self.builder.awaits_value() => {
                self.nothing(span.end);
            }
            _ => {}
        }
    }

    fn nothing(&mut self, offset: usize) -> NodeId {
        self.builder
            .scalar(Span::at(offset), Cow::Borrowed(""), ScalarStyle::Plain)
    }
}

fn style(node: &GreenNodeData, opening: SyntaxKind) -> CollectionStyle {
    let first = node.children().next();
    if first.is_some_and(|first| Lang::kind_from_raw(first.kind()) == opening) {
        CollectionStyle::Flow
    } else {
        CollectionStyle::Block
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::syntax::{Value, parse_as};

    /// All that a tree says, and where each node begins in the text.
    fn told(tree: &Tree<'_>) -> String {
        let documents = tree.documents().iter().map(|&id| told_of(tree, id));
        documents.collect::<Vec<_>>().join(" | ")
    }

    fn told_of(tree: &Tree<'_>, id: NodeId) -> String {
        let written = |span: Span| span.of(tree.text()).to_owned() + " ";
        let head = [tree.tag(id).map(|tag| tag.span), tree.anchor(id)];
        let head: String = head.into_iter().flatten().map(written).collect();
        let value = match tree.value(id) {
            Value::Scalar { text, style } => format!("{style:?} {text:?}"),
            Value::Alias { .. } => written(tree.span(id)),
            Value::Mapping { style, entries } => {
                let told = entries.iter().map(|entry| {
                    let [key, value] = [entry.key, entry.value].map(|id| told_of(tree, id));
                    format!("{key}: {value}, ")
                });
                format!("{style:?} {{{}}}", told.collect::<String>())
            }
            Value::Sequence { style, items } => {
                let told = items.iter().map(|&item| told_of(tree, item) + ", ");
                format!("{style:?} [{}]", told.collect::<String>())
            }
        };
        head + &value
    }

    #[test]
    fn the_judge_sees_what_the_reader_sees() {
        for text in [
            "a: b\n",
            "a: 'b'\n",
            "a: 'it''s'\n",
            "a: ''\n",
            "a: \"b\"\n",
            "a: \"b\\tc\"\n",
            "a: \"b\n  c\"\n",
            "a: b\n  c\n",
            "a: |\n  b\n  c\n",
            "a: >-\n  b\n  c\nd: e\n",
            "a: !t b\n",
            "a: !t\n  b: !!str c\n",
            "a: &x b\nc: *x\n",
            "a: &x !t\n  b: c\n",
            "a:\nb:\n",
            "? a\n? b\n: c\n",
            ": a\n",
            "{a, : b}\n",
            "a:\n  : b\n",
            "{a, b: c, d: }\n",
            "{}\n",
            "[]\n",
            "[a, {b: c}, [d]]\n",
            "- a\n- - b\n  - c\n- d: e\n",
            "a:\n  b: {c: [d]}\n  e:\n  - f\n",
            "---\n---\na: b\n",
            "a\n---\n'b'\n...\n---\n[c]\n",
        ] {
            let mine = parse_as(text, Format::Yaml).unwrap();
            let theirs = read(text).unwrap();
            assert_eq!(told(&theirs), told(&mine), "{text}");
        }
    }
}
