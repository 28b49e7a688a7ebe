//! What the person has agreed to.
#![expect(unsafe_code, reason = "the name of a function for C is no other's")]

use afterword::{Consent, ConsentError, ConsentTaken};

use crate::outcome::{AfterwordResult, Failure, outcome, value};

/// What may be sent without asking.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterwordConsent {
    /// Nothing: the person is asked for each report.
    AfterwordConsentAsk = 0,
    /// Everything: the person has agreed to that in the application itself.
    AfterwordConsentAlways = 1,
    /// Nothing is kept and nothing is sent.
    AfterwordConsentNever = 2,
}

/// Keeps what the person chose: one of `afterword_consent_t`. It takes effect at once, and counts before the options at all later
/// starts, until this is called again. With `AFTERWORD_CONSENT_ALWAYS`, what was held back is sent; with `AFTERWORD_CONSENT_ASK`, what
/// was not sent yet is held back again; with `AFTERWORD_CONSENT_NEVER` it is deleted.
///
/// `AFTERWORD_OK` when it is on the disk and counts, `AFTERWORD_AT_NEXT_START` where the program began with
/// `AFTERWORD_CONSENT_NEVER`, so that nothing in it could capture; `AFTERWORD_FAILED` when it cannot be kept: then it counts until
/// the end of this run.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_set_consent(consent: i32) -> AfterwordResult {
    outcome(|| match afterword::set_consent(consent_of(consent)?) {
        Ok(ConsentTaken::AtNextStart) => Err(Failure::AtNextStart),
        Ok(_) => Ok(()),
        Err(ConsentError::Off) => Err(Failure::Off),
        Err(error) => Err(Failure::Failed(error.to_string())),
    })
}

/// What counts now: what the person chose, or else what the options say. `AFTERWORD_CONSENT_NEVER` where Afterword is off.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_get_consent() -> AfterwordConsent {
    value(|| {
        Ok(match afterword::consent() {
            Consent::Ask => AfterwordConsent::AfterwordConsentAsk,
            Consent::Always => AfterwordConsent::AfterwordConsentAlways,
            Consent::Never => AfterwordConsent::AfterwordConsentNever,
        })
    })
    .unwrap_or(AfterwordConsent::AfterwordConsentNever)
}

/// A number of C as what it stands for.
pub(crate) fn consent_of(number: i32) -> Result<Consent, Failure> {
    Ok(match number {
        0 => Consent::Ask,
        1 => Consent::Always,
        2 => Consent::Never,
        _ => return Err(Failure::invalid(format!("{number} is no consent"))),
    })
}
