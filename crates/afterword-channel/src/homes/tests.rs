use super::*;

fn homes(paths: &[&str]) -> Homes {
    Homes::from_paths(paths.iter().map(PathBuf::from))
}

fn masked(homes: &Homes, path: &str) -> String {
    let (mut bytes, mut units) = (path.as_bytes().to_vec(), path.encode_utf16().collect::<Vec<u16>>());
    let was = homes.mask_in_place(&mut bytes);
    assert_eq!(homes.mask_utf16_in_place(&mut units), was);
    assert_eq!((bytes.len(), units.len()), (path.len(), path.encode_utf16().count()));
    let (bytes, units) = (String::from_utf8(bytes).unwrap(), String::from_utf16(&units).unwrap());
    assert_eq!(was, bytes != path);
    if path.is_ascii() {
        assert_eq!(bytes, units);
    }
    units
}

#[test]
fn a_path_in_a_home_loses_the_users_component_and_nothing_else() {
    let ann = homes(&["/home/ann"]);
    let table = [
        ("/home/ann", "/home/***"),
        ("/home/ann/", "/home/***/"),
        ("/home/ann/ann/annals", "/home/***/ann/annals"),
        ("//home///ann//x", "//home///***//x"),
        ("/home/./ann/x (deleted)", "/home/./***/x (deleted)"),
        ("/home/anna/x", "/home/anna/x"),
        ("/home/ann.old/x", "/home/ann.old/x"),
        ("/home/an", "/home/an"),
        ("/home", "/home"),
        ("/mnt/home/ann/x", "/mnt/home/ann/x"),
        ("home/ann/x", "home/ann/x"),
        ("/Home/ann", "/Home/ann"),
        ("", ""),
    ];
    for (path, expected) in table {
        assert_eq!(masked(&ann, path), expected);
    }
}

#[test]
fn users_with_names_of_other_things_ruin_nothing() {
    let short = homes(&["/tmp/x/a", "/home/main"]);
    for path in [
        "/a",
        "/tmp/x",
        "/tmp/x/ab",
        "/tmp/a",
        "a",
        "main",
        "/usr/lib/main.so",
        "/lib/a",
        "/home/x/main",
    ] {
        assert_eq!(masked(&short, path), path);
    }
    assert_eq!(masked(&short, "/tmp/x/a/target/a/main"), "/tmp/x/*/target/a/main");
    let text = "main at a.rs: alloc::vec<a, main> /usr/a/main.rs";
    assert_eq!(short.mask_text(text), text);
    assert_eq!(
        short.mask_text("main (/tmp/x/a/a.rs) in /home/main/main"),
        "main (/tmp/x/*/a.rs) in /home/****/main"
    );
}

#[test]
fn what_names_nobody_is_no_home() {
    for path in [
        "/",
        "//",
        "",
        "ann",
        "home/ann",
        "/root",
        "/root/",
        "/var/root",
        "/home/..",
        "C:",
        "C:\\",
        "~",
    ] {
        assert!(homes(&[path]).is_empty(), "{path}");
    }
    assert!(!homes(&["/ann"]).is_empty());
    assert!(!homes(&["/home/ann/"]).is_empty());
}

#[test]
fn in_a_text_only_a_path_that_begins_there_is_masked() {
    let ann = homes(&["/home/ann"]);
    let table = [
        ("/home/ann/x.rs", "/home/***/x.rs"),
        ("cannot open \"/home/ann/x\"", "cannot open \"/home/***/x\""),
        ("PATH=/bin:/home/ann:/home/ann/bin", "PATH=/bin:/home/***:/home/***/bin"),
        ("file:///home/ann/x", "file:///home/***/x"),
        ("it is in /home/ann. Really", "it is in /home/***. Really"),
        ("('/home/ann')", "('/home/***')"),
        (
            "/home/ann.old /home/anna /home/ann-x /home/ann_",
            "/home/ann.old /home/anna /home/ann-x /home/ann_",
        ),
        ("src/home/ann/x", "src/home/ann/x"),
        ("/mnt/home/ann/x", "/mnt/home/ann/x"),
        ("/home/annäh", "/home/annäh"),
        ("ä /home/ann", "ä /home/***"),
        ("", ""),
    ];
    for (text, expected) in table {
        assert_eq!(ann.mask_text(text), expected);
        assert_eq!(matches!(ann.mask_text(text), Cow::Borrowed(_)), text == expected);
    }
}

#[test]
fn names_that_are_not_ascii_keep_their_length_in_either_form() {
    let homes = homes(&["/home/jürgen𝄞"]);
    let (mut bytes, mut units) = ("/home/jürgen𝄞/x".as_bytes().to_vec(), Vec::new());
    units.extend("/home/jürgen𝄞/x".encode_utf16());
    let (byte_count, unit_count) = (bytes.len(), units.len());
    assert!(homes.mask_in_place(&mut bytes) && homes.mask_utf16_in_place(&mut units));
    assert_eq!((bytes.len(), units.len()), (byte_count, unit_count));
    assert_eq!(bytes, b"/home/***********/x");
    assert_eq!(String::from_utf16(&units).unwrap(), "/home/********/x");
    assert_eq!(homes.mask_text("in /home/jürgen𝄞/x"), "in /home/***********/x");
    let map = homes.path_map();
    assert_eq!(
        map,
        [
            ("/home/********".to_owned(), PathBuf::from("/home/jürgen𝄞")),
            ("/home/***********".to_owned(), PathBuf::from("/home/jürgen𝄞")),
        ]
    );
}

#[test]
fn a_home_in_a_home_is_masked_in_both_places_and_mapped_back_by_the_longer_one() {
    let homes = homes(&["/home/ann", "/home/ann/snap/draw/x1", "/home/ann/"]);
    assert_eq!(
        masked(&homes, "/home/ann/snap/draw/x1/.local"),
        "/home/***/snap/draw/**/.local"
    );
    assert_eq!(
        homes.mask_text("'/home/ann/snap/draw/x1/y'"),
        "'/home/***/snap/draw/**/y'"
    );
    assert_eq!(
        homes.path_map(),
        [
            (
                "/home/***/snap/draw/**".to_owned(),
                PathBuf::from("/home/ann/snap/draw/x1")
            ),
            ("/home/***".to_owned(), PathBuf::from("/home/ann")),
        ]
    );
}

#[test]
fn homes_of_windows_are_compared_as_windows_does() {
    let ann = homes(&["C:\\Users\\Ann"]);
    assert_eq!(
        ann,
        homes(&["\\\\?\\C:\\Users\\Ann"]),
        "the canonical form is the same folder"
    );
    let table = [
        ("C:\\Users\\Ann\\app.exe", "C:\\Users\\***\\app.exe"),
        ("c:/users/ANN/app.exe", "c:/users/***/app.exe"),
        ("\\\\?\\C:\\Users\\Ann\\x", "\\\\?\\C:\\Users\\***\\x"),
        ("C:\\Users\\Anna\\x", "C:\\Users\\Anna\\x"),
        ("D:\\Users\\Ann\\x", "D:\\Users\\Ann\\x"),
    ];
    for (path, expected) in table {
        assert_eq!(masked(&ann, path), expected);
    }
    assert_eq!(
        ann.mask_text("\"C:\\\\Users\\\\Ann\\\\x\" abC:\\Users\\Ann"),
        "\"C:\\\\Users\\\\***\\\\x\" abC:\\Users\\Ann"
    );
}

#[cfg(unix)]
#[test]
fn a_home_behind_a_link_is_masked_by_both_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real").join("ann"), folder.path().join("ann2"));
    std::fs::create_dir_all(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let homes = Homes::with_canonical([link.clone(), folder.path().join("gone").join("bob")].into_iter());
    for (home, name) in [
        (&real, "***"),
        (&link, "****"),
        (&folder.path().join("gone").join("bob"), "***"),
    ] {
        let expected = home.with_file_name(name).join("x");
        assert_eq!(
            masked(&homes, home.join("x").to_str().unwrap()),
            expected.to_str().unwrap()
        );
    }
}

#[test]
fn without_asking_finds_the_home_of_the_environment() {
    let given = std::env::home_dir().unwrap();
    for homes in [Homes::without_asking(), Homes::of_this_user()] {
        let mut path = given.join("x").into_os_string().into_encoded_bytes();
        let names_somebody = !Homes::from_paths([given.clone()]).is_empty();
        assert_eq!(homes.mask_in_place(&mut path), names_somebody);
    }
}
