use super::*;

#[test]
fn a_bound_that_stays_passed_is_told_once_and_again_after_the_cooldown() {
    let passed = Mark::Passed { kept: false, as_of: 0 };
    let anew = Mark::Passed { kept: true, as_of: 0 };
    let never = Standing::default();
    let told = Standing {
        firings: 1,
        standing: 1,
        told_at: Some(1_000_000),
        muted: 0,
        as_of: 1_000_000,
    };
    let kept = Standing { standing: 0, ..told };
    for (standing, mark, cooldown_s, now, expected) in [
        (never, &passed, 0, 0, Decision::Tell),
        (never, &passed, 60, 0, Decision::Tell),
        (told, &passed, 0, 9_000_000, Decision::Nothing),
        (told, &anew, 0, 1_000_001, Decision::Tell),
        (kept, &passed, 0, 1_000_001, Decision::Tell),
        (told, &passed, 60, 1_059_999, Decision::Nothing),
        (told, &anew, 60, 1_059_999, Decision::Cooling),
        (kept, &passed, 60, 1_059_999, Decision::Cooling),
        (told, &passed, 60, 1_060_000, Decision::Tell),
        (kept, &passed, 60, 1_060_000, Decision::Tell),
        // A clock that was set back.
        (told, &passed, 60, 0, Decision::Tell),
    ] {
        assert_eq!(
            decide(standing, mark, cooldown_s, false, now),
            expected,
            "{standing:?} {mark:?} {cooldown_s} {now}"
        );
    }
    let once = Mark::Once("new".to_owned());
    assert_eq!(decide(told, &once, 60, false, 1_000_001), Decision::Cooling);
    assert_eq!(decide(told, &once, 0, false, 1_000_001), Decision::Tell);
}

#[test]
fn what_was_muted_is_told_when_it_is_muted_no_longer() {
    let passed = Mark::Passed { kept: false, as_of: 0 };
    let anew = Mark::Passed { kept: true, as_of: 0 };
    let muted = Standing {
        firings: 1,
        standing: 1,
        told_at: None,
        muted: 1,
        as_of: 0,
    };
    let told_before = Standing {
        told_at: Some(1_000_000),
        ..muted
    };
    for (standing, mark, cooldown_s, is_muted, expected) in [
        (muted, &passed, 0, true, Decision::Nothing),
        (muted, &passed, 60, true, Decision::Nothing),
        (muted, &anew, 0, true, Decision::Tell),
        (muted, &passed, 0, false, Decision::Tell),
        (muted, &passed, 60, false, Decision::Tell),
        (told_before, &passed, 0, false, Decision::Tell),
        (told_before, &passed, 60, false, Decision::Cooling),
    ] {
        assert_eq!(
            decide(standing, mark, cooldown_s, is_muted, 1_000_001),
            expected,
            "{standing:?} {mark:?} {cooldown_s} {is_muted}"
        );
    }
}
