//! That searches go along indexes: what SQLite says of the very statements that they run.

use sqlx::{AssertSqlSafe, Row as _};

use super::conditions::{EVENTS, ISSUES, Project, Target, conditions};
use super::driver::Plan;
use super::issues::{STATUSES, Sort};
use super::walk::{Along, Page, Place};
use super::{Of, Range, Search, events};
use crate::database::Database;

const PROJECT: i64 = 1;

async fn database(folder: &tempfile::TempDir) -> Database {
    let database = Database::open(&folder.path().join("a.db")).await.unwrap();
    // Tags to be found, and enough of one so that it is not looked up row by row.
    let rows = "INSERT INTO tags (id, project_id, key, value) VALUES (1, 1, 'level', 'error'), (2, 1, 'release', '1.0'),
            (3, 1, '', 'flush'), (4, 1, 'user.id', 'u1');
        INSERT INTO event_tags (tag_id, event_row) WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30000)
            SELECT 1, n FROM n UNION ALL SELECT 2, n FROM n UNION ALL SELECT 3, n FROM n;
        INSERT INTO event_tags VALUES (4, 17);
        INSERT INTO issue_tags (tag_id, issue_id) SELECT tag_id, event_row FROM event_tags";
    sqlx::raw_sql(rows).execute(&database.write).await.unwrap();
    database
}

async fn plan(database: &Database, target: Target, along: &Along, query: &str) -> String {
    let of = target.of;
    let search = Search::parse(query, of, None, 0).unwrap();
    let project = Project {
        id: PROJECT,
        slug: "editor".to_owned(),
    };
    let conditions = conditions(database, &project, &search, of)
        .await
        .ok()
        .flatten()
        .unwrap();
    let plan = Plan::new(database, target, along, &conditions).await.unwrap();
    let page = Page {
        from: Some(Place { value: 9, id: 9 }),
        ..Page::FIRST
    };
    let mut statement = plan.query(&along.select(), page, Some(Place { value: 1, id: 1 }), database);
    along.push_order(&mut statement, page);
    let mut connection = database.read.acquire().await.unwrap();
    let (text, arguments) = statement.parts(&connection).unwrap();
    let text = format!("EXPLAIN QUERY PLAN {}", text.0);
    let rows = sqlx::query_with(AssertSqlSafe(text), arguments)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get::<String, _>(3)).collect();
    // Newer ones say so of a subquery that they look through as of a join.
    lines.join("\n").replace(" EXISTS USING", " USING")
}

#[tokio::test]
async fn no_search_goes_through_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder).await;
    let project = Project {
        id: PROJECT,
        slug: "editor".to_owned(),
    };
    let by_time = "events_by_time (project_id=? AND occurred_at>? AND occurred_at<?)";
    let by_issue = "events_by_issue (issue_id=? AND occurred_at>? AND occurred_at<?)";
    let tag = "event_tags USING PRIMARY KEY (tag_id=? AND event_row=?)";
    let rare = "event_tags USING PRIMARY KEY (tag_id=?)\nSEARCH events USING INTEGER PRIMARY KEY (rowid=?)";
    let cases: [(&str, Option<i64>, &[&str], bool); 9] = [
        ("", None, &[by_time], false),
        ("level:error", None, &[by_time, tag], false),
        ("!level:error !release:1.0", None, &[by_time, tag], false),
        ("flush level:error", None, &[by_time, tag], false),
        ("user.id:u1", None, &[rare], true),
        ("user.id:u1 level:error flush", None, &[rare, tag], true),
        ("has:user.id", None, &[rare], true),
        ("", Some(7), &[by_issue], false),
        ("level:error release:1.0", Some(7), &[by_issue, tag], false),
    ];
    for (query, issue, expected, sorts) in cases {
        let along = events::along(&project, issue, &[]).remove(0);
        let plan = plan(&database, EVENTS, &along, query).await;
        for expected in expected {
            assert!(plan.contains(expected), "{query}: {expected}\n{plan}");
        }
        assert!(!plan.contains("SCAN events"), "{query}\n{plan}");
        assert_eq!(plan.contains("TEMP B-TREE FOR ORDER BY"), sorts, "{query}\n{plan}");
    }
}

#[tokio::test]
async fn no_list_of_issues_is_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder).await;
    let sorts = [
        (Sort::LastSeen, "issues_by_last_seen"),
        (Sort::FirstSeen, "issues_by_first_seen"),
        (Sort::Events, "issues_by_events"),
        (Sort::Users, "issues_by_users"),
    ];
    for (sort, index) in sorts {
        let along = super::issues::along(PROJECT, STATUSES[0].1, sort);
        for query in [
            "",
            "flush",
            "level:error release:1.0",
            "times_seen:>10",
            "assigned:none !is:new",
        ] {
            let plan = plan(&database, ISSUES, &along, query).await;
            assert!(
                plan.contains(&format!("{index} (project_id=? AND status=?")),
                "{query}\n{plan}"
            );
            assert!(
                !plan.contains("SCAN") && !plan.contains("FOR ORDER BY"),
                "{query}\n{plan}"
            );
        }
        let plan = plan(&database, ISSUES, &along, "user.id:u1").await;
        assert!(
            plan.contains("SEARCH issues USING INTEGER PRIMARY KEY (rowid=?)"),
            "{plan}"
        );
    }
}

/// A search that nothing fits goes through all there is, in pages that are empty but for where to go on.
#[tokio::test]
async fn a_search_ends_though_it_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder).await;
    let rows = "INSERT INTO events (id, project_id, event_id, issue_id, group_id, title, level, platform, tags, occurred_at, received_at)
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30000)
        SELECT n, 1, n, 1, 1, CASE n WHEN 5 THEN 'the one' WHEN 29999 THEN 'The One' ELSE 'other' END, 'error', 'native', '[1,2]', n / 10, n FROM n";
    sqlx::raw_sql(rows).execute(&database.write).await.unwrap();
    let project = [Project {
        id: PROJECT,
        slug: "editor".to_owned(),
    }];
    let search = Search::parse("title:*one", Of::Events, None, 0).unwrap();
    let mut page = Page {
        limit: 1,
        ..Page::FIRST
    };
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let walked = events::search(&database, &project, None, &search, page)
            .await
            .ok()
            .unwrap();
        found.extend(walked.places.iter().map(|place| place.id));
        pages += 1;
        let Some(more) = walked.more else { break };
        assert!(Some(more) < page.from || page.from.is_none(), "it goes on");
        page.from = Some(more);
    }
    assert_eq!(found, [29999, 5]);
    assert!(pages > 1);
    // And back again.
    page = Page {
        from: Some(Place { value: 0, id: 0 }),
        back: true,
        limit: 5,
    };
    found.clear();
    loop {
        let walked = events::search(&database, &project, None, &search, page)
            .await
            .ok()
            .unwrap();
        found.splice(0..0, walked.places.iter().map(|place| place.id));
        let Some(more) = walked.more else { break };
        page.from = Some(more);
    }
    assert_eq!(found, [29999, 5]);
    // All of them, none twice, though ten at a time have the same time.
    let all = Search::parse("level:error", Of::Events, None, 0).unwrap();
    page = Page {
        limit: 97,
        ..Page::FIRST
    };
    let mut last = i64::MAX;
    let mut count = 0;
    loop {
        let walked = events::search(&database, &project, None, &all, page)
            .await
            .ok()
            .unwrap();
        for place in &walked.places {
            assert!(place.id < last, "{place:?} after {last}");
            last = place.id;
            count += 1;
        }
        let Some(more) = walked.more else { break };
        page.from = Some(more);
    }
    assert_eq!(count, 30000);
    let of_time = Range {
        from: Some(10),
        to: Some(12),
    };
    let histogram = super::histogram::histogram(&database, &project, &all, of_time, 1)
        .await
        .ok()
        .unwrap();
    assert_eq!(
        histogram.steps.into_iter().collect::<Vec<_>>(),
        [(10, 10), (11, 10), (12, 10)]
    );
}
