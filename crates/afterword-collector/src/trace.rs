//! A trace as a tree: which transaction called which. Pure.
//!
//! Spans tell their parents by id. A *segment* is a transaction, or the first span of a process where spans come alone;
//! every other span belongs to one: that of its transaction, else that of its parent. A segment is the child of the one
//! that its parent span belongs to, whatever project that is in. What strangers send need not make sense: a parent
//! that is not there, or not yet, makes a root; of spans that are each other's ancestors one is made the root; and a
//! tree deeper than [`MAX_DEPTH`] goes on beside itself.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use crate::queries::traces::{StoredSpan, TracedError};

/// Transactions inside each other in one answer.
pub(crate) const MAX_DEPTH: usize = 100;

/// A transaction in a trace.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Which span it is.
    pub(crate) span: usize,
    /// The segment above it, as an index of the tree.
    pub(crate) parent: Option<usize>,
    /// Its spans but for its own, the earliest first.
    pub(crate) spans: Vec<usize>,
    /// How many are above it.
    pub(crate) depth: usize,
}

/// The segments of a trace, each behind the one above it.
pub(crate) fn tree(spans: &[StoredSpan]) -> Vec<Segment> {
    let parents = parents(spans);
    let owners = owners(spans, &parents);
    let is_segment = |span: &usize| owners[*span] == *span;
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut roots = VecDeque::new();
    for span in (0..spans.len()).filter(is_segment) {
        match parents[span]
            .map(|parent| owners[parent])
            .filter(|above| *above != span)
        {
            Some(above) => children.entry(above).or_default().push(span),
            None => roots.push_back(span),
        }
    }

    // Roots first, then whatever no root leads to, which is a circle.
    let mut tree: Vec<Segment> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    let candidates = roots.into_iter().chain((0..spans.len()).filter(is_segment));
    for root in candidates {
        let mut waiting = VecDeque::from([(root, None::<usize>)]);
        while let Some((span, above)) = waiting.pop_front() {
            if place.contains_key(&span) {
                continue;
            }
            let above = above.and_then(|above| {
                if tree[above].depth + 1 < MAX_DEPTH {
                    Some(above)
                } else {
                    tree[above].parent
                }
            });
            place.insert(span, tree.len());
            waiting.extend(
                children
                    .remove(&span)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|child| (child, Some(tree.len()))),
            );
            tree.push(Segment {
                span,
                parent: above,
                spans: Vec::new(),
                depth: above.map_or(0, |above| tree[above].depth + 1),
            });
        }
    }
    for (span, owner) in owners.iter().enumerate().filter(|(span, owner)| span != *owner) {
        tree[place[owner]].spans.push(span);
    }
    tree
}

/// The errors of a trace by the segment (as an index of the tree) that they happened in, each with its span if that is known, and those of
/// which no span is there.
#[expect(clippy::type_complexity, reason = "errors with their spans, placed and not")]
pub(crate) fn placed<'e>(
    spans: &[StoredSpan],
    tree: &[Segment],
    errors: &'e [TracedError],
) -> (
    HashMap<usize, Vec<(&'e TracedError, Option<String>)>>,
    Vec<(&'e TracedError, Option<String>)>,
) {
    let mut owners: HashMap<&str, Vec<(usize, i64)>> = HashMap::new();
    for (index, segment) in tree.iter().enumerate() {
        for span in segment.spans.iter().chain([&segment.span]) {
            let span = &spans[*span];
            owners.entry(&span.span_id).or_default().push((index, span.project_id));
        }
    }
    let mut placed: HashMap<usize, Vec<(&TracedError, Option<String>)>> = HashMap::new();
    let mut orphans = Vec::new();
    for error in errors {
        let span_id = error.span_id();
        let candidates = span_id.as_deref().and_then(|id| owners.get(id));
        // Of spans with the same id the one of its own project.
        let owner = candidates.and_then(|owners| owners.iter().max_by_key(|(_, project)| *project == error.project_id));
        match owner {
            Some((index, _)) => placed.entry(*index).or_default().push((error, span_id)),
            None => orphans.push((error, span_id)),
        }
    }
    (placed, orphans)
}

/// The parent of each span, if it is there: in its own transaction, else in its project, else anywhere.
fn parents(spans: &[StoredSpan]) -> Vec<Option<usize>> {
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, span) in spans.iter().enumerate() {
        by_id.entry(&span.span_id).or_default().push(index);
    }
    let nearness = |child: &StoredSpan, parent: &StoredSpan| {
        let same_project = child.project_id == parent.project_id;
        (same_project && child.event_id == parent.event_id, same_project)
    };
    let parent = |(index, span): (usize, &StoredSpan)| {
        let candidates = by_id.get(span.parent_span_id.as_deref()?)?.iter().copied();
        candidates
            .filter(|parent| *parent != index)
            .max_by_key(|parent| nearness(span, &spans[*parent]))
    };
    spans.iter().enumerate().map(parent).collect()
}

/// The segment that each span belongs to; a segment belongs to itself.
fn owners(spans: &[StoredSpan], parents: &[Option<usize>]) -> Vec<usize> {
    let of_transaction: HashMap<(i64, &str), usize> = spans
        .iter()
        .enumerate()
        .filter(|(_, span)| span.is_segment != 0)
        .filter_map(|(index, span)| Some(((span.project_id, span.event_id.as_deref()?), index)))
        .collect();
    let mut owners: Vec<Option<usize>> = spans
        .iter()
        .enumerate()
        .map(|(index, span)| {
            if span.is_segment != 0 {
                return Some(index);
            }
            of_transaction
                .get(&(span.project_id, span.event_id.as_deref()?))
                .copied()
        })
        .collect();
    let mut on_the_way = vec![false; spans.len()];
    for start in 0..spans.len() {
        let mut way = Vec::new();
        let mut at = start;
        let owner = loop {
            if let Some(owner) = owners[at] {
                break owner;
            }
            on_the_way[at] = true;
            way.push(at);
            match parents[at].filter(|parent| !on_the_way[*parent]) {
                Some(parent) => at = parent,
                // The topmost that is known, or a circle.
                None => break at,
            }
        };
        for passed in way {
            owners[passed] = Some(owner);
            on_the_way[passed] = false;
        }
    }
    owners
        .into_iter()
        .enumerate()
        .map(|(index, owner)| owner.unwrap_or(index))
        .collect()
}
