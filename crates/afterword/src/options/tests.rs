use std::collections::HashMap;
use std::ffi::OsString;

use sentry::protocol::Event;

use super::resolved::Tracing;
use super::*;
use crate::InitError;

const DSN: &str = "http://k@h/1";

fn resolve(options: Options, variables: &[(&str, &str)]) -> Result<Resolved, InitError> {
    let variables: HashMap<&str, OsString> = variables
        .iter()
        .map(|(name, value)| (*name, OsString::from(value)))
        .collect();
    options.resolve(&|name| variables.get(name).cloned())
}

fn from_json(json: &str) -> Options {
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_builder_and_a_settings_table_say_the_same() {
    let built = Options::new(DSN)
        .app_name("Paintbox")
        .consent(Consent::Always)
        .reporter(Reporter::Itself)
        .deadline_ms(500)
        .drop_crashes("*::swap_buffers")
        .redact("[0-9]{16}", "[card]")
        .redact_named("customer", "K-[0-9]+")
        .keep_secret(Secret::Email)
        .privacy_url("https://paint.example.com/privacy")
        .transport(Transport {
            timeout_ms: Some(7),
            delivery: Some(Delivery::Synchronous),
            ..Transport::default()
        });
    let read = from_json(
        r#"{ "dsn": "http://k@h/1", "app_name": "Paintbox", "consent": "always", "reporter": "itself", "deadline_ms": 500,
             "crash_rules": { "drop": [{ "signature": "*::swap_buffers" }], "redact": [{ "pattern": "[0-9]{16}", "with": "[card]" },
                 { "name": "customer", "pattern": "K-[0-9]+" }] },
             "secrets": { "keep": ["email"] }, "privacy_url": "https://paint.example.com/privacy",
             "transport": { "timeout_ms": 7, "delivery": "synchronous" } }"#,
    );
    assert_eq!(built.settings, read.settings);
    let written = serde_json::to_string(&built).unwrap();
    assert_eq!(from_json(&written).settings, built.settings);
    assert_eq!(serde_json::to_string(&Options::default()).unwrap(), "{}");
    let path = from_json(r#"{ "reporter": { "at": "/opt/r" } }"#);
    assert_eq!(path.settings.reporter, Some(Reporter::At("/opt/r".into())));
}

#[test]
fn a_misspelt_setting_is_named() {
    for (json, words) in [
        (r#"{ "relaese": "a@1" }"#, ["relaese", "release"]),
        (r#"{ "transport": { "timeout": 3 } }"#, ["timeout", "timeout_ms"]),
        (
            r#"{ "crash_rules": { "redact": [{ "patern": "a" }] } }"#,
            ["patern", "pattern"],
        ),
        (r#"{ "consent": "perhaps" }"#, ["perhaps", "always"]),
        (r#"{ "secrets": { "keep": ["mail"] } }"#, ["mail", "email"]),
    ] {
        let error = serde_json::from_str::<Options>(json).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}

/// A row for each option that all three can say: setting, JSON, variable, its value there, and how it shows.
type Row = (
    fn(Options) -> Options,
    &'static str,
    &'static str,
    &'static str,
    fn(&Resolved) -> String,
    [&'static str; 3],
);

/// Builder, settings, environment: what each says counts where those before it say nothing.
#[test]
fn the_builder_comes_before_the_settings_and_these_before_the_environment() {
    let rows: &[Row] = &[
        (
            |o| o.dsn("http://b@h/1"),
            r#""dsn": "http://s@h/1""#,
            "SENTRY_DSN",
            "http://e@h/1",
            |r| r.dsn.as_ref().unwrap().public_key().to_owned(),
            ["b", "s", "e"],
        ),
        (
            |o| o.release("b"),
            r#""release": "s""#,
            "SENTRY_RELEASE",
            "e",
            |r| r.release.clone().unwrap(),
            ["b", "s", "e"],
        ),
        (
            |o| o.environment("b"),
            r#""environment": "s""#,
            "SENTRY_ENVIRONMENT",
            "e",
            |r| r.environment.clone(),
            ["b", "s", "e"],
        ),
        (
            |o| o.server_name("b"),
            r#""server_name": "s""#,
            "SENTRY_SERVER_NAME",
            "e",
            |r| r.server_name.clone().unwrap(),
            ["b", "s", "e"],
        ),
        (
            |o| o.sample_rate(0.1),
            r#""sample_rate": 0.2"#,
            "SENTRY_SAMPLE_RATE",
            "0.3",
            |r| r.sample_rate.to_string(),
            ["0.1", "0.2", "0.3"],
        ),
        (
            |o| o.traces_sample_rate(0.1),
            r#""traces_sample_rate": 0.2"#,
            "SENTRY_TRACES_SAMPLE_RATE",
            "0.3",
            |r| format!("{:?}", r.tracing),
            ["Rate(0.1)", "Rate(0.2)", "Rate(0.3)"],
        ),
        (
            |o| o.enable_tracing(true),
            r#""enable_tracing": false"#,
            "SENTRY_ENABLE_TRACING",
            "true",
            |r| format!("{:?}", r.tracing),
            ["Rate(1.0)", "Off", "Rate(1.0)"],
        ),
        (
            |o| o.attach_stacktrace(true),
            r#""attach_stacktrace": false"#,
            "SENTRY_ATTACH_STACKTRACE",
            "1",
            |r| r.attach_stacktrace.to_string(),
            ["true", "false", "true"],
        ),
        (
            |o| o.max_breadcrumbs(1),
            r#""max_breadcrumbs": 2"#,
            "SENTRY_MAX_BREADCRUMBS",
            "3",
            |r| r.max_breadcrumbs.to_string(),
            ["1", "2", "3"],
        ),
        (
            |o| o.send_default_pii(true),
            r#""send_default_pii": false"#,
            "SENTRY_SEND_DEFAULT_PII",
            "yes",
            |r| r.send_default_pii.to_string(),
            ["true", "false", "true"],
        ),
        (
            |o| o.debug(true),
            r#""debug": false"#,
            "SENTRY_DEBUG",
            "on",
            |r| r.debug.to_string(),
            ["true", "false", "true"],
        ),
        (
            |o| o.delivery(Delivery::Synchronous),
            r#""transport": { "delivery": "asynchronous" }"#,
            "AFTERWORD_DELIVERY",
            "Synchronous",
            |r| format!("{:?}", r.delivery),
            ["Synchronous", "Asynchronous", "Synchronous"],
        ),
        (
            |o| {
                o.transport(Transport {
                    timeout_ms: Some(1),
                    ..Transport::default()
                })
            },
            r#""transport": { "timeout_ms": 2 }"#,
            "AFTERWORD_TIMEOUT_MS",
            "3",
            |r| r.timeout.as_millis().to_string(),
            ["1", "2", "3"],
        ),
        (
            |o| {
                o.transport(Transport {
                    retries: Some(1),
                    ..Transport::default()
                })
            },
            r#""transport": { "retries": 2 }"#,
            "AFTERWORD_RETRIES",
            "3",
            |r| r.transport.retries.unwrap().to_string(),
            ["1", "2", "3"],
        ),
        (
            |o| {
                o.transport(Transport {
                    proxy: Some("none".into()),
                    ..Transport::default()
                })
            },
            r#""transport": { "proxy": "http://s" }"#,
            "AFTERWORD_PROXY",
            "http://e",
            |r| r.transport.proxy.clone().unwrap(),
            ["none", "http://s", "http://e"],
        ),
        (
            |o| {
                o.transport(Transport {
                    ca_certificate: Some("/b".into()),
                    ..Transport::default()
                })
            },
            r#""transport": { "ca_certificate": "/s" }"#,
            "AFTERWORD_CA_CERTIFICATE",
            "/e",
            |r| {
                r.transport
                    .ca_certificate
                    .clone()
                    .unwrap()
                    .as_path()
                    .display()
                    .to_string()
            },
            ["/b", "/s", "/e"],
        ),
        (
            |o| o.consent(Consent::Always),
            r#""consent": "never""#,
            "AFTERWORD_CONSENT",
            "always",
            |r| format!("{:?}", r.consent),
            ["Always", "Never", "Always"],
        ),
        (
            |o| o.release_health(false),
            r#""release_health": true"#,
            "AFTERWORD_RELEASE_HEALTH",
            "off",
            |r| r.release_health.to_string(),
            ["false", "true", "false"],
        ),
        (
            |o| o.reporter(Reporter::Itself),
            r#""reporter": { "at": "/s" }"#,
            "AFTERWORD_REPORTER",
            "/e",
            |r| format!("{:?}", r.reporter),
            ["Itself", "At(\"/s\")", "At(\"/e\")"],
        ),
        (
            |o| o.deadline_ms(1),
            r#""deadline_ms": 2"#,
            "AFTERWORD_DEADLINE_MS",
            "3",
            |r| r.deadline_ms.to_string(),
            ["1", "2", "3"],
        ),
    ];
    let documented = include_str!("../options.rs");
    for (build, setting, variable, value, shown, [built, set, from_environment]) in rows {
        let with_dsn = |options: Options| {
            if *variable == "SENTRY_DSN" {
                options
            } else {
                options.dsn(DSN)
            }
        };
        let settings = from_json(&format!("{{ {setting} }}"));
        let variables = [(*variable, *value)];
        let all = resolve(build(with_dsn(settings.clone())), &variables).unwrap();
        assert_eq!(shown(&all), *built, "{variable}");
        let without_builder = resolve(with_dsn(settings), &variables).unwrap();
        assert_eq!(shown(&without_builder), *set, "{variable}");
        let environment_alone = resolve(with_dsn(Options::default()), &variables).unwrap();
        assert_eq!(shown(&environment_alone), *from_environment, "{variable}");
        assert!(
            documented.contains(&format!("| `{variable}` |")),
            "{variable} is in the table"
        );
    }
}

#[test]
fn every_setting_is_in_the_table_and_has_a_builder_method() {
    let table = include_str!("../options.rs");
    let settings = include_str!("settings.rs");
    let builder = include_str!("builder.rs");
    let of_struct = |name: &str| {
        let body = settings.split_once(&format!("struct {name} {{")).unwrap().1;
        let body = body.split_once("\n}").unwrap().0;
        body.lines()
            .filter_map(|line| line.trim().strip_prefix("pub")?.split_once(' '))
            .map(|(_, field)| field.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let fields = of_struct("Settings");
    assert!(fields.len() > 15, "{fields:?}");
    for field in fields {
        assert!(builder.contains(&format!("pub fn {field}(")), "{field} has no method");
        assert!(table.contains(&format!("`{field}")), "{field} is not in the table");
    }
    for field in of_struct("Transport") {
        assert!(
            table.contains(&format!("`transport.{field}`")),
            "{field} is not in the table"
        );
    }
}

#[test]
fn what_no_value_can_be_is_an_error_that_names_it() {
    let dsn = || Options::new(DSN);
    let many = (0..51).fold(dsn(), |options, _| options.drop_crashes("a"));
    for (options, variables, words) in [
        (
            dsn().sample_rate(7.0),
            vec![],
            ["sample_rate", "7 is not between 0 and 1"],
        ),
        (
            dsn().traces_sample_rate(f32::NAN),
            vec![],
            ["traces_sample_rate", "NaN"],
        ),
        (
            dsn(),
            vec![("SENTRY_SAMPLE_RATE", "most")],
            ["SENTRY_SAMPLE_RATE", "most"],
        ),
        (dsn(), vec![("SENTRY_SAMPLE_RATE", "-0.5")], ["sample_rate", "-0.5"]),
        (
            dsn(),
            vec![("SENTRY_DEBUG", "perhaps")],
            ["SENTRY_DEBUG", "neither true nor false"],
        ),
        (
            dsn(),
            vec![("SENTRY_MAX_BREADCRUMBS", "-1")],
            ["SENTRY_MAX_BREADCRUMBS", "-1"],
        ),
        (
            dsn(),
            vec![("AFTERWORD_CONSENT", "yes")],
            ["AFTERWORD_CONSENT", "always"],
        ),
        (
            dsn(),
            vec![("AFTERWORD_RETRIES", "11")],
            ["transport.retries", "between 0 and 10"],
        ),
        (
            dsn(),
            vec![("AFTERWORD_TIMEOUT_MS", "0")],
            ["transport.timeout_ms", "0"],
        ),
        (many, vec![], ["crash_rules", "50 rules"]),
        (
            dsn().redact("a".repeat(5000), ""),
            vec![],
            ["crash_rules", "4096 bytes"],
        ),
        (
            dsn().crash_rules(CrashRules {
                drop: vec![DropRule::default()],
                redact: vec![],
            }),
            vec![],
            ["crash_rules.drop", "neither"],
        ),
        (dsn().redact("", ""), vec![], ["crash_rules.redact", "empty"]),
        (
            dsn().redact("a", "").redact_named("card", "(unclosed"),
            vec![],
            ["rule \"card\"", "unclosed group"],
        ),
        (
            dsn().update_url("ftp://example.com/paint"),
            vec![],
            ["update_url", "begins with https://"],
        ),
        (
            dsn().privacy_url("javascript:alert(1)"),
            vec![],
            ["privacy_url", "javascript"],
        ),
        (dsn().privacy_url("https://"), vec![], ["privacy_url", "https://"]),
        (
            dsn().privacy_url("https://a/\u{1b}[0m"),
            vec![],
            ["privacy_url", "no URL"],
        ),
        (dsn().redact_named(" ", "a"), vec![], ["rule \" \"", "name is empty"]),
        (
            dsn().redact_named("n".repeat(101), "a"),
            vec![],
            ["crash_rules.redact", "longer than 100"],
        ),
        (dsn().drop_crashes(" "), vec![], ["crash_rules.drop", "neither"]),
        (
            dsn().redact("(unclosed", ""),
            vec![],
            ["crash_rules.redact", "unclosed group"],
        ),
        (
            dsn().redact(r"(\w{1000}){1000}", ""),
            vec![],
            ["crash_rules.redact", "size limit"],
        ),
        (Options::default(), vec![("SENTRY_DSN", "h/1")], ["DSN", "not a URL"]),
    ] {
        let error = resolve(options, &variables).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{words:?}: {error}");
    }
    // What does not count is nobody's trouble.
    assert!(resolve(dsn().sample_rate(0.5), &[("SENTRY_SAMPLE_RATE", "most")]).is_ok());
}

#[test]
fn empty_is_off_and_nothing_turns_it_on() {
    for options in [Options::new(""), Options::new("  "), from_json(r#"{ "dsn": "" }"#)] {
        let resolved = resolve(options, &[("SENTRY_DSN", DSN), ("SENTRY_DEBUG", "perhaps")]).unwrap();
        assert!(resolved.dsn.is_none());
    }
    assert!(
        resolve(Options::default(), &[("SENTRY_DSN", "")])
            .unwrap()
            .dsn
            .is_none()
    );
    assert!(resolve(Options::default(), &[]).unwrap().dsn.is_none());
    let kept = resolve(Options::new(DSN), &[("SENTRY_RELEASE", " ")]).unwrap();
    assert_eq!(kept.release, None);
}

#[test]
fn tracing_is_on_when_something_decides_about_it() {
    let tracing = |options: Options| resolve(options.dsn(DSN), &[]).unwrap().tracing;
    let default = Options::default;
    assert_eq!(tracing(default()), Tracing::Off);
    assert_eq!(tracing(default().enable_tracing(true)), Tracing::Rate(1.0));
    assert_eq!(tracing(default().traces_sample_rate(0.5)), Tracing::Rate(0.5));
    assert_eq!(
        tracing(default().traces_sample_rate(0.5).enable_tracing(false)),
        Tracing::Off
    );
    assert_eq!(
        tracing(default().traces_sample_rate(0.5).traces_sampler(|_| 1.0)),
        Tracing::Sampler
    );
    assert_eq!(
        tracing(default().traces_sampler(|_| 1.0).enable_tracing(false)),
        Tracing::Off
    );
}

#[test]
fn a_hook_that_panics_has_changed_nothing_and_a_sampler_keeps_none() {
    let options = Options::new(DSN)
        .before_send(|_| panic!("before_send"))
        .traces_sampler(|context| {
            if context.name() == "bad" {
                panic!("sampler")
            } else {
                7.0
            }
        });
    let hook = options.hooks.before_send.clone().unwrap();
    let event = Event {
        message: Some("kept".to_owned()),
        ..Event::default()
    };
    assert_eq!(hooks::apply(&hook, "before_send", event.clone()), Some(event));
    let sampler = options.hooks.sampler().unwrap();
    let rate = |name| sampler(&sentry::TransactionContext::new(name, "op"));
    assert_eq!((rate("bad"), rate("good")), (0.0, 1.0));
}
