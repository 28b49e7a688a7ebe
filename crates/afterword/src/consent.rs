//! What the person has agreed to, as it is now.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

use afterword_channel::{Liveness, Message, Origin, Policy, RunView};
use afterword_store::{AppId, ConsentPolicy, GivenConsent, Store, chain};

use crate::running::Running;
use crate::{Consent, ConsentError};

/// When a [`set_consent`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ConsentTaken {
    /// From now on.
    Now,
    /// From the next start of the app on: this one began with *never*, and nothing was set up in it that could capture.
    AtNextStart,
}

/// Where the store of this app is, and what counts in this run. Set by `init`.
#[derive(Debug)]
struct Place {
    root: PathBuf,
    app: AppId,
    now: CurrentConsent,
}

static PLACE: OnceLock<Place> = OnceLock::new();

/// A consent that changes.
#[derive(Debug)]
struct CurrentConsent(AtomicU8);

impl CurrentConsent {
    fn new(consent: Consent) -> CurrentConsent {
        CurrentConsent(AtomicU8::new(consent as u8))
    }

    fn get(&self) -> Consent {
        match self.0.load(Ordering::Acquire) {
            number if number == Consent::Always as u8 => Consent::Always,
            number if number == Consent::Never as u8 => Consent::Never,
            _ => Consent::Ask,
        }
    }

    fn set(&self, consent: Consent) {
        self.0.store(consent as u8, Ordering::Release);
    }
}

/// What counts now: what the person chose ([`set_consent`]), or else what the options say. [`Consent::Never`] where Afterword
/// is off.
pub fn consent() -> Consent {
    PLACE.get().map_or(Consent::Never, |place| place.now.get())
}

/// What the person chose, and when: for the app's own settings page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsentChoice {
    /// What was chosen.
    pub consent: Consent,
    /// When.
    pub chosen_at: SystemTime,
    /// Which version of the dialog's words the person read; none where the app asked in words of its own.
    pub text_version: Option<u32>,
    /// In which language the dialog asked (BCP 47).
    pub locale: Option<String>,
}

/// What the person chose and is kept: with [`set_consent`], with *Always do this* in the dialog, or on the command line. None
/// where they did not: then what the options say counts. Reads a file; any thread may call it.
///
/// # Errors
/// [`ConsentError::Off`] before `init` and with an empty DSN; [`ConsentError::Store`] when it cannot be read, which counts as
/// [`Consent::Ask`].
pub fn consent_choice() -> Result<Option<ConsentChoice>, ConsentError> {
    let place = PLACE.get().ok_or(ConsentError::Off)?;
    let given = Store::consent_in(&place.root, &place.app)?;
    Ok(given.map(|given| ConsentChoice {
        consent: consent_of_policy(given.policy),
        chosen_at: given.given_at.into(),
        text_version: given.text_version,
        locale: given.locale,
    }))
}

/// Takes back all that the person agreed to and that no server has yet: from now on they are asked, what was held back before
/// is held back again, and reports that they agreed to send wait for a new answer. What a server has is not undone.
///
/// # Errors
/// As [`set_consent`].
pub fn withdraw_consent() -> Result<(), ConsentError> {
    let place = PLACE.get().ok_or(ConsentError::Off)?;
    // Before the reporter hears of it: it looks for what may be sent then, and what was agreed to is still there.
    let withdrawn =
        Store::open(&place.root, &place.app).and_then(|store| store.withdraw_consent(&given_now(Consent::Ask), None));
    // It counts from now on whether this run began with *never* or not.
    let (ConsentTaken::Now | ConsentTaken::AtNextStart) = set_consent(Consent::Ask)?;
    withdrawn?;
    Ok(())
}

/// Keeps what the person chose. It takes effect at once, and counts before what the options say at all later starts, until it is
/// called again: an app asks once, in its own words, and need not remember the answer.
///
/// | the choice | what there is already |
/// | --- | --- |
/// | [`Consent::Always`] | is sent: what was held back, and the reports that wait for an answer |
/// | [`Consent::Ask`] | what was not sent yet is held back again, and reports are asked about |
/// | [`Consent::Never`] | is deleted, but for the reports that the person agreed to send; nothing more is captured |
///
/// When this returns, the choice is on the disk. Any thread may call it.
///
/// # Errors
/// [`ConsentError::Off`] before `init` and with an empty DSN; [`ConsentError::Store`] when it cannot be kept: then less than
/// before counts until the end of this run, and more than before does not count. Also when not all could be deleted.
pub fn set_consent(consent: Consent) -> Result<ConsentTaken, ConsentError> {
    let place = PLACE.get().ok_or(ConsentError::Off)?;
    let running = Running::of_this_process();
    let before = running.map(Running::policy);
    // From here on nothing more is captured, where nothing is to be.
    if running.is_some() {
        place.now.set(consent);
    }
    let kept = keep(place, consent);
    if let (Some(running), Some(before)) = (running, before) {
        // Less than before counts even where it cannot be kept; a consent that nobody finds again is none.
        if kept.is_err() && running.policy().stricter(before) == before {
            place.now.set(consent_of(before));
        }
        // A flush from here on asks the reporter again: what was held may go now.
        running.outbox.note_appended();
        running.tell(&Message::Consent {
            policy: running.policy(),
        });
    }
    kept?;
    Ok(match (running, consent) {
        (Some(_), _) | (None, Consent::Never) => ConsentTaken::Now,
        (None, _) => ConsentTaken::AtNextStart,
    })
}

/// Puts a choice on the disk. What it deletes comes first: a full disk has room then. The rest is the reporter's; this must
/// not wait for it.
fn keep(place: &Place, consent: Consent) -> Result<(), afterword_store::Error> {
    let given = given_now(consent);
    let store = Store::open(&place.root, &place.app)?;
    let deleted = match consent {
        Consent::Never => store.apply_consent(ConsentPolicy::Never, None).map(drop),
        Consent::Ask | Consent::Always => Ok(()),
    };
    store.put_consent(&given)?;
    deleted
}

/// The app asks in its own words, whose version it knows itself.
fn given_now(consent: Consent) -> GivenConsent {
    GivenConsent {
        policy: consent.into(),
        given_at: SystemTime::now().into(),
        text_version: None,
        locale: None,
    }
}

fn consent_of_policy(policy: ConsentPolicy) -> Consent {
    match policy {
        ConsentPolicy::Ask => Consent::Ask,
        ConsentPolicy::Always => Consent::Always,
        ConsentPolicy::Never => Consent::Never,
    }
}

fn consent_of(policy: Policy) -> Consent {
    match policy {
        Policy::Ask => Consent::Ask,
        Policy::Always => Consent::Always,
        Policy::Never => Consent::Never,
    }
}

/// What counts at a start. What the person chose cannot be read: then nothing is taken for granted.
pub(crate) fn at_start(root: PathBuf, app: AppId, said: Consent) -> Consent {
    let given = Store::consent_in(&root, &app);
    let counts = match &given {
        Ok(None) => said,
        Ok(Some(given)) => consent_of_policy(given.policy),
        Err(_) if said == Consent::Never => said,
        Err(error) => {
            log::error!(
                "what the person chose cannot be read, and is asked again: {}",
                chain(error)
            );
            Consent::Ask
        }
    };
    if counts == Consent::Never
        && matches!(given, Ok(Some(_)))
        && let Err(error) = delete_all(&root, &app)
    {
        log::warn!("what was kept before is not all deleted: {}", chain(&error));
    }
    let place = Place {
        root,
        app,
        now: CurrentConsent::new(counts),
    };
    // Only the first `init` counts, and there is no other.
    PLACE.set(place).ok();
    counts
}

/// What earlier runs left, of which nobody wants anything any more: there will be no reporter that does it.
fn delete_all(root: &Path, app: &AppId) -> Result<(), afterword_store::Error> {
    let store = Store::open(root, app)?;
    store.apply_consent(ConsentPolicy::Never, None)?;
    for (id, folder) in store.runs()? {
        let is_over = RunView::open(&folder).is_ok_and(|run| match run.origin() {
            Ok(Origin::ThisBoot) => matches!(run.liveness(), Ok(Liveness::Dead)),
            Ok(Origin::EarlierBoot) => true,
            Ok(Origin::OtherHost) | Err(_) => false,
        });
        if is_over {
            store.remove_run(id)?;
        }
    }
    Ok(())
}
