//! Debug files as the stock client sends them: in chunks, listed, downloaded, removed, refused.

use super::*;

#[tokio::test]
async fn a_file_comes_in_chunks_is_listed_downloaded_and_removed() {
    let Some(file) = breakpad() else { return };
    let server = Server::start().await;
    let answer = upload(&server, "test_app.sym", &file).await;
    assert_eq!(answer["state"], "ok", "{answer}");
    let dif = &answer["dif"];
    assert_eq!(
        (dif["debugId"].as_str(), dif["uuid"].as_str()),
        (Some(DEBUG_ID), Some(DEBUG_ID))
    );
    assert_eq!(
        (dif["objectName"].as_str(), dif["cpuName"].as_str()),
        (Some("test_app.pdb"), Some("x86"))
    );
    assert_eq!(dif["sha1"], sha1(&file));
    assert_eq!(
        dif["data"],
        json!({"type": "dbg", "features": ["symtab", "debug", "unwind"]})
    );

    // Again it is there at once, and its chunks are gone.
    let again = ask(&server, &json!({ sha1(&file): { "name": "x", "chunks": [] } })).await;
    assert_eq!(again[sha1(&file)]["state"], "ok");
    assert!(!server.data().join("blobs/chunks").exists() || is_empty(&server.data().join("blobs/chunks")));
    let unified = "blobs/symbols/5a/9832e5287241c1838ed98914e9b7ff1/breakpad";
    assert!(server.data().join(unified).join(sha1(&file)).exists());

    assert_eq!(server.json(DSYMS).await[0]["id"], dif["id"]);
    for (query, found) in [("test_APP", 1), ("5a9832e5", 1), ("nothing%", 0), ("%25", 0)] {
        let listed = server.json(&format!("{DSYMS}?query={query}")).await;
        assert_eq!(listed.as_array().unwrap().len(), found, "{query}");
    }
    assert_eq!(
        server
            .json(&format!("{DSYMS}?debug_id={DEBUG_ID}"))
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let url = server.url(&format!("{DSYMS}?id={}", dif["id"].as_str().unwrap()));
    let request = || server.client.get(&url).bearer_auth(&server.access.token);
    assert_eq!(request().send().await.unwrap().bytes().await.unwrap(), file);
    let removed = server
        .client
        .delete(&url)
        .bearer_auth(&server.access.token)
        .send()
        .await
        .unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(request().send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert!(!server.data().join(unified).join(sha1(&file)).exists());
}

fn is_empty(folder: &Path) -> bool {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                return false;
            }
            folders.push(entry.path());
        }
    }
    true
}

#[tokio::test]
async fn what_is_no_debug_file_or_not_what_it_says_is_refused_with_words() {
    let server = Server::start().await;
    let answer = upload(&server, "notes.txt", b"this is no debug file, in three chunks").await;
    assert_eq!(answer["state"], "error");
    assert!(
        answer["detail"].as_str().unwrap().contains("list of objects"),
        "{answer}"
    );
    // Told once: the next upload begins anew.
    let file = b"this is no debug file, in three chunks";
    let chunks: Vec<String> = file.chunks(file.len() / 3 + 1).map(sha1).collect();
    let again = ask(&server, &json!({ sha1(file): { "name": "x", "chunks": chunks } })).await;
    assert_eq!(again[sha1(file)]["state"], "created");

    // Chunks of another file.
    let wrong = "0".repeat(40);
    let asked = json!({ &wrong: { "name": "x", "chunks": chunks } });
    let answer = loop {
        let answer = ask(&server, &asked).await[&wrong].clone();
        if !["created", "assembling"].contains(&answer["state"].as_str().unwrap()) {
            break answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert!(
        answer["detail"].as_str().unwrap().contains("not those of this file"),
        "{answer}"
    );

    let post = async |name: &str, file_name: &str, bytes: &[u8]| {
        let request = server
            .client
            .post(server.url("/api/0/organizations/acme/chunk-upload/"));
        let request = with_part(request.bearer_auth(&server.access.token), name, file_name, bytes);
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    let (status, words) = post("file", &sha1(b"chunk"), b"another").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(words.contains("send it again"), "{words}");

    let zeros = vec![0u8; 64 << 20];
    let (status, words) = post("file_gzip", &sha1(&zeros), &packed(&zeros)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(words.contains("is larger than 8388608 bytes"), "{words}");

    let large = vec![1u8; 10 << 20];
    assert_eq!(
        post("file", &"0".repeat(40), &large).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(
        post("file", "../../../etc/passwd", b"abc").await.0,
        StatusCode::BAD_REQUEST
    );

    let bare = server
        .client
        .post(server.url(ASSEMBLE))
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
}
