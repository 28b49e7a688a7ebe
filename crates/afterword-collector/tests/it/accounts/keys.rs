//! Tokens, client keys and projects.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_have_scopes_and_go_no_farther_than_who_made_them() {
    let server = Server::start().await;
    let owner = owner(&server).await;
    let member = join(&owner, "member@example.com", "member").await;
    let make = |person: &Person<'_>, body: Value| {
        let request = server.client.post(server.url("/api/0/api-tokens/")).json(&body);
        request
            .header(COOKIE, person.cookie.clone())
            .header("X-CSRFToken", person.csrf.clone())
            .send()
    };
    let wanted = json!({ "name": "CI", "scopes": ["project:releases", "org:read"], "organization": "acme" });
    let (status, made) = answer(make(&member, wanted).await.unwrap()).await;
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().unwrap().to_owned();
    let with = |token: &str, method: Method, path: &str, body: Value| {
        server
            .client
            .request(method, server.url(path))
            .bearer_auth(token)
            .json(&body)
            .send()
    };
    let (_, root) = answer(with(&token, Method::GET, "/api/0/", json!({})).await.unwrap()).await;
    assert_eq!(root["auth"]["scopes"], json!(["org:read", "project:releases"]));
    assert_eq!(root["user"]["email"], "member@example.com");
    assert_eq!(
        with(&token, Method::GET, "/api/0/organizations/acme/", json!({}))
            .await
            .unwrap()
            .status(),
        200
    );
    let (status, refused) = answer(with(&token, Method::GET, "/api/0/projects/", json!({})).await.unwrap()).await;
    assert_eq!(status, 403);
    assert!(
        refused["detail"].as_str().unwrap().contains("project:read"),
        "{refused}"
    );
    let more = json!({ "scopes": ["org:read"] });
    assert_eq!(
        with(&token, Method::POST, "/api/0/api-tokens/", more)
            .await
            .unwrap()
            .status(),
        403
    );

    let refused = [
        json!({ "scopes": ["nonsense"] }),
        json!({ "scopes": [] }),
        json!({ "scopes": ["org:read"], "expiresAt": "2001-01-01T00:00:00Z" }),
    ];
    for body in refused {
        assert_eq!(make(&owner, body.clone()).await.unwrap().status(), 400, "{body}");
    }
    let too_much = json!({ "scopes": ["org:admin"], "organization": "acme" });
    assert_eq!(make(&member, too_much).await.unwrap().status(), 403);

    let (_, listed) = member.get("/api/0/api-tokens/").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert!(listed[0].get("token").is_none() && listed[0]["organization"] == "acme");
    assert_eq!(owner.get("/api/0/api-tokens/").await.1, json!([]), "each their own");
    let path = format!("/api/0/api-tokens/{}/", listed[0]["id"].as_str().unwrap());
    assert_eq!(owner.ask(Method::DELETE, &path, None).await.0, 404);
    assert_eq!(member.ask(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(
        with(&token, Method::GET, "/api/0/", json!({})).await.unwrap().status(),
        401
    );

    // A token of nobody's that is limited to an organisation sees no other.
    let body = json!({ "scopes": ["org:admin", "project:admin", "event:admin"], "organization": "acme" });
    let (_, limited) = answer(
        with(&server.access.token, Method::POST, "/api/0/api-tokens/", body)
            .await
            .unwrap(),
    )
    .await;
    let limited = limited["token"].as_str().unwrap().to_owned();
    server.collector().bootstrap("other", "secret").await.unwrap();
    assert_eq!(
        with(&limited, Method::GET, "/api/0/projects/other/secret/", json!({}))
            .await
            .unwrap()
            .status(),
        404
    );
    let (_, organizations) = answer(
        with(&limited, Method::GET, "/api/0/organizations/", json!({}))
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(organizations.as_array().unwrap().len(), 1);
    let (_, made) = answer(
        with(
            &limited,
            Method::POST,
            "/api/0/api-tokens/",
            json!({ "scopes": ["org:read"] }),
        )
        .await
        .unwrap(),
    )
    .await;
    assert_eq!(made["organization"], "acme", "what it makes is limited as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_changed_and_rotated() {
    let server = Server::start().await;
    let keys = "/api/0/projects/acme/editor/keys/";
    let ask = |method: Method, path: &str, body: Value| {
        let request = server
            .client
            .request(method, server.url(path))
            .bearer_auth(&server.access.token);
        async move { answer(request.json(&body).send().await.unwrap()).await }
    };
    let send = |key: &str, number: u32| {
        let request = server.post_as(key, envelope(&id(number), &crash("a")));
        async move { request.send().await.unwrap().status() }
    };
    let old = server.json(keys).await[0].clone();
    let old_key = old["public"].as_str().unwrap();
    assert_eq!(old["dsn"]["public"], server.access.dsn);

    let (status, new) = ask(
        Method::POST,
        keys,
        json!({ "name": "Beta", "rateLimit": { "count": 2, "window": 3600 } }),
    )
    .await;
    assert_eq!(
        (status, &new["rateLimit"]),
        (StatusCode::CREATED, &json!({ "count": 2, "window": 3600 }))
    );
    let new_key = new["id"].as_str().unwrap();
    let path = format!("{keys}{new_key}/");
    assert_eq!(
        [send(new_key, 1).await, send(new_key, 2).await, send(new_key, 3).await],
        [200, 200, 429]
    );
    let (_, changed) = ask(Method::PUT, &path, json!({ "rateLimit": null, "name": "Gamma" })).await;
    assert_eq!(
        (&changed["rateLimit"], &changed["label"]),
        (&Value::Null, &json!("Gamma"))
    );
    assert_eq!(send(new_key, 4).await, 200);
    for wrong in [
        json!({ "rateLimit": { "count": -1, "window": 60 } }),
        json!({ "rateLimit": { "count": 1, "window": 0 } }),
    ] {
        assert_eq!(ask(Method::PUT, &path, wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(
        ask(Method::PUT, &path, json!({ "isActive": false })).await.1["isActive"],
        false
    );
    assert_eq!(send(new_key, 5).await, 403);

    let (status, rotated) = ask(Method::POST, &format!("{keys}{old_key}/rotate/"), json!({})).await;
    assert_eq!(status, 201);
    assert_eq!(
        [send(old_key, 6).await, send(rotated["id"].as_str().unwrap(), 6).await],
        [403, 200]
    );
    assert_eq!(ask(Method::DELETE, &path, json!({})).await.0, 204);
    assert_eq!(ask(Method::GET, &path, json!({})).await.0, 404);
    assert_eq!(server.json(keys).await.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_made_and_have_settings() {
    let server = Server::start().await;
    let ask = |method: Method, path: &str, body: Value| {
        let request = server
            .client
            .request(method, server.url(path))
            .bearer_auth(&server.access.token);
        async move { answer(request.json(&body).send().await.unwrap()).await }
    };
    let new = json!({ "name": "My Viewer", "platform": "rust" });
    let (status, made) = ask(Method::POST, "/api/0/teams/acme/acme/projects/", new.clone()).await;
    assert_eq!(
        (status, made["slug"].as_str(), made["platform"].as_str()),
        (StatusCode::CREATED, Some("my-viewer"), Some("rust"))
    );
    assert_eq!(
        ask(Method::POST, "/api/0/organizations/acme/projects/", new).await.0,
        409
    );
    for wrong in [
        json!({ "name": "!" }),
        json!({ "name": "a", "slug": "A/B" }),
        json!({ "name": "b", "platform": "<b>" }),
        json!({}),
        json!("x"),
    ] {
        assert_eq!(
            ask(Method::POST, "/api/0/organizations/acme/projects/", wrong.clone())
                .await
                .0,
            400,
            "{wrong}"
        );
    }
    let path = "/api/0/projects/acme/my-viewer/";
    let (_, before) = ask(Method::GET, path, json!({})).await;
    assert_eq!(before["retention"], json!({ "days": 90, "events": null }));
    let settings = json!({
        "retention": { "days": 30, "events": 1000 }, "in_app": ["+app function:viewer::*"],
        "quotas": { "error": { "limit": 10, "window_s": 60 } },
    });
    let (status, after) = ask(Method::PUT, path, settings.clone()).await;
    assert_eq!(status, 200, "{after}");
    for name in ["retention", "in_app", "quotas"] {
        assert_eq!(after[name], settings[name], "{name}");
    }
    let (_, after) = ask(Method::PUT, path, json!({ "quotas": null, "slug": "viewer" })).await;
    assert_eq!(
        (&after["quotas"], &after["in_app"]),
        (&Value::Null, &settings["in_app"])
    );
    let path = "/api/0/projects/acme/viewer/";
    let wrong = [
        json!({ "retention": { "days": 0 } }),
        json!({ "retention": { "days": 1, "events": 0 } }),
        json!({ "retention": "long" }),
        json!({ "quotas": { "nonsense": { "limit": 1, "window_s": 1 } } }),
        json!({ "quotas": { "error": { "limit": 1, "window_s": 0 } } }),
        json!({ "in_app": "viewer" }),
        json!({ "slug": "-" }),
    ];
    for body in wrong {
        let (status, answer) = ask(Method::PUT, path, body.clone()).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["detail"].is_string(), "{answer}");
    }
    assert_eq!(ask(Method::PUT, path, json!({ "slug": "editor" })).await.0, 409);
    let (_, projects) = ask(Method::GET, "/api/0/projects/", json!({})).await;
    assert_eq!(projects.as_array().unwrap().len(), 2);
}
