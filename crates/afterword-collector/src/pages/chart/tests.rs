//! Charts as markup: what is escaped, what is drawn of odd figures, and that they are well formed.

use super::*;

const DAY_MS: i64 = 86_400_000;
/// 2026-11-21 00:00 UTC.
const START: i64 = 1_795_219_200_000;

fn chart(values: Vec<Vec<Option<f64>>>) -> OverTime<'static> {
    let inks = [Ink::Main, Ink::Second, Ink::Third, Ink::Bad, Ink::Quiet];
    let names = ["one", "two", "three", "four", "five"];
    let series = values.into_iter().zip(inks).zip(names);
    OverTime {
        id: "c",
        title: "Figures",
        unit: Unit::Count,
        start_ms: START,
        step_ms: DAY_MS,
        from_zero: true,
        series: series
            .map(|((values, ink), name)| Series { name, ink, values })
            .collect(),
        marks: Vec::new(),
    }
}

/// Whether every element is closed in its place and every `<` begins one; and no number that is none.
fn well_formed(markup: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').unwrap() + at;
        let tag = &rest[at + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{markup}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
        rest = &rest[end + 1..];
    }
    assert_eq!(open, Vec::<&str>::new(), "{markup}");
    for wrong in ["NaN", "inf", " style=", "e+", "e-1"] {
        assert!(!markup.contains(wrong), "{wrong} in {markup}");
    }
}

#[test]
fn odd_figures_are_drawn() {
    let cases: Vec<Vec<Vec<Option<f64>>>> = vec![
        vec![],
        vec![vec![]],
        vec![vec![None, None]],
        vec![vec![Some(1.0)]],
        vec![vec![Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY)]],
        vec![vec![Some(f64::MAX), Some(f64::MIN), Some(0.0)], vec![Some(f64::MAX); 3]],
        vec![vec![Some(-5.0), Some(5.0)], vec![Some(-1.0), None]],
        vec![vec![Some(1.0), None, Some(2.0), Some(3.0)], vec![Some(1.0)]],
        vec![vec![Some(1.0); 1000]; 5],
    ];
    for values in cases {
        for unit in [Unit::Count, Unit::Percent, Unit::Duration, Unit::Rate] {
            for from_zero in [true, false] {
                let chart = OverTime {
                    unit,
                    from_zero,
                    ..chart(values.clone())
                };
                well_formed(chart.bars().as_str());
                well_formed(chart.lines().as_str());
            }
        }
    }
}

#[test]
fn text_is_escaped_everywhere() {
    let evil = "</title><script>alert(1)</script>\"'&";
    let mut over_time = chart(vec![vec![Some(1.0)], vec![Some(2.0)]]);
    over_time.title = evil;
    for series in &mut over_time.series {
        series.name = evil;
    }
    #[expect(clippy::cast_precision_loss, reason = "a moment of our century")]
    over_time.marks.push(Mark {
        at: START as f64,
        label: evil,
    });
    let spread = Spread {
        id: "s",
        title: evil,
        unit: Unit::Duration,
        counted: evil,
        buckets: vec![Bucket {
            from: 1.0,
            to: 2.0,
            count: 3,
        }],
        marks: vec![Mark { at: 1.5, label: evil }],
    };
    for picture in [over_time.bars(), over_time.lines(), spread.bars()] {
        let markup = picture.as_str();
        assert!(!markup.contains("<script") && !markup.contains("\"'"), "{markup}");
        assert!(markup.contains("&lt;/title&gt;&lt;script&gt;alert(1)"), "{markup}");
        well_formed(markup);
    }
}

#[test]
fn bars_stand_on_each_other() {
    let picture = chart(vec![vec![Some(30.0), None], vec![Some(70.0), Some(50.0)]]).bars();
    let markup = picture.as_str();
    // 0 to 100 are 180 pixels, from 200 up.
    assert!(
        markup.contains(r#"<path class="bar ink-main" d="M1 200v-54h7v54z"/>"#),
        "{markup}"
    );
    let second =
        r##"<path class="bar ink-second" fill="url(#c-ink-second)" d="M1 146v-126h7v126zM11 200v-90h7v90z"/>"##;
    assert!(markup.contains(second), "{markup}");
    for shown in [
        "<title>21 Nov 2026: one 30, two 70</title>",
        "<title>22 Nov 2026: two 50</title>",
        "<tr><th scope=\"row\">22 Nov 2026</th><td>–</td><td>50</td></tr>",
        "<th scope=\"col\">Day (UTC)</th><th scope=\"col\">one</th>",
        "aria-labelledby=\"c c-said\"",
        "From 21 Nov 2026 to 22 Nov 2026. one: 30 to 30, the most 21 Nov 2026. two: 50 to 70, the most 21 Nov 2026.",
    ] {
        assert!(markup.contains(shown), "{shown} not in {markup}");
    }
}

#[test]
fn lines_have_gaps_where_nothing_is_known() {
    let picture = chart(vec![vec![Some(0.0), Some(100.0), None, Some(50.0), None]]).lines();
    let markup = picture.as_str();
    assert!(
        markup.contains(r#"<path class="line ink-main" d="M5 200L15 20"/>"#),
        "{markup}"
    );
    let alone = r#"<circle class="point ink-main" cx="70%" cy="110" r="3"/>"#;
    assert!(markup.contains(alone), "{markup}");
    assert!(markup.contains("<title>23 Nov 2026: nothing</title>") && !markup.contains("chart-key"));
    assert!(
        chart(vec![vec![None; 3]])
            .lines()
            .as_str()
            .contains("Nothing in this time")
    );
}

#[test]
fn marks_lie_where_they_belong() {
    let mut over_time = chart(vec![vec![Some(1.0); 10]]);
    #[expect(clippy::cast_precision_loss, reason = "a moment of our century")]
    let at = |days: i64| (START + days * DAY_MS) as f64;
    over_time.marks = vec![
        Mark {
            at: at(5),
            label: "deployed",
        },
        Mark {
            at: at(10),
            label: "later",
        },
        Mark {
            at: at(-1),
            label: "before",
        },
    ];
    let picture = over_time.lines();
    assert!(
        picture.as_str().contains(r#"<title>deployed</title><line x1="50%""#),
        "{picture}"
    );
    assert!(!picture.as_str().contains("later") && !picture.as_str().contains("before</title>"));
}
