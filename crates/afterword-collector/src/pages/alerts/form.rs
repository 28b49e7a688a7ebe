//! The form of a rule: as it was typed, out of a rule, and as the JSON of one.

use serde_json::{Value, json};

use crate::alerts::Action;
use crate::alerts::rule::{Condition, Key, Of, Per, Rule, When, Wrong, masked, percent};
use crate::pages::posted::Fields;

/// Empty rows beneath those that are filled.
const SPARE: usize = 2;
/// More than a rule may have, so that what is too much is said to be and not left out.
const MAX_ROWS: usize = 100;

/// Each field as it was typed.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) name: String,
    /// The id of a project, or `all:` and that of an organisation.
    pub(super) place: String,
    pub(super) enabled: bool,
    pub(super) kind: String,
    pub(super) more_than: String,
    pub(super) per: String,
    pub(super) of: String,
    pub(super) below: String,
    pub(super) at_least: String,
    pub(super) transaction: String,
    pub(super) above_ms: String,
    pub(super) older_minutes: String,
    pub(super) waiting: String,
    pub(super) window: String,
    pub(super) window_unit: String,
    pub(super) conditions: Vec<Row>,
    pub(super) slack: Vec<String>,
    pub(super) email: String,
    pub(super) hooks: Vec<Hook>,
    pub(super) cooldown: String,
    pub(super) cooldown_unit: String,
    pub(super) summary: String,
}

/// A condition.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) of: String,
    pub(super) key: String,
    pub(super) how: String,
    pub(super) value: String,
}

/// A webhook.
#[derive(Debug, Clone, Default)]
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) secret: String,
}

/// Value, words, and whether it is the chosen one.
pub(super) type Choice = (&'static str, &'static str, bool);

pub(super) const UNITS: [(&str, &str); 3] = [("60", "minutes"), ("3600", "hours"), ("86400", "days")];

impl Default for Form {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            name: String::new(),
            place: String::new(),
            enabled: true,
            kind: text("new-issue"),
            more_than: text("100"),
            per: text("issue"),
            of: text("sessions"),
            below: text("99"),
            at_least: text("100"),
            transaction: String::new(),
            above_ms: text("1000"),
            older_minutes: text("5"),
            waiting: String::new(),
            window: text("1"),
            window_unit: text("3600"),
            conditions: Vec::new(),
            slack: Vec::new(),
            email: String::new(),
            hooks: Vec::new(),
            cooldown: text("30"),
            cooldown_unit: text("60"),
            summary: text("0"),
        }
    }
}

impl Form {
    /// As it was typed.
    pub(super) fn read(fields: &Fields) -> Self {
        let get = |name: &str| fields.get(name).trim().to_owned();
        let all = |name: &'static str| -> Vec<String> {
            fields
                .all(name)
                .take(MAX_ROWS)
                .map(|text| text.trim().to_owned())
                .collect()
        };
        let (of, key, how, value) = (all("if_of"), all("if_key"), all("if_how"), all("if_value"));
        let at = |list: &[String], place: usize| list.get(place).cloned().unwrap_or_default();
        let conditions = (0..of.len()).map(|place| Row {
            of: at(&of, place),
            key: at(&key, place),
            how: at(&how, place),
            value: at(&value, place),
        });
        let (urls, secrets) = (all("hook_url"), all("hook_secret"));
        let hooks = (0..urls.len()).map(|place| Hook {
            url: at(&urls, place),
            secret: at(&secrets, place),
        });
        Self {
            name: get("name"),
            place: get("place"),
            enabled: fields.has("enabled"),
            kind: get("kind"),
            more_than: get("more_than"),
            per: get("per"),
            of: get("of"),
            below: get("below"),
            at_least: get("at_least"),
            transaction: get("transaction"),
            above_ms: get("above_ms"),
            older_minutes: get("older_minutes"),
            waiting: get("waiting"),
            window: get("window"),
            window_unit: get("window_unit"),
            conditions: conditions.filter(|row| !row.of.is_empty()).collect(),
            slack: all("slack").into_iter().filter(|url| !url.is_empty()).collect(),
            email: get("email"),
            hooks: hooks
                .filter(|hook| !hook.url.is_empty() || !hook.secret.is_empty())
                .collect(),
            cooldown: get("cooldown"),
            cooldown_unit: get("cooldown_unit"),
            summary: get("summary"),
        }
    }

    /// Of a rule, with what stands for its secrets.
    pub(super) fn of(name: &str, place: String, enabled: bool, rule: &Rule) -> Self {
        let mut form = Self {
            name: name.to_owned(),
            place,
            enabled,
            ..Self::default()
        };
        form.set_when(&rule.when);
        form.conditions = rule.conditions.iter().map(row).collect();
        let mut addresses: Vec<String> = Vec::new();
        for action in rule.actions.iter().map(masked) {
            match action {
                Action::Slack { url } => form.slack.push(url),
                Action::Email { to } => addresses.extend(to),
                Action::Webhook { url, secret } => form.hooks.push(Hook { url, secret }),
            }
        }
        form.email = addresses.join("\n");
        (form.cooldown, form.cooldown_unit) = time(rule.cooldown_s);
        form.summary = (rule.summary_s / 60).to_string();
        form
    }

    fn set_when(&mut self, when: &When) {
        self.kind = when.to_json()["kind"].as_str().unwrap_or_default().to_owned();
        let window = match when {
            When::Events(bound) | When::Users(bound) => {
                self.more_than = bound.more_than.to_string();
                self.per = if bound.per == Per::All { "all" } else { "issue" }.to_owned();
                bound.window_s
            }
            When::CrashFree {
                of,
                below_milli,
                at_least,
                window_s,
            } => {
                self.of = if *of == Of::Users { "users" } else { "sessions" }.to_owned();
                self.below = percent(*below_milli).to_string();
                self.at_least = at_least.to_string();
                *window_s
            }
            When::Duration {
                transaction,
                p95_above_ms,
                at_least,
                window_s,
            } => {
                self.transaction = transaction
                    .as_ref()
                    .map(|glob| glob.text().to_owned())
                    .unwrap_or_default();
                self.above_ms = p95_above_ms.to_string();
                self.at_least = at_least.to_string();
                *window_s
            }
            When::Queue {
                older_than_s,
                more_than,
            } => {
                let minutes = older_than_s.map(|s| number(&(s / 60).to_string(), s, 60));
                self.older_minutes = minutes.unwrap_or_default();
                self.waiting = more_than.map(|bound| bound.to_string()).unwrap_or_default();
                3600
            }
            When::NewIssue | When::Regression | When::Poison => 3600,
        };
        (self.window, self.window_unit) = time(window);
    }

    /// The rule that is meant, to be read as one.
    pub(super) fn to_json(&self) -> Value {
        let window = seconds(&self.window, &self.window_unit);
        let kind = &self.kind;
        let when = match kind.as_str() {
            "events" | "users" => {
                json!({ "kind": kind, "moreThan": typed(&self.more_than), "windowSeconds": window, "per": self.per })
            }
            "crash-free" => json!({
                "kind": kind, "of": self.of, "belowPercent": typed(&self.below), "atLeast": typed(&self.at_least),
                "windowSeconds": window,
            }),
            "duration" => {
                let name = Some(&self.transaction).filter(|name| !name.is_empty());
                json!({
                    "kind": kind, "transaction": name, "p95AboveMs": typed(&self.above_ms),
                    "atLeast": typed(&self.at_least), "windowSeconds": window,
                })
            }
            "queue" => json!({
                "kind": kind, "olderThanSeconds": seconds(&self.older_minutes, "60"), "moreThan": typed(&self.waiting),
            }),
            kind => json!({ "kind": kind }),
        };
        let conditions: Vec<Value> = self.conditions.iter().map(Row::to_json).collect();
        let mut actions: Vec<Value> = Vec::new();
        actions.extend(self.slack.iter().map(|url| json!({ "kind": "slack", "url": url })));
        let addresses = self
            .email
            .split([',', ';', ' ', '\n', '\r', '\t'])
            .filter(|text| !text.is_empty());
        let addresses: Vec<&str> = addresses.collect();
        if !addresses.is_empty() {
            actions.push(json!({ "kind": "email", "to": addresses }));
        }
        let hooks = self.hooks.iter();
        actions.extend(hooks.map(|hook| json!({ "kind": "webhook", "url": hook.url, "secret": hook.secret })));
        json!({
            "when": when,
            "if": conditions,
            "then": actions,
            "howOften": {
                "cooldownSeconds": seconds(&self.cooldown, &self.cooldown_unit),
                "summarySeconds": seconds(&self.summary, "60"),
            },
        })
    }

    /// Rows of conditions, with some that are empty.
    pub(super) fn rows(&self, more: bool) -> Vec<Row> {
        let spare = if more { 3 * SPARE } else { SPARE };
        let mut rows = self.conditions.clone();
        rows.extend(std::iter::repeat_n(Row::default(), spare));
        rows
    }

    /// The same of Slack.
    pub(super) fn slack_rows(&self, more: bool) -> Vec<String> {
        let mut rows = self.slack.clone();
        rows.extend(std::iter::repeat_n(String::new(), if more { 3 } else { 1 }));
        rows
    }

    /// The same of webhooks.
    pub(super) fn hook_rows(&self, more: bool) -> Vec<Hook> {
        let mut rows = self.hooks.clone();
        rows.extend(std::iter::repeat_n(Hook::default(), if more { 3 } else { 1 }));
        rows
    }

    /// What a wrong field is called in the form, and what is wrong about it.
    pub(super) fn words(wrong: &Wrong) -> String {
        let row = |prefix: &str| {
            let rest = wrong.field.strip_prefix(prefix)?;
            let number: usize = rest.split(']').next()?.parse().ok()?;
            Some(number + 1)
        };
        let name = match wrong.field.as_str() {
            "when.kind" | "when" => "When".to_owned(),
            "when.moreThan" => "More than".to_owned(),
            "when.windowSeconds" => "The window (in seconds)".to_owned(),
            "when.belowPercent" => "Below".to_owned(),
            "when.atLeast" => "At least".to_owned(),
            "when.transaction" => "The transaction".to_owned(),
            "when.p95AboveMs" => "Milliseconds".to_owned(),
            "when.olderThanSeconds" => "Older than (in seconds)".to_owned(),
            "then" => "Where it is told".to_owned(),
            "howOften.cooldownSeconds" => "The cooldown (in seconds)".to_owned(),
            "howOften.summarySeconds" => "The summary (in seconds)".to_owned(),
            field if field.starts_with("then[") && field.contains(".to") => "E-mail".to_owned(),
            field if field.ends_with(".secret") => "The secret of a webhook".to_owned(),
            field if field.ends_with(".url") => "The address of Slack or a webhook".to_owned(),
            field => row("if[").map_or_else(|| field.to_owned(), |number| format!("Condition {number}")),
        };
        format!("{name}: {}. {}.", wrong.wrong, capital(&wrong.right))
    }
}

impl Row {
    fn to_json(&self) -> Value {
        if self.of == "latest-release" {
            return json!({ "of": self.of });
        }
        let how = if self.how.is_empty() { "is" } else { &self.how };
        let mut json = json!({ "of": self.of, "how": how, "value": self.value });
        if self.of == "tag" {
            json["key"] = json!(self.key);
        }
        json
    }

    pub(super) fn ofs(&self) -> Vec<Choice> {
        const OF: [(&str, &str); 10] = [
            ("", "no condition"),
            ("exception", "the kind of exception"),
            ("signature", "the signature"),
            ("server", "the server or service"),
            ("release", "the release"),
            ("environment", "the environment"),
            ("level", "the level"),
            ("platform", "the platform"),
            ("tag", "the tag named"),
            ("latest-release", "new in the latest release"),
        ];
        choices(&OF, &self.of)
    }

    pub(super) fn hows(&self) -> Vec<Choice> {
        const HOW: [(&str, &str); 5] = [
            ("is", "is"),
            ("is-not", "is not"),
            ("contains", "contains"),
            ("starts-with", "starts with"),
            ("matches", "is like (* for anything)"),
        ];
        choices(&HOW, &self.how)
    }
}

fn row(condition: &Condition) -> Row {
    let json = condition.to_json();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    debug_assert!(
        matches!(
            condition,
            Condition::LatestRelease | Condition::Says { key: Key::Tag(_), .. }
        ) || json["key"].is_null()
    );
    Row {
        of: text("of"),
        key: text("key"),
        how: text("how"),
        value: text("value"),
    }
}

/// Marks the chosen one.
pub(super) fn choices(all: &[(&'static str, &'static str)], chosen: &str) -> Vec<Choice> {
    all.iter()
        .map(|(value, words)| (*value, *words, *value == chosen))
        .collect()
}

/// A number if it is one, else the text, of which is said what is wrong; nothing if nothing was typed.
fn typed(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() {
        return Value::Null;
    }
    let number = text.parse::<i64>().map(Value::from);
    number
        .or_else(|_| text.replace(',', ".").parse::<f64>().map(Value::from))
        .unwrap_or_else(|_| text.into())
}

/// So many units as seconds.
#[expect(clippy::cast_possible_truncation, reason = "what is out of bounds is said to be")]
fn seconds(text: &str, unit: &str) -> Value {
    let value = typed(text);
    let unit: f64 = unit.parse().unwrap_or(60.0);
    match value.as_f64() {
        Some(number) => Value::from((number * unit).round() as i64),
        None => value,
    }
}

/// Seconds as a number and a unit.
fn time(seconds: i64) -> (String, String) {
    let unit = [86_400, 3600]
        .into_iter()
        .find(|unit| seconds > 0 && seconds % unit == 0)
        .unwrap_or(60);
    (number(&(seconds / unit).to_string(), seconds, unit), unit.to_string())
}

/// A whole number of units, or a part of one.
#[expect(clippy::cast_precision_loss, reason = "at most the seconds of a month")]
fn number(whole: &str, seconds: i64, unit: i64) -> String {
    if seconds % unit == 0 {
        whole.to_owned()
    } else {
        (seconds as f64 / unit as f64).to_string()
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_comes_out_of_its_form_as_it_went_in() {
        let then = json!([
            { "kind": "slack", "url": "https://hooks.slack.com/services/a" },
            { "kind": "email", "to": ["a@b.example", "c@d.example"] },
            { "kind": "webhook", "url": "https://a.example/", "secret": "0123456789abcdef" },
        ]);
        let conditions = json!([
            { "of": "tag", "key": "a", "how": "is-not", "value": "b" }, { "of": "latest-release" },
        ]);
        for (when, conditions) in [
            (json!({ "kind": "new-issue" }), conditions.clone()),
            (
                json!({ "kind": "events", "moreThan": 7, "windowSeconds": 90, "per": "all" }),
                conditions.clone(),
            ),
            (
                json!({ "kind": "users", "moreThan": 7, "windowSeconds": 86400, "per": "issue" }),
                conditions,
            ),
            (
                json!({ "kind": "crash-free", "of": "users", "belowPercent": 99.5, "atLeast": 3, "windowSeconds": 7200 }),
                json!([]),
            ),
            (
                json!({ "kind": "duration", "transaction": null, "p95AboveMs": 3, "atLeast": 2, "windowSeconds": 3600 }),
                json!([]),
            ),
            (
                json!({ "kind": "queue", "olderThanSeconds": 90, "moreThan": null }),
                json!([]),
            ),
            (json!({ "kind": "poison" }), json!([])),
        ] {
            let how_often = json!({ "cooldownSeconds": 5400, "summarySeconds": 600 });
            let value = json!({ "when": when, "if": conditions, "then": then, "howOften": how_often });
            let rule = Rule::read(&value).unwrap();
            let form = Form::of("a", "1".to_owned(), true, &rule);
            let shown = format!("{form:?}");
            assert!(
                !shown.contains("/services/a") && !shown.contains("0123456789abcdef"),
                "{shown}"
            );
            assert_eq!(Rule::read_changed(&form.to_json(), &rule.actions).unwrap(), rule);
        }
    }

    #[test]
    fn what_is_wrong_is_named_as_the_form_names_it() {
        let form = Form {
            kind: "events".to_owned(),
            more_than: "many".to_owned(),
            slack: vec!["https://a.example".to_owned()],
            ..Form::default()
        };
        let wrong = Rule::read(&form.to_json()).unwrap_err();
        assert_eq!(
            Form::words(&wrong),
            "More than: it is \"many\". Use a whole number from 0 to 100000."
        );
    }
}
