//! Which span is drawn inside which, and which are drawn at all.

use std::collections::{BTreeMap, HashMap};

use crate::queries::traces::{StoredSpan, TracedError};
use crate::trace;

/// Errors by the span that they happened in.
#[derive(Default)]
pub(in crate::pages::performance) struct Errors<'a> {
    by_span: BTreeMap<usize, Vec<&'a TracedError>>,
}

impl<'a> Errors<'a> {
    /// Of a trace; with those of which no span is there.
    pub(in crate::pages::performance) fn of_trace(
        spans: &[StoredSpan],
        errors: &'a [TracedError],
    ) -> (Self, Vec<&'a TracedError>) {
        let tree = trace::tree(spans);
        let (placed, orphans) = trace::placed(spans, &tree, errors);
        let mut by_span: BTreeMap<usize, Vec<&TracedError>> = BTreeMap::new();
        for (segment, errors) in placed {
            let segment = &tree[segment];
            let own = || segment.spans.iter().chain([&segment.span]).copied();
            for (error, span_id) in errors {
                let span = own().find(|span| Some(&spans[*span].span_id) == span_id.as_ref());
                by_span.entry(span.unwrap_or(segment.span)).or_default().push(error);
            }
        }
        (Self { by_span }, orphans.into_iter().map(|(error, _)| error).collect())
    }

    pub(super) fn of(&self, span: usize) -> &[&'a TracedError] {
        self.by_span.get(&span).map_or(&[], Vec::as_slice)
    }
}

/// Spans inside each other, by their index.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) roots: Vec<usize>,
    pub(super) children: Vec<Vec<usize>>,
    parents: Vec<Option<usize>>,
}

impl Tree {
    /// Every span is once in the tree, whatever parents they say: spans of a transaction in the one they name, else in the
    /// transaction; a transaction in the span that called it, else in the transaction of that.
    pub(super) fn of(spans: &[StoredSpan]) -> Self {
        let segments = trace::tree(spans);
        let mut parents: Vec<Option<usize>> = vec![None; spans.len()];
        for segment in &segments {
            let own = || segment.spans.iter().chain([&segment.span]).copied();
            let by_id: HashMap<&str, usize> = own().map(|span| (spans[span].span_id.as_str(), span)).collect();
            for span in &segment.spans {
                let named = spans[*span].parent_span_id.as_deref().and_then(|id| by_id.get(id));
                parents[*span] = Some(named.copied().filter(|parent| parent != span).unwrap_or(segment.span));
            }
            if let Some(above) = segment.parent.map(|above| &segments[above]) {
                let callers = above.spans.iter().chain([&above.span]).copied();
                let mut callers = callers.filter(|caller| *caller != segment.span);
                let named = spans[segment.span].parent_span_id.as_ref();
                parents[segment.span] = Some(
                    callers
                        .find(|caller| Some(&spans[*caller].span_id) == named)
                        .unwrap_or(above.span),
                );
            }
        }
        // Spans that are in each other within a transaction belong to it itself.
        let roots: Vec<usize> = (0..spans.len()).filter(|span| parents[*span].is_none()).collect();
        let mut owner: HashMap<usize, usize> = HashMap::new();
        for segment in &segments {
            owner.extend(segment.spans.iter().map(|span| (*span, segment.span)));
        }
        let below = children(&parents);
        let mut reached = vec![false; spans.len()];
        reach(&roots, &below, &mut reached);
        for span in 0..spans.len() {
            if let (false, Some(owner)) = (reached[span], owner.get(&span)) {
                parents[span] = Some(*owner);
                reach(&[span], &below, &mut reached);
            }
        }
        let mut tree = Self {
            roots: (0..spans.len()).filter(|span| parents[*span].is_none()).collect(),
            children: children(&parents),
            parents,
        };
        let key = |span: &usize| (spans[*span].started_us, *span);
        tree.roots.sort_by_key(key);
        for children in &mut tree.children {
            children.sort_by_key(key);
        }
        tree
    }

    /// Whether each span is shown: at most so many. What failed or has errors before what did not, then transactions before others,
    /// then what took longest; and all above one that is shown.
    pub(super) fn shown(&self, spans: &[StoredSpan], errors: &Errors<'_>, most: usize) -> Vec<bool> {
        if spans.len() <= most {
            return vec![true; spans.len()];
        }
        let mut order: Vec<usize> = (0..spans.len()).collect();
        let rank = |index: &usize| {
            let span = &spans[*index];
            let failed = !errors.of(*index).is_empty() || crate::performance::is_failure(span.status.as_deref());
            let took = span.ended_us.saturating_sub(span.started_us);
            (!failed, span.is_segment == 0, std::cmp::Reverse(took), *index)
        };
        order.sort_by_key(rank);
        let mut shown = vec![false; spans.len()];
        let mut room = most;
        for span in order {
            let mut way = Vec::new();
            let mut at = Some(span);
            while let Some(next) = at.filter(|next| !shown[*next]) {
                way.push(next);
                at = self.parents[next];
            }
            if way.len() <= room {
                room -= way.len();
                for span in way {
                    shown[span] = true;
                }
            }
        }
        shown
    }

    /// How many spans directly or further inside one are not shown, and are inside no other that is shown and inside it.
    pub(super) fn hidden(&self, span: usize, shown: &[bool]) -> usize {
        let mut hidden = 0;
        let mut waiting: Vec<usize> = self.children[span]
            .iter()
            .copied()
            .filter(|child| !shown[*child])
            .collect();
        while let Some(span) = waiting.pop() {
            hidden += 1;
            // All inside one that is not shown are not.
            waiting.extend(&self.children[span]);
        }
        hidden
    }
}

fn children(parents: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); parents.len()];
    for (span, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            children[*parent].push(span);
        }
    }
    children
}

/// Marks spans and all inside them.
fn reach(spans: &[usize], children: &[Vec<usize>], reached: &mut [bool]) {
    let mut waiting = spans.to_vec();
    while let Some(span) = waiting.pop() {
        if !std::mem::replace(&mut reached[span], true) {
            waiting.extend(&children[span]);
        }
    }
}
