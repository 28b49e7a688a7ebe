//! A table for each kind: what is replaced, and what only looks like it.

use afterword_channel::Secret;

use super::{Kinds, all, cleaned};

/// Of each pair the second is what becomes of the first, with `#` for the mark.
fn assert_replaced(kind: Secret, pairs: &[(&str, &str)]) {
    let mark = super::super::text::mark(kind);
    for (text, expected) in pairs {
        let expected = expected.replace('#', &mark);
        let (clean, told) = cleaned(text, all());
        assert_eq!(clean, expected, "{text}");
        assert!(!told.is_empty());
        // What stands there now is nothing to be replaced, or counted again.
        assert_eq!(cleaned(&clean, all()), (clean, String::new()));
        // The app may want to keep it. (The value of one kind may be of another as well.)
        assert_eq!(cleaned(text, Kinds::NONE.with(kind)).0, expected, "{text}");
    }
}

fn assert_kept(texts: &[&str]) {
    for text in texts {
        assert_eq!(cleaned(text, all()), ((*text).to_owned(), String::new()));
    }
}

/// What has this shape and is none: built here, so that no scanner of repositories takes it for one.
fn token(prefix: &str, length: usize) -> String {
    let letters = "A7bC2dE5fG3hJ6kL4mN9pQ8rS".chars().cycle();
    prefix.chars().chain(letters.take(length)).collect()
}

#[test]
fn addresses() {
    assert_replaced(
        Secret::Email,
        &[
            ("mail from zoe@example.org.", "mail from #."),
            ("<Zoe.Miller+app@mail.example.co.uk>", "<#>"),
            ("'a_b-c@x-y.io','d@e.de'", "'#','#'"),
            ("mailto:zoe@example.org?subject=x", "mailto:#?subject=x"),
            ("/reset?for=zoe%40example.org&x=1", "/reset?for=#&x=1"),
            ("zoë@exämple.org, 山田@例え.テスト", "#, #"),
            ("user=ZOE@EXAMPLE.ORG\n", "user=#\n"),
            (r"C:\Users\zoe@firma.rs\Documents", r"C:\Users\#\Documents"),
            ("not found: 42@numbers.example", "not found: #"),
            ("0.zoe@163.com", "#"),
            ("zoe@xn--exmple-cua.xn--p1ai", "#"),
        ],
    );
    assert_kept(&[
        "memcpy@GLIBC_2.14 and memcpy@@GLIBC_2.14",
        "libfoo.so@GLIBC, sym@libbar.so",
        "editor@1.4.2, editor@1.4.2-beta.two, @scope/pkg@1.2.3, react@18.2.0",
        "node_modules/.pnpm/foo@1.0.0_bar.baz/x.js",
        "icon@2x.png, sprite@3x.webp, getty@tty1.service, user@1000.service",
        "zoe@laptop:~$ ls, root@localhost",
        "git@github.com:studio/paint.git and ssh://git@github.com/studio/paint",
        "https://3a5f@sentry.example.org/7 and sftp://zoe@files.example.org/x",
        "com.example.Paint@1f2e3d.toString(), java.lang.Object@6d06d69c",
        "core::ops::FnOnce::call_once{{vtable.shim}}@plt",
        "@zoe, a@b, @, @@, x@.org, .@example., zoe@example..org, zoe@-x.org",
        "a @ b.org, at 14:03 @ example",
    ]);
}

#[test]
fn passwords_in_urls() {
    assert_replaced(
        Secret::Password,
        &[
            (
                "postgres://app:hunter2@db.example.org/orders",
                "postgres://app:#@db.example.org/orders",
            ),
            (
                "https://zoe:p%40ss@example.org:8080/?a=1",
                "https://zoe:#@example.org:8080/?a=1",
            ),
            ("redis://:hunter2@cache:6379/0", "redis://:#@cache:6379/0"),
            ("amqp://a:b@c@queue/x", "amqp://a:#@queue/x"),
            ("mysql://app:pa/ss?word@db/x", "mysql://app:#@db/x"),
            (
                "see http://a/?next=https://u:pw1@h/ or so",
                "see http://a/?next=https://u:#@h/ or so",
            ),
            ("(ftp://ü:gehéim@h)", "(ftp://ü:#@h)"),
        ],
    );
    assert_kept(&[
        "http://localhost:8080/@zoe/x",
        "https://example.org:443/a:b@c",
        "http://[::1]:80/@x",
        "file:///home/***/a:b@c",
        "postgres://app:[removed: password]@db/orders",
        "postgres://app:***@db, postgres://app:${PASSWORD}@db, postgres://app:@db",
        "://:@, a://b:c",
    ]);
}

#[test]
fn values_that_are_called_a_password() {
    assert_replaced(
        Secret::Password,
        &[
            ("password=hunter2 and more", "password=# and more"),
            ("Server=db;User=app;Password=a b;", "Server=db;User=app;Password=# b;"),
            ("db.password = \"correct horse\"", "db.password = \"#\""),
            (
                r#"{"user":"zoe","password":"a\"b","n":7}"#,
                r##"{"user":"zoe","password":"#","n":7}"##,
            ),
            (
                r#"said {\"password\": \"x1\"} to it"#,
                r##"said {\"password\": \"#\"} to it"##,
            ),
            (
                "Login { password: Some(\"geheim\") }",
                "Login { password: Some(\"#\") }",
            ),
            ("DB_PASSWD: hunter2!", "DB_PASSWD: #"),
            ("passphrase: tr0ub4dor", "passphrase: #"),
            ("/login?user=zoe&pwd=x&n=1", "/login?user=zoe&pwd=#&n=1"),
        ],
    );
    assert_kept(&[
        "password: required",
        "Wrong password: try again.",
        "the password is too short",
        "password=",
        "password=None password=*** password=${DB_PASSWORD} password=<unset>",
        "if password == other && password != x",
        "auth::password::hash(..)",
        "PWD=/home/***/paint OLDPWD=/tmp",
        r#"{"password": 12345, "password": null, "passwords": true}"#,
        "password=[removed: password]",
        "password: &str, password_len=7, password = /etc/paint/pw",
    ]);
}

#[test]
fn values_that_are_called_a_token_or_a_key() {
    let long = token("", 24);
    let texts = [
        "api_key: 8f7d-x1".to_owned(),
        "X-Api-Key: abc123".to_owned(),
        "API key: q8w7e6r5".to_owned(),
        "client_secret='s3cr3t'".to_owned(),
        "GET /a?token=abc&b=1".to_owned(),
        "https://h/x?sig=a%2Fb%3D&sv=2022".to_owned(),
        "https://h/cb#access_token=abc&state=1".to_owned(),
        "https://h/x?X-Amz-Signature=0a1b&key=abcdefgh1".to_owned(),
        format!("token={long}"),
        format!("session_token: {long}"),
        format!("\"secret\": \"{long}\""),
    ];
    for text in texts {
        let (clean, told) = cleaned(&text, all());
        assert!(clean.contains("[removed: access token]"), "{clean}");
        assert!(told.starts_with("access tokens in texts ("), "{told}");
        assert_eq!(cleaned(&clean, all()), (clean, String::new()));
    }
    let (clean, _) = cleaned("a?X-Amz-Signature=0a1b&key=abcdefgh1&page=2", all());
    assert_eq!(
        clean,
        "a?X-Amz-Signature=[removed: access token]&key=[removed: access token]&page=2"
    );
    assert_kept(&[
        "unexpected token: identifier, token=Semicolon, token: 'fn'",
        "invalid_token: the server said no",
        "?key=name&sort_key=age&monkey=1&page=2&code=404&keyword=paint",
        "the secret: practise; secret=garden",
        "key=value, key: 0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "signature=paint::fill, author=zoe, authority: x, tokens: 4096",
        "session: 3 minutes; token = core::fmt",
    ]);
}

#[test]
fn authorizations() {
    assert_replaced(
        Secret::Authorization,
        &[
            ("Authorization: Basic YXBwOmh1bnRlcjI=", "Authorization: Basic #"),
            ("authorization: bearer abcdefgh", "authorization: bearer #"),
            (
                "\"Authorization\": \"Digest username=\\\"x\\\"\"",
                "\"Authorization\": \"Digest #\\\"x\\\"\"",
            ),
            (
                "proxy-authorization=Negotiate YIIJvwYGKwYB\nnext",
                "proxy-authorization=Negotiate #\nnext",
            ),
            ("sent Bearer abcdefgh12345678.x, then", "sent Bearer #, then"),
            ("Cookie: id=1; theme=dark\r\nHost: h", "Cookie: #\r\nHost: h"),
            ("Set-Cookie: sid=abc; Path=/", "Set-Cookie: #"),
        ],
    );
    assert_kept(&[
        "Authorization: required",
        "authorization: granted to the user",
        "a bearer of good news, Bearer authentication is on",
        "cookie: none, cookies: 3",
        "Authorization: Bearer [removed: authorization]",
    ]);
}

/// One of each shape: of clouds, and of services.
fn of_shapes() -> [Vec<String>; 2] {
    let clouds = vec![
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        "ASIAIOSFODNN7EXAMPLE".to_owned(),
        token("AIza", 35),
        token("GOCSPX-", 28),
        token("ya29.", 40),
        "abc8Q~A7bC2dE5fG3hJ6kL4mN9pQ8rSx1Y2z3W4v".to_owned(),
    ];
    let services = vec![
        token("ghp_", 36),
        token("github_pat_", 60),
        token("glpat-", 20),
        token("xoxb-", 24),
        token("xapp-1-", 24),
        token("hooks.slack.com/services/", 30),
        token("sk_live_", 24),
        token("rk_test_", 24),
        token("whsec_", 32),
        token("npm_", 36),
        token("pypi-AgEI", 60),
        token("SG.", 22) + &token(".", 43),
        token("sk-proj-", 40),
        token("hf_", 34),
        format!("dop_v1_{}", "0a1b2c3d".repeat(8)),
        token("sntrys_", 48),
    ];
    [clouds, services]
}

pub(in crate::secrets) fn shaped() -> Vec<String> {
    of_shapes().concat()
}

#[test]
fn tokens_by_their_shape() {
    let [clouds, services] = of_shapes();
    let kinds = [(Secret::CloudKey, &clouds[..]), (Secret::AccessToken, &services[..])];
    for (kind, tokens) in kinds {
        for token in tokens {
            let text = [
                format!("got {token}, then"),
                format!("x\n{token}"),
                format!("({token})"),
            ];
            let text: Vec<&str> = text.iter().map(String::as_str).collect();
            let pairs = [(text[0], "got #, then"), (text[1], "x\n#"), (text[2], "(#)")];
            assert_replaced(kind, &pairs);
        }
    }
    assert_replaced(
        Secret::CloudKey,
        &[(
            "DefaultEndpointsProtocol=https;AccountKey=abc+/1==;x",
            "DefaultEndpointsProtocol=https;AccountKey=#;x",
        )],
    );
    assert_kept(&[
        "AKIA, AKIASHORT, SAKIAIOSFODNN7EXAMPLE, AIza, ghp_short, sk_live_x, npm_config_registry, hf_hub",
        "9ec79c33ec9942ab8353589fcb2e04dc 9ec79c33-ec99-42ab-8353-589fcb2e04dc",
        "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00 0x7f3a9b2c4d10",
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "_ZN4core3fmt9Formatter12pad_integral17h0a1b2c3d4e5f6071E",
        "/usr/lib/x86_64-linux-gnu/libc.so.6 paint@2.3.1+build.77",
    ]);
}

#[test]
fn web_tokens() {
    let signed = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl";
    let encrypted = "eyJhbGciOiJSU0EifQ.OKOawDo13g.48V1_ALb6U.5eym8TW_c8.XFBoMYUZo";
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjMifQ.";
    for text in [signed, encrypted] {
        let texts = [format!("jwt {text}."), format!("a?x={text}&b")];
        assert_replaced(Secret::WebToken, &[(&texts[0], "jwt #."), (&texts[1], "a?x=#&b")]);
    }
    assert_replaced(Secret::WebToken, &[(unsigned, "#.")]);
    assert_kept(&[
        "eyJ, eyJh.x, heyJoeyJane.example.word",
        "eyJhbGciOiJIUzI1NiJ9 alone",
        "eyJhbGciOiJIUzI1NiJ9.short",
    ]);
}

#[test]
fn private_keys() {
    let key = |label: &str, row: &str| {
        format!("-----BEGIN {label}-----{row}TUlJRXZRSUJBREFOQmdrcWhraUc5dzBC{row}QVFFRkE9{row}-----END {label}-----")
    };
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        for row in ["\n", "\r\n", "\\n", " "] {
            let text = format!("key = \"{}\" and more", key(label, row));
            assert_replaced(Secret::PrivateKey, &[(&text, "key = \"#\" and more")]);
        }
    }
    let encrypted =
        key("RSA PRIVATE KEY", "\n").replacen('\n', "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n", 1);
    assert_replaced(Secret::PrivateKey, &[(&format!("a\n{encrypted}\nb"), "a\n#\nb")]);
    let two = format!("{0}\n{0}", key("EC PRIVATE KEY", "\n"));
    assert_replaced(Secret::PrivateKey, &[(&two, "#\n#")]);
    // Cut off by whoever wrote it down, or by us.
    let cut = "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5dzBC\nTUlJRXZRSUJBREFOQmdrcW";
    assert_replaced(
        Secret::PrivateKey,
        &[(cut, "#"), (&format!("{cut} …(cut)"), "# …(cut)")],
    );
    let mixed = format!(
        "-----BEGIN PRIVATE KEY----- is how it begins\n{}",
        key("PRIVATE KEY", "\n")
    );
    assert_replaced(Secret::PrivateKey, &[(&mixed, "# is how it begins\n#")]);
    let public = ["PUBLIC KEY", "CERTIFICATE", "PGP PUBLIC KEY BLOCK"].map(|label| key(label, "\n"));
    assert_kept(&[&public[0], &public[1], &public[2], "-----BEGIN ", "-----BEGIN x-----"]);
}

#[test]
fn several_in_one_text_are_counted_by_kind() {
    let (clean, told) = cleaned("zoe@example.org, tim@example.org: password=x1 ü https://u:p1@h", all());
    assert_eq!(
        clean,
        "[removed: e-mail address], [removed: e-mail address]: password=[removed: password] ü https://u:[removed: password]@h"
    );
    assert_eq!(told, "passwords in texts (2), e-mail addresses in texts (2)");
}
