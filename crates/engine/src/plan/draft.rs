//! A repair to edits, and to what they mean for the document.
//!
//! This module owns which entries are added, replaced and taken away for each repair. How they
//! are laid out is for `block` and `flow`; whether the result may be made, for the planner.

use super::declaration::Declaration;
use super::layout::Layout;
use super::page::Page;
use super::quotes::{Quotes, quoted};
use super::site::Site;
use super::users::Anchored;
use super::{Refusal, block, flow};
use crate::find::Repair;
use crate::rule::{IMMUTABLE, MUTABILITY};
use crate::syntax::change::{Change, Changes, New};
use crate::syntax::{Entry, Format, NodeId, ScalarStyle, Value};
use crate::template::Call;
use crate::text::edit::Edit;
use crate::text::span::Span;

/// A fix in the making.
pub(super) struct Draft<'p> {
    page: &'p Page<'p>,
    anchored: &'p Anchored,
    declaration: &'p Declaration,
    /// The bytes to change.
    pub(super) edits: Vec<Edit>,
    /// What that means for the document.
    pub(super) changes: Changes,
}

impl<'p> Draft<'p> {
    /// Plans the edits of a repair.
    ///
    /// # Errors
    /// Where there is no sure place to write, or what would go is used elsewhere.
    pub(super) fn of(
        repair: &Repair,
        declaration: &'p Declaration,
        page: &'p Page<'p>,
        anchored: &'p Anchored,
    ) -> Result<Self, Refusal> {
        let mut draft = Self {
            page,
            anchored,
            declaration,
            edits: Vec::new(),
            changes: Changes::default(),
        };
        match repair {
            Repair::AddProperties { body } => draft.add_properties(*body)?,
            Repair::FillProperties { value } => draft.fill_properties(*value)?,
            Repair::AddMutability { mapping, filters } => {
                draft.add_mutability(*mapping, *filters)?;
            }
            Repair::RewriteMutability {
                mapping,
                value,
                filters,
            } => {
                draft.rewrite_word(*value, declaration.mutability())?;
                draft.replace_filters(*mapping, *filters)?;
                draft.edits = joined(draft.edits);
            }
            Repair::RewriteSources { literals } => {
                for &(at, _) in literals {
                    draft.rewrite_source(at)?;
                }
            }
        }
        Ok(draft)
    }

    fn add_properties(&mut self, body: NodeId) -> Result<(), Refusal> {
        let page = self.page;
        let owner = page.owner(body)?;
        let site = Site {
            page,
            owner,
            mapping: body,
            quotes: Quotes {
                key: page.quotes_of(owner.type_entry.key),
                value: page.quotes_of(owner.type_entry.value),
            },
        };
        let declared = New::Mapping(self.declaration.entries());
        self.add_after(site, owner.type_entry, ("Properties".to_owned(), declared))
    }

    /// Adds an entry below another one of its mapping.
    fn add_after(
        &mut self,
        site: Site<'_>,
        sibling: Entry,
        new: (String, New),
    ) -> Result<(), Refusal> {
        let (key, value) = new.clone();
        self.edits.extend(if self.page.is_flow(site.mapping) {
            flow::add_after(site, sibling, new)?
        } else {
            block::add_after(site, sibling, new)?
        });
        let before = nth(self.page, sibling) + 1;
        self.changes
            .add(site.mapping, Change::Insert { before, key, value });
        Ok(())
    }

    fn fill_properties(&mut self, value: NodeId) -> Result<(), Refusal> {
        let page = self.page;
        let tree = page.tree;
        let properties = page.home(value)?;
        let owner = page.owner(value)?;
        let site = Site {
            page,
            owner,
            mapping: value,
            quotes: Quotes {
                key: page.quotes_of(properties.key),
                value: page.quotes_of(owner.type_entry.value),
            },
        };
        let declared = self.declaration.entries();
        self.edits.push(if tree.is_mapping(value) {
            flow::fill_empty(site, &declared)?
        } else if !tree.span(value).is_empty() {
            Edit::replace(tree.span(value), flow::braced(site, &declared))
        } else if page.is_flow(owner.resource.body) {
            page.fill_blank(properties, &flow::braced(site, &declared))?
        } else {
            block::fill_properties(site, properties.key, &declared)?
        });
        if tree.is_mapping(value) {
            self.declare(value, 0);
        } else {
            let declared = New::Mapping(declared);
            self.changes.add(value, Change::Replace(declared));
        }
        Ok(())
    }

    /// Says that a mapping gains what the rule asks for.
    fn declare(&mut self, mapping: NodeId, before: usize) {
        for (key, value) in self.declaration.missing_in(self.page.tree, mapping) {
            self.changes
                .add(mapping, Change::Insert { before, key, value });
        }
    }

    fn add_mutability(&mut self, mapping: NodeId, filters: Option<Entry>) -> Result<(), Refusal> {
        let (page, tree) = (self.page, self.page.tree);
        let filters = filters.filter(|_| !self.declaration.has_filters_in(tree, mapping));
        let properties = page.home(mapping)?;
        let owner = page.owner(mapping)?;
        let site = Site {
            page,
            owner,
            mapping,
            quotes: Quotes {
                key: page.key_quotes(mapping, properties.key),
                value: page.value_quotes(mapping, owner.type_entry),
            },
        };
        let is_flow = page.is_flow(mapping);
        let mut before = 0;
        if let Some(only) = filters.filter(|_| tree.entries(mapping).len() == 1) {
            // The mutability takes the place of the only entry.
            self.anchored.allow_removal(tree, only)?;
            let declared = self.declaration.entries();
            self.edits = if is_flow {
                vec![flow::replace_only(site, only, &declared)]
            } else {
                block::replace_only(site, properties.key, only, &declared)?
            };
            self.forget(mapping, only);
        } else {
            let declared = self.declaration.missing_in(tree, mapping);
            let edit = if is_flow {
                flow::add_first(site, &declared)?
            } else {
                let edit;
                (edit, before) = block::add_first(site, properties.key, &declared)?;
                edit
            };
            self.edits.push(edit);
            if let Some(filters) = filters {
                self.remove(mapping, filters)?;
            }
        }
        self.declare(mapping, before);
        Ok(())
    }

    /// Takes the exclusion filters away, and writes those of the tags that
    /// are to stay mutable below the mutability.
    fn replace_filters(&mut self, mapping: NodeId, old: Option<Entry>) -> Result<(), Refusal> {
        let (page, tree) = (self.page, self.page.tree);
        let Some(new) = self.declaration.filters() else {
            return match old {
                Some(old) => self.remove(mapping, old),
                None => Ok(()),
            };
        };
        if self.declaration.has_filters_in(tree, mapping) {
            return Ok(());
        }
        let owner = page.owner(mapping)?;
        let mutability = tree
            .entry(mapping, MUTABILITY)
            .ok_or(Refusal::Layout(Layout::MutabilityWithoutKey))?;
        let site = Site {
            page,
            owner,
            mapping,
            quotes: Quotes {
                key: page.quotes_of(mutability.key),
                value: page.value_quotes(mapping, owner.type_entry),
            },
        };
        let after = tree.entries(mapping).get(nth(page, mutability) + 1);
        match old {
            // Where the list stands in its place already, only it changes.
            Some(old) if after == Some(&old) => {
                self.anchored.allow_removal(tree, old)?;
                let (key, value) = new.clone();
                if page.is_flow(mapping) {
                    self.edits.push(flow::replace_value(site, old, &value)?);
                    self.changes.add(old.value, Change::Become(value));
                    return Ok(());
                }
                self.edits.push(block::replace_entry(site, old, new)?);
                let before = nth(page, old);
                self.changes
                    .add(mapping, Change::Insert { before, key, value });
                self.forget(mapping, old);
                Ok(())
            }
            Some(old) => {
                self.add_after(site, mutability, new)?;
                self.remove(mapping, old)
            }
            None => self.add_after(site, mutability, new),
        }
    }

    /// Takes an entry away.
    fn remove(&mut self, mapping: NodeId, entry: Entry) -> Result<(), Refusal> {
        let page = self.page;
        self.anchored.allow_removal(page.tree, entry)?;
        self.edits.extend(if page.is_flow(mapping) {
            flow::remove(page, mapping, entry)?
        } else {
            block::remove(page, mapping, entry)?
        });
        self.forget(mapping, entry);
        Ok(())
    }

    /// Says that a mapping loses an entry.
    fn forget(&mut self, mapping: NodeId, entry: Entry) {
        let entry = nth(self.page, entry);
        self.changes.add(mapping, Change::Remove { entry });
    }

    /// Puts the value in the place of a literal that a mutability is computed from.
    fn rewrite_source(&mut self, at: NodeId) -> Result<(), Refusal> {
        let tree = self.page.tree;
        if Call::of(tree, at).is_none_or(|call| call.name != "Ref") {
            return self.rewrite_word(at, IMMUTABLE);
        }
        // It is `AWS::NoValue`.
        if tree.anchor(at).is_some() {
            return Err(Refusal::Layout(Layout::Anchor));
        }
        let span = Span::new(tree.start(at), tree.end(at));
        if span.of(tree.text()).contains('\n') && tree.format() == Format::Yaml {
            return Err(Refusal::Layout(Layout::NoValueLines));
        }
        let word = quoted(IMMUTABLE, self.page.quotes_beside(at));
        self.edits.push(Edit::replace(span, word));
        let new = New::Text(IMMUTABLE.to_owned());
        self.changes.add(at, Change::Become(new));
        Ok(())
    }

    /// Makes a scalar say `new`, with its own quotes.
    fn rewrite_word(&mut self, value: NodeId, new: &str) -> Result<(), Refusal> {
        let (page, tree) = (self.page, self.page.tree);
        let span = tree.span(value);
        if tree.literal(value) == Some(new) {
            return Ok(());
        }
        let edit = match tree.value(value) {
            Value::Scalar {
                style: ScalarStyle::Single | ScalarStyle::Double,
                ..
            } => Edit::replace(Span::new(span.start + 1, span.end.saturating_sub(1)), new),
            Value::Scalar {
                style: ScalarStyle::Block,
                text,
            } => {
                // White space before the word would be in the text, too.
                let word = span.of(tree.text()).trim_end();
                if word.is_empty() || word != text || word.contains('\n') {
                    return Err(Refusal::BlockScalar);
                }
                Edit::replace(Span::new(span.start, span.start + word.len()), new)
            }
            Value::Scalar { .. } if span.is_empty() => page.fill_blank(page.home(value)?, new)?,
            // A word stays as bare as it was; null, and whatever is bare in
            // JSON, was so because it had to be.
            Value::Scalar { .. } => {
                let word = if tree.format() == Format::Json || tree.is_null(value) {
                    quoted(new, page.quotes_beside(value))
                } else {
                    new.to_owned()
                };
                Edit::replace(span, word)
            }
            _ => return Err(Refusal::Layout(Layout::NotAWord)),
        };
        self.edits.push(edit);
        let new = New::Text(new.to_owned());
        self.changes.add(value, Change::Replace(new));
        Ok(())
    }
}

/// Which entry of its mapping this is, from 0.
fn nth(page: &Page<'_>, entry: Entry) -> usize {
    page.tree.index(entry.key) / 2
}

/// Edits in which what is inserted at one place is one edit: a word where
/// nothing was written, and the member behind it.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        let place = edit.span;
        let there = joined
            .iter_mut()
            .find(|there| place.is_empty() && there.span == place);
        match there {
            Some(there) => there.text.push_str(&edit.text),
            None => joined.push(edit),
        }
    }
    joined
}
