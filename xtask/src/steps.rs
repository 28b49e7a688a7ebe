//! Steps with a heading, a duration and a result, and a table of them at the end.

use std::time::{Duration, Instant};

use anyhow::bail;

/// The steps of one task, in the order in which they were run.
pub(crate) struct Steps {
    begun: Instant,
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    passed: bool,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            done: Vec::new(),
        }
    }

    /// Runs a step under a heading. Its error is printed and kept for the end; whether it passed is returned, for what
    /// makes no sense without it.
    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> bool {
        say(&format!("\n=== {name}"));
        let begun = Instant::now();
        let result = work();
        let step = Step {
            name: name.to_owned(),
            took: begun.elapsed(),
            passed: result.is_ok(),
        };
        if let Err(error) = result {
            say(&format!("{error:#}"));
        }
        say(&format!("=== {step}"));
        let passed = step.passed;
        self.done.push(step);
        passed
    }

    /// Prints the table.
    ///
    /// # Errors
    /// When a step has failed: names those that did.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        say("");
        for step in &self.done {
            say(&step.to_string());
        }
        say(&format!("{:>8.1} s  in all", self.begun.elapsed().as_secs_f64()));
        let failed: Vec<&str> = self
            .done
            .iter()
            .filter(|step| !step.passed)
            .map(|step| step.name.as_str())
            .collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join("; "));
        }
        Ok(())
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let result = if self.passed { "passed" } else { "FAILED" };
        write!(f, "{:>8.1} s  {result}  {}", self.took.as_secs_f64(), self.name)
    }
}

/// A line of the log.
pub(crate) fn say(line: &str) {
    #[expect(clippy::print_stdout, reason = "the log is what the program is for")]
    {
        println!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_named_at_the_end_and_does_not_stop_the_rest() {
        let mut steps = Steps::begin();
        assert!(steps.run("first", || Ok(())));
        assert!(!steps.run("second", || bail!("no")));
        assert!(steps.run("third", || Ok(())));
        let error = steps.end().unwrap_err();
        assert_eq!(error.to_string(), "failed: second");
    }

    #[test]
    fn steps_that_pass_are_a_success() {
        let mut steps = Steps::begin();
        steps.run("only", || Ok(()));
        assert!(steps.end().is_ok());
    }
}
