//! People: the first one, invitations, signing in, and what each may; their tokens, projects and keys.

mod keys;

use reqwest::header::COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::pages::has_inline_script;
use crate::people::{PASSWORD, Person, answer, cookie_of, enter, join, owner, sign_in, token_of_setup};
use crate::server::{Server, crash, envelope, id};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_link_makes_the_owner_once() {
    let server = Server::start().await;
    let before = token_of_setup(&server).await;
    let token = token_of_setup(&server).await;
    let set_up = |token: &str, password: &str, organization: &str| {
        let body =
            json!({ "token": token, "email": "anna@example.com", "password": password, "organization": organization });
        server.client.post(server.url("/api/0/setup/")).json(&body).send()
    };
    assert_eq!(
        set_up(&before, PASSWORD, "acme").await.unwrap().status(),
        404,
        "another one was printed since"
    );
    let (status, short) = answer(set_up(&token, "short", "acme").await.unwrap()).await;
    assert_eq!(status, 400);
    assert!(short["detail"].as_str().unwrap().contains("12 characters"), "{short}");
    assert_eq!(set_up(&token, PASSWORD, "No Name").await.unwrap().status(), 400);
    let owner = enter(
        &server,
        set_up(&token, PASSWORD, "fresh").await.unwrap(),
        StatusCode::CREATED,
    )
    .await;
    assert_eq!(
        set_up(&token, PASSWORD, "acme").await.unwrap().status(),
        404,
        "it works once"
    );
    assert!(server.collector().setup_link().await.unwrap().is_none());

    let (_, organizations) = owner.get("/api/0/organizations/").await;
    let slugs: Vec<&str> = organizations
        .as_array()
        .unwrap()
        .iter()
        .map(|org| org["slug"].as_str().unwrap())
        .collect();
    assert_eq!(
        slugs,
        ["acme", "fresh"],
        "what was there before belongs to the first one, too"
    );
    let (_, me) = owner.get("/api/0/organizations/acme/members/me/").await;
    assert_eq!(
        (me["role"].as_str(), me["email"].as_str()),
        (Some("owner"), Some("anna@example.com"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_first_link_is_a_form() {
    let server = Server::start().await;
    let token = token_of_setup(&server).await;
    let path = format!("/setup/{token}");
    let (status, page) = server.page(&path).await;
    assert_eq!(status, 200);
    assert!(page.contains("<form") && page.contains("name=\"organization\"") && !has_inline_script(&page));
    let post = |password: &str| {
        let form = [
            ("email", "anna@example.com"),
            ("password", password),
            ("name", "<b>"),
            ("organization", "acme"),
        ];
        let body: Vec<String> = form
            .iter()
            .map(|(key, value)| format!("{key}={}", value.replace(' ', "+")))
            .collect();
        let request = server.client.post(server.url(&path)).body(body.join("&"));
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .send()
    };
    let wrong = post("short").await.unwrap();
    assert_eq!(wrong.status(), 400);
    let page = wrong.text().await.unwrap();
    assert!(
        page.contains("12 characters") && page.contains("anna@example.com") && !page.contains("<b>"),
        "{page}"
    );
    assert!(!page.contains("value=\"short\""), "a password is not sent back");
    let made = post(PASSWORD).await.unwrap();
    assert_eq!(
        (made.status(), &made.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/start/".parse().unwrap())
    );
    let cookie = cookie_of(&made);
    assert_eq!(server.page(&path).await.0, 404);
    // From elsewhere, as a proxy tells it.
    let from_elsewhere = || {
        server
            .client
            .get(server.url("/"))
            .header("X-Forwarded-For", "192.0.2.1")
    };
    // There is an account now: whoever has none is asked, from this machine, too.
    assert_eq!(from_elsewhere().send().await.unwrap().status(), 303);
    assert_eq!(server.client.get(server.url("/")).send().await.unwrap().status(), 303);
    assert_eq!(
        from_elsewhere().header(COOKIE, cookie).send().await.unwrap().status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_out() {
    let server = Server::start().await;
    let first = owner(&server).await;
    for (email, password) in [
        ("anna@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("", ""),
    ] {
        let (status, body) = answer(sign_in(&server, email, password).await).await;
        assert_eq!(status, 401, "{email}");
        assert_eq!(
            body["detail"],
            "There is no account with this e-mail address and password"
        );
    }
    let second = enter(
        &server,
        sign_in(&server, " ANNA@example.com ", PASSWORD).await,
        StatusCode::OK,
    )
    .await;
    assert_ne!(first.cookie, second.cookie);
    let (status, me) = second.get("/api/0/auth/").await;
    assert_eq!(
        (status, me["user"]["email"].as_str()),
        (StatusCode::OK, Some("anna@example.com"))
    );
    assert_eq!(me["csrfToken"], second.csrf.as_str());

    // What other sites could make a browser send: the cookie alone.
    let forged = server
        .client
        .delete(server.url("/api/0/projects/acme/editor/"))
        .header(COOKIE, &second.cookie);
    let (status, refused) = answer(forged.send().await.unwrap()).await;
    assert_eq!(status, 403);
    assert!(refused["detail"].as_str().unwrap().contains("X-CSRFToken"));
    let form = server
        .client
        .post(server.url("/api/0/auth/"))
        .body("{}")
        .header("Content-Type", "text/plain");
    assert_eq!(form.send().await.unwrap().status(), 400);

    assert_eq!(second.ask(Method::DELETE, "/api/0/auth/", None).await.0, 204);
    assert_eq!(second.get("/api/0/auth/").await.0, 401);
    assert_eq!(first.get("/api/0/auth/").await.0, 200, "other browsers stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down() {
    let server = Server::start().await;
    owner(&server).await;
    let mut last = StatusCode::OK;
    for _ in 0..11 {
        last = sign_in(&server, "anna@example.com", "wrong").await.status();
    }
    assert_eq!(last, 429);
    let right = sign_in(&server, "anna@example.com", PASSWORD).await;
    assert_eq!(right.status(), 429, "not even the right one");
    assert!(right.headers().contains_key("retry-after"));
    assert_eq!(sign_in(&server, "other@example.com", "wrong").await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_say_what_people_may() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("a")).await;
    server.collector().bootstrap("other", "secret").await.unwrap();
    let owner = owner(&server).await;
    let viewer = join(&owner, "viewer@example.com", "viewer").await;
    let member = join(&owner, "member@example.com", "member").await;
    for person in [&owner, &viewer, &member] {
        assert_eq!(person.get("/api/0/projects/acme/editor/").await.0, 200);
    }
    for path in [
        "/api/0/projects/other/secret/",
        "/api/0/organizations/other/",
        "/api/0/organizations/other/projects/",
    ] {
        assert_eq!(member.get(path).await.0, 404, "{path}");
        assert_eq!(owner.get(path).await.0, 200, "{path}");
    }
    let new = json!({ "name": "New One" });
    for (person, status) in [(&viewer, 403), (&member, 403), (&owner, 201)] {
        let (got, body) = person
            .ask(Method::POST, "/api/0/organizations/acme/projects/", Some(new.clone()))
            .await;
        assert_eq!(got, status, "{body}");
        if status == 403 {
            assert!(body["detail"].as_str().unwrap().contains("project:write"), "{body}");
        }
    }
    assert_eq!(viewer.get("/api/0/organizations/acme/members/").await.0, 403);
    let (_, members) = member.get("/api/0/organizations/acme/members/").await;
    let found: Vec<(&str, &str)> = members
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (member["email"].as_str().unwrap(), member["role"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("anna@example.com", "owner"),
            ("member@example.com", "member"),
            ("viewer@example.com", "viewer")
        ]
    );

    // Another role in one project, and back.
    let member_path = format!(
        "/api/0/organizations/acme/members/{}/",
        members[1]["id"].as_str().unwrap()
    );
    let put = |body: Value| owner.ask(Method::PUT, &member_path, Some(body));
    let rename = || {
        member.ask(
            Method::PUT,
            "/api/0/projects/acme/editor/",
            Some(json!({ "name": "Editor" })),
        )
    };
    assert_eq!(rename().await.0, 403);
    let (status, changed) = put(json!({ "projectRoles": { "editor": "owner" } })).await;
    assert_eq!(
        (status, &changed["projectRoles"]),
        (StatusCode::OK, &json!({ "editor": "owner" }))
    );
    assert_eq!(rename().await.0, 200);
    put(json!({ "projectRoles": { "editor": null } })).await;
    assert_eq!(rename().await.0, 403);
    assert_eq!(put(json!({ "role": "boss" })).await.0, 400);
    assert_eq!(put(json!({ "projectRoles": { "nothing": "owner" } })).await.0, 400);

    // An owner stays.
    let me = "/api/0/organizations/acme/members/me/";
    let (status, body) = owner.ask(Method::DELETE, me, None).await;
    assert_eq!(status, 409, "{body}");
    let demoted = owner.ask(Method::PUT, me, Some(json!({ "role": "viewer" }))).await;
    assert_eq!(demoted.0, 409);
    put(json!({ "role": "owner" })).await;
    assert_eq!(
        owner.ask(Method::PUT, me, Some(json!({ "role": "viewer" }))).await.0,
        200
    );
    assert_eq!(
        viewer.ask(Method::DELETE, me, None).await.0,
        204,
        "whoever wants to leaves"
    );
    assert_eq!(viewer.get("/api/0/organizations/acme/").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_withdrawn_and_known_people_show_their_password() {
    let server = Server::start().await;
    let owner = owner(&server).await;
    let invite = |email: &str| {
        owner.ask(
            Method::POST,
            "/api/0/organizations/acme/members/",
            Some(json!({ "email": email, "role": "member" })),
        )
    };
    let (_, invited) = invite("bert@example.com").await;
    assert_eq!(
        (invited["pending"].as_bool(), invited["expired"].as_bool()),
        (Some(true), Some(false))
    );
    let link = invited["inviteLink"]
        .as_str()
        .unwrap()
        .strip_prefix(&server.access.url)
        .unwrap()
        .to_owned();
    let (status, page) = server.page(&link).await;
    assert!(
        status == 200 && page.contains("bert@example.com") && page.contains("Join acme"),
        "{page}"
    );
    let path = format!("/api/0/organizations/acme/members/{}/", invited["id"].as_str().unwrap());
    assert_eq!(owner.ask(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(server.page(&link).await.0, 404);
    assert_eq!(invite("no address").await.0, 400);
    assert_eq!(invite("anna@example.com").await.0, 409);

    join(&owner, "bert@example.com", "member").await;
    let (_, fresh) = {
        let bootstrap = server.collector().bootstrap("fresh", "app").await.unwrap();
        let invitation = json!({ "email": "bert@example.com", "role": "viewer" });
        let request = server
            .client
            .post(server.url("/api/0/organizations/fresh/members/"))
            .json(&invitation);
        answer(request.bearer_auth(&bootstrap.token).send().await.unwrap()).await
    };
    let token = fresh["inviteLink"]
        .as_str()
        .unwrap()
        .rsplit_once('/')
        .unwrap()
        .1
        .to_owned();
    let accept = |password: &str| {
        let body = json!({ "token": token, "password": password });
        server
            .client
            .post(server.url("/api/0/accept-invitation/"))
            .json(&body)
            .send()
    };
    assert_eq!(accept("another password").await.unwrap().status(), 401);
    let bert = enter(&server, accept(PASSWORD).await.unwrap(), StatusCode::CREATED).await;
    assert_eq!(bert.get("/api/0/organizations/").await.1.as_array().unwrap().len(), 2);
}
