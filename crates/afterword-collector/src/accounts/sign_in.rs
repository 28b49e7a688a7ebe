//! Sign-ins: a browser that somebody is signed in with has a cookie.
//!
//! The cookie is another every hour: what was stolen is of no use for long, and where both use it, the one that comes with
//! the older one ends the sign-in. It is not readable by scripts and not sent along by other sites' forms; a request that
//! changes something has to show a second secret (`X-CSRFToken`), which other sites cannot read.

use axum::http::{HeaderMap, HeaderValue, header};
use sqlx::FromRow;
use subtle::ConstantTimeEq as _;

use super::secret;
use crate::access::{self, By, Scopes, User, Who};
use crate::blobs::sha256_hex;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

const COOKIE: &str = "afterword_sign_in";

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A cookie is replaced when it is older.
const ROTATED_AFTER_MS: i64 = 60 * MINUTE_MS;
/// Requests under way may still show the one before.
const BEFORE_GOOD_MS: i64 = MINUTE_MS;
/// Ends when it is not used for so long.
const IDLE_MS: i64 = 14 * DAY_MS;
/// Ends anyway.
const LONGEST_MS: i64 = 90 * DAY_MS;
/// Browsers of a person; the ones not used for longest are signed out.
const MAX_OF_USER: i64 = 50;

/// A new sign-in.
#[derive(Debug)]
pub(crate) struct SignedIn {
    /// What goes into the browser.
    pub(crate) cookie: String,
    /// What a request that changes something shows.
    pub(crate) csrf: String,
}

/// Who comes with a cookie, and the cookie that is to take its place.
#[derive(Debug)]
pub(crate) struct Comer {
    pub(crate) who: Who,
    pub(crate) next_cookie: Option<String>,
}

#[derive(Debug, FromRow)]
struct Found {
    id: i64,
    hash: String,
    csrf: String,
    created_at: i64,
    rotated_at: i64,
    user_id: i64,
    email: String,
    name: String,
}

/// Signs somebody in.
pub(crate) async fn make(database: &Database, user: &User, client: &str, now: i64) -> Result<SignedIn, Error> {
    let operation = "sign somebody in";
    let (cookie, csrf) = (secret(), secret());
    let client: String = client.chars().take(200).collect();
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    sqlx::query(
        "INSERT INTO sign_ins (hash, user_id, csrf, client, created_at, rotated_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $5, $5, $6)",
    )
    .bind(sha256_hex(cookie.as_bytes()))
    .bind(user.id)
    .bind(&csrf)
    .bind(client)
    .bind(now)
    .bind(now + IDLE_MS)
    .execute(&mut *transaction)
    .await
    .or_failed(operation)?;
    sqlx::query("UPDATE users SET last_sign_in_at = $1 WHERE id = $2")
        .bind(now)
        .bind(user.id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    sqlx::query(
        "DELETE FROM sign_ins WHERE expires_at <= $1 OR (user_id = $2 AND id NOT IN
            (SELECT id FROM sign_ins WHERE user_id = $2 ORDER BY seen_at DESC, id DESC LIMIT $3))",
    )
    .bind(now)
    .bind(user.id)
    .bind(MAX_OF_USER)
    .execute(&mut *transaction)
    .await
    .or_failed(operation)?;
    transaction.commit().await.or_failed(operation)?;
    Ok(SignedIn { cookie, csrf })
}

/// Who shows this cookie, and a new one in its place if it is old and `rotates`. `None` if it is nobody's (any more).
pub(crate) async fn who(database: &Database, cookie: &str, rotates: bool, now: i64) -> Result<Option<Comer>, Error> {
    let hash = sha256_hex(cookie.as_bytes());
    let found: Option<Found> = sqlx::query_as(
        "SELECT sign_ins.id, hash, csrf, sign_ins.created_at, rotated_at, user_id, email, name
         FROM sign_ins JOIN users ON users.id = user_id WHERE (hash = $1 OR hash_before = $1) AND expires_at > $2",
    )
    .bind(&hash)
    .bind(now)
    .fetch_optional(&database.read)
    .await
    .or_failed("look up a sign-in")?;
    let Some(found) = found else {
        return Ok(None);
    };
    let is_before = found.hash != hash;
    if is_before && found.rotated_at + BEFORE_GOOD_MS < now {
        tracing::warn!(user = found.user_id, "an old cookie was shown: its sign-in is ended");
        end(database, found.id).await?;
        return Ok(None);
    }
    let next_cookie = if rotates && !is_before && found.rotated_at + ROTATED_AFTER_MS <= now {
        rotate(database, &found, now).await?
    } else {
        None
    };
    let user = User {
        id: found.user_id,
        email: found.email,
        name: found.name,
    };
    let reach = access::token::reach(database, user.id, None).await?;
    let by = By::SignIn {
        id: found.id,
        csrf: found.csrf,
    };
    Ok(Some(Comer {
        who: Who::new(by, Some(user), Scopes::ALL, reach),
        next_cookie,
    }))
}

/// A new cookie in place of the one that came; `None` if another request did so at the same time.
async fn rotate(database: &Database, found: &Found, now: i64) -> Result<Option<String>, Error> {
    let cookie = secret();
    let rotated = sqlx::query(
        "UPDATE sign_ins SET hash = $1, hash_before = $2, rotated_at = $3, seen_at = $3, expires_at = $4
         WHERE id = $5 AND hash = $2",
    )
    .bind(sha256_hex(cookie.as_bytes()))
    .bind(&found.hash)
    .bind(now)
    .bind((now + IDLE_MS).min(found.created_at + LONGEST_MS))
    .bind(found.id)
    .execute(&database.write)
    .await
    .or_failed("renew a sign-in")?;
    Ok((rotated.rows_affected() > 0).then_some(cookie))
}

/// Ends a sign-in.
pub(crate) async fn end(database: &Database, id: i64) -> Result<(), Error> {
    sqlx::query("DELETE FROM sign_ins WHERE id = $1")
        .bind(id)
        .execute(&database.write)
        .await
        .or_failed("end a sign-in")?;
    Ok(())
}

/// A browser that somebody is signed in with.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Open {
    pub(crate) id: i64,
    /// As it names itself.
    pub(crate) client: String,
    pub(crate) created_at: i64,
    /// Within an hour.
    pub(crate) seen_at: i64,
}

/// The browsers of a person, the one used last first.
pub(crate) async fn list(database: &Database, user_id: i64, now: i64) -> Result<Vec<Open>, Error> {
    sqlx::query_as(
        "SELECT id, client, created_at, seen_at FROM sign_ins WHERE user_id = $1 AND expires_at > $2
         ORDER BY seen_at DESC, id DESC LIMIT $3",
    )
    .bind(user_id)
    .bind(now)
    .bind(MAX_OF_USER)
    .fetch_all(&database.read)
    .await
    .or_failed("list sign-ins")
}

/// Ends a sign-in of a person. `false` if it is none of theirs.
pub(crate) async fn end_of(database: &Database, user_id: i64, id: i64) -> Result<bool, Error> {
    let ended = sqlx::query("DELETE FROM sign_ins WHERE id = $1 AND user_id = $2")
        .bind(id)
        .bind(user_id)
        .execute(&database.write)
        .await
        .or_failed("end a sign-in")?;
    Ok(ended.rows_affected() > 0)
}

/// Who shows a cookie in these headers.
pub(crate) async fn of_headers(database: &Database, headers: &HeaderMap) -> Result<Option<Comer>, Error> {
    match cookie(headers) {
        Some(cookie) => who(database, cookie, may_rotate(headers), now_ms()).await,
        None => Ok(None),
    }
}

/// Whether the answer of this request surely comes to the browser's cookies: what a script of a page asks for in the background
/// is given up when the page is left, and a new cookie with it.
fn may_rotate(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-mode")
        .is_none_or(|mode| mode.as_bytes() == b"navigate")
}

/// Whether a request shows the second secret.
pub(crate) fn shows_csrf(headers: &HeaderMap, csrf: &str) -> bool {
    let shown = headers.get("x-csrftoken").map_or(&[][..], HeaderValue::as_bytes);
    shown.ct_eq(csrf.as_bytes()).into()
}

/// The header that puts a cookie into the browser. `url`: where this collector is reached.
pub(crate) fn set_cookie(cookie: &str, url: &str) -> HeaderValue {
    let max_age = IDLE_MS / 1000;
    header_value(&format!("{COOKIE}={cookie}; Max-Age={max_age}; {}", attributes(url)))
}

/// The header that takes it out.
pub(crate) fn remove_cookie(url: &str) -> HeaderValue {
    header_value(&format!("{COOKIE}=; Max-Age=0; {}", attributes(url)))
}

fn attributes(url: &str) -> &'static str {
    if url.starts_with("https://") {
        "Path=/; HttpOnly; SameSite=Lax; Secure"
    } else {
        "Path=/; HttpOnly; SameSite=Lax"
    }
}

/// The text is ours: hexadecimal digits and names.
fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    let pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let mut found = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE);
    found.next().map(|(_, value)| value).filter(|value| value.len() == 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_surely_gets_brings_a_new_cookie() {
        let of = |mode: Option<&'static str>| {
            let mode = mode.map(|mode| {
                (
                    header::HeaderName::from_static("sec-fetch-mode"),
                    HeaderValue::from_static(mode),
                )
            });
            may_rotate(&mode.into_iter().collect())
        };
        assert!(of(None) && of(Some("navigate")));
        assert!(!of(Some("cors")) && !of(Some("same-origin")));
    }
    use crate::accounts::people;

    async fn user(database: &Database) -> User {
        let mut connection = database.write.acquire().await.unwrap();
        let id = people::add(&mut connection, "anna@example.com", "Anna", "x", 0)
            .await
            .unwrap()
            .unwrap();
        User {
            id,
            email: "anna@example.com".to_owned(),
            name: "Anna".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_cookie_is_renewed_and_an_old_one_ends_the_sign_in() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let user = user(&database).await;
        let start = 1_000_000;
        let first = make(&database, &user, "curl", start).await.unwrap().cookie;
        let comer = who(&database, &first, true, start + 1).await.unwrap().unwrap();
        assert_eq!((comer.who.user(), comer.next_cookie), (Some(&user), None));

        let later = start + ROTATED_AFTER_MS;
        let second = who(&database, &first, true, later)
            .await
            .unwrap()
            .unwrap()
            .next_cookie
            .unwrap();
        assert_ne!(first, second);
        let under_way = who(&database, &first, true, later + BEFORE_GOOD_MS)
            .await
            .unwrap()
            .unwrap();
        assert!(
            under_way.next_cookie.is_none(),
            "one that is replaced is not replaced again"
        );
        assert!(who(&database, &second, true, later + 1).await.unwrap().is_some());
        assert!(
            who(&database, &first, true, later + BEFORE_GOOD_MS + 1)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            who(&database, &second, true, later + 2).await.unwrap().is_none(),
            "ended for both"
        );
    }

    #[tokio::test]
    async fn sign_ins_end_by_themselves() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let user = user(&database).await;
        let mut cookie = make(&database, &user, "", 0).await.unwrap().cookie;
        assert!(
            who(&database, &cookie, true, IDLE_MS).await.unwrap().is_none(),
            "not used for long"
        );
        let mut now = 0;
        while now + DAY_MS < LONGEST_MS {
            now += DAY_MS;
            cookie = who(&database, &cookie, true, now)
                .await
                .unwrap()
                .unwrap()
                .next_cookie
                .unwrap();
        }
        assert!(
            who(&database, &cookie, true, LONGEST_MS).await.unwrap().is_none(),
            "used all the time"
        );
        make(&database, &user, "", LONGEST_MS).await.unwrap();
        people::set_password(&database, user.id, "y").await.unwrap();
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sign_ins")
            .fetch_one(&database.read)
            .await
            .unwrap();
        assert_eq!(left, 0, "another password ends them all");
    }

    #[test]
    fn cookies_are_read_and_written() {
        let cookie_of = |text: &str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(text).unwrap())]);
            cookie(&headers).map(str::to_owned)
        };
        let value = "a".repeat(64);
        assert_eq!(cookie_of(&format!("x=1; {COOKIE}={value}; y=2")), Some(value.clone()));
        assert_eq!(cookie_of(&format!("x{COOKIE}={value}")), None);
        assert_eq!(cookie_of(&format!("{COOKIE}=short")), None);
        let set = set_cookie(&value, "https://errors.example");
        assert!(set.to_str().unwrap().ends_with("HttpOnly; SameSite=Lax; Secure"));
        assert!(
            !set_cookie(&value, "http://127.0.0.1:1")
                .to_str()
                .unwrap()
                .contains("Secure")
        );
        let headers = HeaderMap::from_iter([("x-csrftoken".parse().unwrap(), HeaderValue::from_static("abc"))]);
        assert!(shows_csrf(&headers, "abc") && !shows_csrf(&headers, "abd") && !shows_csrf(&HeaderMap::new(), "abc"));
    }
}
