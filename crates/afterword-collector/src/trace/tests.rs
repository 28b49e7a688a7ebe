//! Trees of spans that make sense, and of such that do not.

use super::*;

/// `(project, transaction, id, parent, is a segment)`.
type Line = (i64, Option<&'static str>, &'static str, Option<&'static str>, bool);

fn spans(lines: &[Line]) -> Vec<StoredSpan> {
    let span = |(at, line): (i64, &Line)| StoredSpan {
        project_id: line.0,
        project: String::new(),
        span_id: line.2.to_owned(),
        parent_span_id: line.3.map(str::to_owned),
        event_id: line.1.map(str::to_owned),
        is_segment: i64::from(line.4),
        name: String::new(),
        op: None,
        status: None,
        release: None,
        environment: None,
        started_us: at,
        ended_us: at,
    };
    (0..).zip(lines).map(span).collect()
}

/// `a(b c(d))[x y]`: segments inside each other, and their spans.
fn shown(lines: &[Line]) -> String {
    let spans = spans(lines);
    let tree = tree(&spans);
    assert_eq!(
        tree.iter().map(|segment| 1 + segment.spans.len()).sum::<usize>(),
        spans.len(),
        "each span is once in the tree"
    );
    let below = |parent| {
        tree.iter()
            .enumerate()
            .filter(move |(_, segment)| segment.parent == parent)
            .map(|(index, _)| index)
    };
    fn show(
        tree: &[Segment],
        spans: &[StoredSpan],
        index: usize,
        below: &dyn Fn(Option<usize>) -> Vec<usize>,
    ) -> String {
        let segment = &tree[index];
        let mut text = spans[segment.span].span_id.clone();
        let children: Vec<String> = below(Some(index))
            .into_iter()
            .map(|child| show(tree, spans, child, below))
            .collect();
        if !children.is_empty() {
            text += &format!("({})", children.join(" "));
        }
        if !segment.spans.is_empty() {
            let names: Vec<&str> = segment.spans.iter().map(|span| spans[*span].span_id.as_str()).collect();
            text += &format!("[{}]", names.join(" "));
        }
        text
    }
    let below = |parent| below(parent).collect::<Vec<_>>();
    let roots: Vec<String> = below(None)
        .into_iter()
        .map(|root| show(&tree, &spans, root, &below))
        .collect();
    roots.join(" ")
}

#[test]
fn transactions_of_two_projects_are_nested_by_their_spans() {
    let lines = [
        (1, Some("t1"), "a", None, true),
        (1, Some("t1"), "x", Some("a"), false),
        (1, Some("t1"), "y", Some("x"), false),
        (2, Some("t2"), "b", Some("y"), true),
        (2, Some("t2"), "z", Some("b"), false),
        (2, Some("t3"), "c", Some("a"), true),
    ];
    assert_eq!(shown(&lines), "a(b[z] c)[x y]");
}

#[test]
fn spans_that_came_alone_belong_to_the_segment_above() {
    let lines = [
        (1, None, "a", None, true),
        (1, None, "x", Some("a"), false),
        (1, None, "y", Some("x"), false),
        (1, None, "b", Some("y"), true),
        (1, None, "z", Some("b"), false),
    ];
    assert_eq!(shown(&lines), "a(b[z])[x y]");
}

#[test]
fn what_has_no_known_parent_is_a_root() {
    let lines = [
        (1, Some("t1"), "a", Some("nowhere"), true),
        (1, None, "x", Some("nowhere"), false),
        (1, None, "y", Some("x"), false),
        // Its transaction was not kept.
        (1, Some("lost"), "z", Some("nowhere"), false),
    ];
    assert_eq!(shown(&lines), "a x[y] z");
}

#[test]
fn circles_have_an_end() {
    let lines = [
        (1, Some("t1"), "a", Some("b"), true),
        (1, Some("t2"), "b", Some("a"), true),
        (1, None, "x", Some("y"), false),
        (1, None, "y", Some("x"), false),
        (1, Some("t3"), "c", Some("c"), true),
    ];
    assert_eq!(shown(&lines), "y[x] c a(b)");
}

#[test]
fn of_spans_with_one_id_the_nearest_is_the_parent() {
    let lines = [
        (1, Some("t1"), "a", None, true),
        (2, Some("t2"), "a", None, true),
        (2, Some("t2"), "x", Some("a"), false),
        (2, Some("t3"), "c", Some("a"), true),
        (1, Some("t4"), "d", Some("a"), true),
    ];
    assert_eq!(shown(&lines), "a(d) a(c)[x]");
}

#[test]
fn a_deep_tree_is_cut_to_a_bound_and_keeps_all() {
    let mut deep = spans(&[(1, None, "", None, true); 5000]);
    for (index, span) in deep.iter_mut().enumerate() {
        span.span_id = index.to_string();
        span.parent_span_id = index.checked_sub(1).map(|above| above.to_string());
    }
    let tree = tree(&deep);
    assert_eq!(tree.len(), 5000);
    assert_eq!(tree.iter().map(|segment| segment.depth).max(), Some(MAX_DEPTH - 1));
    assert_eq!(tree.iter().filter(|segment| segment.parent.is_none()).count(), 1);
}
