use super::*;

fn watch() -> (MainThreadWatch, &'static Marks) {
    let marks = Box::leak(Box::new(Marks::new()));
    let watch = MainThreadWatch {
        marks: Some(marks),
        main_thread_only: PhantomData,
    };
    (watch, marks)
}

/// A mark made later is another one.
fn wait_for_the_clock(marks: &Marks) {
    let now = marks.now_ns();
    while marks.now_ns() == now {}
}

#[test]
fn a_mark_inside_of_another_changes_nothing() {
    let (watch, marks) = watch();
    assert!(!marks.is_busy());
    let outer = watch.busy();
    let since = marks.busy_since();
    wait_for_the_clock(marks);
    drop(watch.busy());
    assert_eq!(marks.busy_since(), since);
    drop(outer);
    assert!(!marks.is_busy());
}

#[test]
fn in_an_event_loop_each_round_counts_from_its_beginning() {
    let (watch, marks) = watch();
    watch.woke();
    let first = marks.busy_since();
    drop(watch.busy());
    assert_eq!(marks.busy_since(), first, "the round goes on after a handler");
    wait_for_the_clock(marks);
    watch.woke();
    assert!(marks.busy_since() > first, "it came round");
    watch.about_to_wait();
    assert!(!marks.is_busy());
}

/// As of a menu, or of a dialog, that an event handler opens and runs until it is closed.
#[test]
fn an_event_loop_inside_of_a_handler_may_wait_too() {
    let (watch, marks) = watch();
    watch.woke();
    let handler = watch.busy();
    watch.about_to_wait();
    assert!(!marks.is_busy());
    drop(watch.busy());
    assert!(!marks.is_busy());
    watch.woke();
    drop(handler);
    assert!(marks.is_busy());
    watch.about_to_wait();
    assert!(!marks.is_busy());
}

#[test]
fn while_paused_only_what_is_marked_inside_counts() {
    let (watch, marks) = watch();
    let busy = watch.busy();
    let since = marks.busy_since();
    wait_for_the_clock(marks);
    let paused = watch.pause();
    assert!(!marks.is_busy());
    let inside = watch.busy();
    assert!(marks.is_busy());
    drop(inside);
    assert!(!marks.is_busy());
    drop(paused);
    assert!(marks.busy_since() > since);
    drop(busy);
    assert!(!marks.is_busy());
    drop(watch.pause());
    assert!(!marks.is_busy(), "what was not busy before is not busy afterwards");
}

#[test]
fn without_afterword_a_watch_does_nothing() {
    let watch = watch_main_thread(HANG_AFTER);
    assert!(watch.marks.is_none());
    watch.woke();
    drop(watch.busy());
    drop(watch.pause());
    watch.about_to_wait();
    assert_eq!(format!("{watch:?}"), "MainThreadWatch { watches: false, .. }");
}

#[test]
fn a_mark_wakes_the_watcher_and_the_end_of_one_does_not() {
    let (watch, marks) = watch();
    let (said, heard) = std::sync::mpsc::channel();
    let watcher = std::thread::spawn(move || {
        let mut seen = marks::IDLE;
        for _ in 0..3 {
            marks.sleep_until_marked(seen);
            seen = marks.busy_since();
            said.send(seen).unwrap();
        }
    });
    marks.set_watcher(watcher.thread());
    for _ in 0..3 {
        let busy = watch.busy();
        assert_eq!(heard.recv().unwrap(), marks.busy_since());
        wait_for_the_clock(marks);
        drop(busy);
    }
    watcher.join().unwrap();
}
