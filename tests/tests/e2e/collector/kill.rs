//! `kill -9` under load.

use super::load::Load;
use super::program::Program;

#[test]
fn what_was_answered_before_a_kill_is_there_once() {
    const COUNT: usize = 2000;
    let mut program = Program::start();
    let load = Load::begin(&program, 6, 0..COUNT);
    // Soon after each other, too: while what the last one left is being digested.
    for accepted in [100, 400, 420, 900, 1300] {
        load.wait_for_accepted(accepted);
        program.kill();
        program.run(|_| {});
        load.aim(&[&program.url]);
    }
    let account = load.end();
    assert!(account.accepted.len() + account.unanswered.len() == COUNT);
    account.check(&program);
    // And after an orderly end and another start it is the same.
    program.stop();
    program.run(|_| {});
    account.check(&program);
}
