//! People who use the API and the pages.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::server::Server;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Fields of a form: name and value.
pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

/// Somebody who is signed in.
pub(crate) struct Person<'s> {
    pub(crate) server: &'s Server,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Person<'_> {
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.server.client.request(method, self.server.url(path));
        let request = request.header(COOKIE, &self.cookie).header("X-CSRFToken", &self.csrf);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    /// A page as they see it.
    pub(crate) async fn page(&self, path: &str) -> (StatusCode, String) {
        let request = self.server.client.get(self.server.url(path));
        let response = request.header(COOKIE, &self.cookie).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// Sends a form of a page as a browser does, with the CSRF token of their pages. Status, where it leads, page.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let (_, page) = self.page("/").await;
        let csrf = csrf_of(&page);
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        let request = self.server.client.post(self.server.url(path)).form(&fields);
        let response = request.header(COOKIE, &self.cookie).send().await.unwrap();
        let status = response.status();
        let to = response.headers().get(LOCATION);
        let to = to.map_or(String::new(), |to| to.to_str().unwrap().to_owned());
        (status, to, response.text().await.unwrap())
    }
}

/// What the forms of a page show.
pub(crate) fn csrf_of(page: &str) -> String {
    let after = page.split("name=\"csrf\" value=\"").nth(1).expect("a form");
    after.split('"').next().unwrap().to_owned()
}

pub(crate) async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn cookie_of(response: &Response) -> String {
    let set = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(set.contains("HttpOnly; SameSite=Lax"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

pub(crate) async fn token_of_setup(server: &Server) -> String {
    let link = server.collector().setup_link().await.unwrap().unwrap();
    link.rsplit_once("/setup/").unwrap().1.to_owned()
}

pub(crate) async fn owner(server: &Server) -> Person<'_> {
    let body = json!({
        "token": token_of_setup(server).await, "email": "Anna@Example.com", "password": PASSWORD, "name": "Anna",
        "organization": "acme",
    });
    let response = server
        .client
        .post(server.url("/api/0/setup/"))
        .json(&body)
        .send()
        .await
        .unwrap();
    enter(server, response, StatusCode::CREATED).await
}

pub(crate) async fn enter(server: &Server, response: Response, status: StatusCode) -> Person<'_> {
    assert_eq!(response.status(), status);
    let cookie = cookie_of(&response);
    let body: Value = response.json().await.unwrap();
    Person {
        server,
        cookie,
        csrf: body["csrfToken"].as_str().unwrap().to_owned(),
    }
}

pub(crate) async fn sign_in(server: &Server, email: &str, password: &str) -> Response {
    let body = json!({ "email": email, "password": password });
    server
        .client
        .post(server.url("/api/0/auth/"))
        .json(&body)
        .send()
        .await
        .unwrap()
}

/// Invites somebody and lets them in.
pub(crate) async fn join<'s>(owner: &Person<'s>, email: &str, role: &str) -> Person<'s> {
    let invitation = json!({ "email": email, "role": role });
    let (status, invited) = owner
        .ask(Method::POST, "/api/0/organizations/acme/members/", Some(invitation))
        .await;
    assert_eq!(status, 201, "{invited}");
    let link = invited["inviteLink"].as_str().unwrap();
    let token = link.rsplit_once("/invitation/").unwrap().1;
    let body = json!({ "token": token, "password": PASSWORD, "name": role });
    let server = owner.server;
    let accept = || {
        server
            .client
            .post(server.url("/api/0/accept-invitation/"))
            .json(&body)
            .send()
    };
    let person = enter(server, accept().await.unwrap(), StatusCode::CREATED).await;
    assert_eq!(accept().await.unwrap().status(), 404, "it works once");
    person
}
