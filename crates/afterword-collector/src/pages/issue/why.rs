//! Why the events of an issue are together.

use crate::issues::groups::Group;
use crate::pages::room::{Room, short, weight};
use crate::queries::around::Newest;

/// Parts of a reason that are shown.
const MAX_PARTS: usize = 12;

/// A group of an issue.
#[derive(Debug)]
pub(super) struct GroupView {
    pub(super) key: String,
    pub(super) words: String,
    /// Kind and value.
    pub(super) parts: Vec<(String, String)>,
    /// Parts that are not shown.
    pub(super) more: usize,
    /// The event on the page is in it.
    pub(super) here: bool,
    pub(super) newest_url: Option<String>,
}

impl GroupView {
    fn of(group: &Group, of_event: Option<i64>, issue_id: i64, newest: &Newest) -> Self {
        let why = group.why();
        let parts = why["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &serde_json::Value, chars| value.as_str().map_or(String::new(), |text| short(text, chars));
        let left_out = why["partsLeftOut"].as_u64().and_then(|more| usize::try_from(more).ok());
        let event = newest.of_groups.get(&group.id);
        Self {
            key: group.group_key.clone(),
            words: match text(&why["words"], 400) {
                words if words.is_empty() => format!("Their {} is the same.", group.grouped_by),
                words => words,
            },
            parts: parts
                .iter()
                .take(MAX_PARTS)
                .map(|part| (text(&part["kind"], 30), text(&part["value"], 300)))
                .collect(),
            more: parts.len().saturating_sub(MAX_PARTS) + left_out.unwrap_or(0),
            here: of_event == Some(group.id),
            newest_url: event.map(|event| format!("/issues/{issue_id}/events/{event}/")),
        }
    }

    fn weight(&self) -> usize {
        let parts = self.parts.iter().map(|(kind, value)| 60 + weight(kind) + weight(value));
        600 + weight(&self.words) + parts.sum::<usize>()
    }
}

/// The groups, that of the event first, in a bounded room; and how many there are besides.
pub(super) fn groups(
    groups: &[Group],
    of_event: Option<i64>,
    issue_id: i64,
    newest: &Newest,
    mut room: Room,
) -> (Vec<GroupView>, usize) {
    let mut views: Vec<GroupView> = groups
        .iter()
        .map(|group| GroupView::of(group, of_event, issue_id, newest))
        .collect();
    views.sort_by_key(|view| !view.here);
    room.fit(views, GroupView::weight)
}
