//! Settings of people: members, invitations, their accounts and tokens, and the deletion of a person's data.

use reqwest::{Method, StatusCode};

use crate::people::{PASSWORD, Person, csrf_of, join, owner, sign_in};
use crate::server::{PATIENCE, Server, crash, id};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// What a page shows once.
fn shown(page: &str, id: &str) -> String {
    let after = page.split(&format!("id=\"{id}\">")).nth(1).expect("shown once");
    after.split('<').next().unwrap().to_owned()
}

async fn taken(person: &Person<'_>, path: &str, fields: &[(&str, &str)], done: &str) {
    let (status, to, page) = person.form(path, fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {page}");
    assert!(to.ends_with(&format!("?done={done}")), "{to}");
    let (status, page) = person.page(&to).await;
    assert!(
        status == StatusCode::OK && page.contains("class=\"notice\""),
        "{to}: {page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_made_made_again_and_withdrawn() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let path = "/settings/acme/-/people/";
    let hostile = "<b>@x\"y";
    let (status, _, page) = anna
        .form(path, &[("email", "no address <b>"), ("role", "viewer")])
        .await;
    assert_eq!(status, BAD);
    assert!(
        page.contains("no address &#60;b&#62;") && page.contains("value=\"viewer\" selected"),
        "{page}"
    );
    let (status, _, page) = anna.form(path, &[("email", "bo@example.com"), ("role", "king")]).await;
    assert!(status == BAD && page.contains("bo@example.com"), "{page}");
    let (status, _, page) = anna
        .form(path, &[("email", "anna@example.com"), ("role", "owner")])
        .await;
    assert!(status == BAD && page.contains("member already"), "{page}");

    let (status, _, page) = anna.form(path, &[("email", hostile), ("role", "viewer")]).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("&#60;b&#62;@x") && !page.contains("<b>@"), "{page}");
    let first = shown(&page, "link");
    assert!(first.starts_with(&server.url("/invitation/")), "{first}");
    let open = async |link: &str| server.client.get(link).send().await.unwrap().status();
    assert_eq!(open(&first).await, StatusCode::OK);
    let (_, page) = anna.page(path).await;
    assert!(!page.contains("/invitation/"), "shown once: {page}");

    let act = "/settings/acme/-/invitations/1";
    let (status, _, page) = anna.form(&format!("{act}/again"), &[]).await;
    assert_eq!(status, StatusCode::OK);
    let second = shown(&page, "link");
    assert_eq!(
        (open(&first).await, open(&second).await),
        (StatusCode::NOT_FOUND, StatusCode::OK)
    );
    taken(&anna, &format!("{act}/withdraw"), &[], "withdrawn").await;
    assert_eq!(open(&second).await, StatusCode::NOT_FOUND);
    assert_eq!(anna.form(&format!("{act}/again"), &[]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_change_and_an_owner_stays() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let bo = join(&anna, "bo@example.com", "viewer").await;
    let path = "/settings/acme/-/people/";
    assert_eq!(
        bo.page(path).await.0,
        StatusCode::FORBIDDEN,
        "a viewer does not see who else may"
    );
    let (_, page) = anna
        .form(&format!("{path}1/role"), &[("role", "viewer")])
        .await
        .into_page(BAD);
    assert!(page.contains("needs an owner"), "{page}");
    let (_, page) = anna
        .form(&format!("{path}2/role"), &[("role", "emperor")])
        .await
        .into_page(BAD);
    assert!(page.contains("emperor"), "{page}");
    let nowhere = [("role", "member"), ("in.nowhere", "owner")];
    anna.form(&format!("{path}2/role"), &nowhere).await.into_page(BAD);
    let owner_there = [("role", "member"), ("project", "editor"), ("project_role", "owner")];
    taken(&anna, &format!("{path}2/role"), &owner_there, "role").await;
    let (_, page) = anna.page(&format!("{path}2/")).await;
    assert!(
        page.contains("name=\"in.editor\"") && page.contains("bo@example.com"),
        "{page}"
    );
    assert!(anna.page(path).await.1.contains("owner in editor"));
    assert_eq!(bo.page("/settings/acme/editor/").await.0, StatusCode::OK);
    let fields = [("name", "Bo’s"), ("slug", "editor")];
    assert_eq!(
        bo.form("/settings/acme/editor/", &fields).await.0,
        StatusCode::SEE_OTHER
    );
    taken(
        &anna,
        &format!("{path}2/role"),
        &[("role", "member"), ("in.editor", "")],
        "role",
    )
    .await;
    assert_eq!(
        bo.form("/settings/acme/editor/", &fields).await.0,
        StatusCode::FORBIDDEN
    );
    taken(&bo, &format!("{path}leave"), &[], "left").await;
    assert_eq!(bo.page("/settings/acme/").await.0, StatusCode::NOT_FOUND);
    let cy = join(&anna, "cy@example.com", "member").await;
    taken(&anna, &format!("{path}3/remove"), &[], "removed").await;
    assert_eq!(cy.page("/settings/acme/").await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        anna.form(&format!("{path}3/remove"), &[]).await.0,
        StatusCode::NOT_FOUND
    );
    let (_, page) = anna.form(&format!("{path}1/remove"), &[]).await.into_page(BAD);
    assert!(page.contains("needs an owner"), "{page}");
}

trait Answered {
    fn into_page(self, status: StatusCode) -> (String, String);
}

impl Answered for (StatusCode, String, String) {
    fn into_page(self, status: StatusCode) -> (String, String) {
        assert_eq!(self.0, status, "{}", self.2);
        (self.1, self.2)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_and_browsers_are_signed_out() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let other = sign_in(&server, "anna@example.com", PASSWORD).await;
    let other = crate::people::enter(&server, other, StatusCode::OK).await;
    taken(&anna, "/settings/account/name", &[("name", "<b>Anna</b>")], "saved").await;
    let (_, page) = anna.page("/settings/account/").await;
    assert!(page.contains("&#60;b&#62;Anna") && !page.contains("<b>Anna"), "{page}");

    let path = "/settings/account/password";
    let new = "another horse battery";
    for (present, new, says) in [
        ("wrong password!", new, "present password is another"),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "anna@example.com!", "e-mail address"),
    ] {
        let fields = [("password", present), ("new_password", new)];
        let (_, page) = anna.form(path, &fields).await.into_page(BAD);
        assert!(page.contains(says), "{page}");
        assert!(
            !page.contains(&format!("value=\"{present}\"")),
            "a password is not sent back: {page}"
        );
    }
    assert_eq!(other.page("/settings/account/").await.0, StatusCode::OK);

    let (_, page) = anna.page("/settings/account/").await;
    let csrf = csrf_of(&page);
    let fields = [("csrf", csrf.as_str()), ("password", PASSWORD), ("new_password", new)];
    let request = server.client.post(server.url(path)).header("Cookie", &anna.cookie);
    let changed = request.form(&fields).send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::SEE_OTHER);
    let cookie = crate::people::cookie_of(&changed);
    for gone in [&anna, &other] {
        assert_eq!(gone.page("/settings/account/").await.0, StatusCode::SEE_OTHER);
    }
    let anna = Person {
        server: &server,
        cookie,
        csrf: String::new(),
    };
    assert_eq!(
        anna.page("/settings/account/").await.0,
        StatusCode::OK,
        "this one stays"
    );
    assert_eq!(
        sign_in(&server, "anna@example.com", PASSWORD).await.status(),
        StatusCode::UNAUTHORIZED
    );

    let other = sign_in(&server, "anna@example.com", new).await;
    let other = crate::people::enter(&server, other, StatusCode::OK).await;
    let (_, page) = anna.page("/settings/account/").await;
    let end = page.split("action=\"/settings/account/sign-ins/").nth(1).unwrap();
    let end = format!("/settings/account/sign-ins/{}", end.split('"').next().unwrap());
    taken(&anna, &end, &[], "ended").await;
    assert_eq!(other.page("/settings/account/").await.0, StatusCode::SEE_OTHER);
    assert_eq!(anna.form(&end, &[]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_the_sign_in_of_another() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let bo = join(&anna, "bo@example.com", "owner").await;
    for number in 1..=4 {
        let (status, ..) = bo.form(&format!("/settings/account/sign-ins/{number}/end"), &[]).await;
        if bo.page("/settings/account/").await.0 != StatusCode::OK {
            assert_eq!(status, StatusCode::SEE_OTHER, "his own");
            break;
        }
        assert_eq!(status, StatusCode::NOT_FOUND, "{number}");
    }
    assert_eq!(anna.page("/settings/account/").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_revoked() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let path = "/settings/account/tokens/";
    let wrong: [(&[(&str, &str)], &str); 4] = [
        (
            &[("name", " "), ("scope", "event:read"), ("days", "30")],
            "needs a name",
        ),
        (&[("name", "<b>ci</b>"), ("days", "30")], "Choose what"),
        (&[("name", "ci"), ("scope", "king:all"), ("days", "30")], "king:all"),
        (&[("name", "ci"), ("scope", "event:read"), ("days", "7000")], "7000"),
    ];
    for (fields, says) in wrong {
        let (_, page) = anna.form(path, fields).await.into_page(BAD);
        assert!(page.contains(says) && !page.contains("<b>ci"), "{says}: {page}");
    }
    let (_, page) = anna.form(path, wrong[0].0).await.into_page(BAD);
    assert!(
        page.contains("value=\"event:read\" checked") && page.contains("value=\"30\" selected"),
        "{page}"
    );
    assert!(!page.contains("value=\"project:releases\" checked"), "{page}");

    let fields = [
        ("name", "<b>ci</b>"),
        ("scope", "event:read"),
        ("scope", "project:read"),
        ("days", "30"),
    ];
    let (_, page) = anna.form(path, &fields).await.into_page(StatusCode::OK);
    let token = shown(&page, "token");
    let use_it = async || {
        let request = server.client.get(server.url("/api/0/projects/acme/editor/issues/"));
        request.bearer_auth(&token).send().await.unwrap().status()
    };
    assert_eq!(use_it().await, StatusCode::OK);
    let (_, page) = anna.page(path).await;
    assert!(!page.contains(&token) && page.contains("&#60;b&#62;ci"), "{page}");
    assert!(page.contains("project:read, event:read"), "{page}");
    let revoke = page
        .split(&format!("action=\"{path}"))
        .find(|part| part.contains("revoke\">"));
    let revoke = format!("{path}{}", revoke.unwrap().split('"').next().unwrap());
    let bo = join(&anna, "bo@example.com", "member").await;
    assert_eq!(bo.form(&revoke, &[]).await.0, StatusCode::NOT_FOUND, "not his");
    taken(&anna, &revoke, &[], "token-revoked").await;
    assert_eq!(use_it().await, StatusCode::UNAUTHORIZED);

    let more = [
        ("name", "x"),
        ("scope", "project:admin"),
        ("organization", "acme"),
        ("days", ""),
    ];
    let (_, page) = bo.form(path, &more).await.into_page(BAD);
    assert!(page.contains("may not more than"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_data_is_deleted_while_the_page_says_how_far() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    server.digest(&id(1), &crash("a")).await;
    let path = "/settings/acme/-/user-data/";
    let (_, page) = anna.form(path, &[("sure", "1")]).await.into_page(BAD);
    assert!(page.contains("Say whose"), "{page}");
    let typed = [("email", "<b>u1"), ("id", "u1")];
    let (_, page) = anna.form(path, &typed).await.into_page(BAD);
    assert!(
        page.contains("tick the box") && page.contains("value=\"&#60;b&#62;u1\""),
        "{page}"
    );
    assert_eq!(
        anna.get(&format!("/api/0/projects/acme/editor/events/{}/", id(1)))
            .await
            .0,
        200
    );

    taken(&anna, path, &[("id", "u1"), ("sure", "1")], "begun").await;
    let begun = std::time::Instant::now();
    loop {
        let (_, page) = anna.page(path).await;
        assert!(
            page.contains("Under way: ") || page.contains("<span class=\"name\">Done</span>"),
            "{page}"
        );
        assert_eq!(
            page.contains("Under way: "),
            page.contains("http-equiv=\"refresh\""),
            "{page}"
        );
        if page.contains(">Done<") {
            assert!(page.contains("1 event, 1 issue"), "{page}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{page}");
        tokio::task::yield_now().await;
    }
    let gone = format!("/api/0/projects/acme/editor/events/{}/", id(1));
    assert_eq!(anna.ask(Method::GET, &gone, None).await.0, StatusCode::NOT_FOUND);
}
