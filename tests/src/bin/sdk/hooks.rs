//! Hooks that an app may give.

use afterword::Options;
use clap::ValueEnum;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Hook {
    /// Drops errors whose message has "secret" in it, and tags the others.
    BeforeSend,
    /// Panics with each.
    BeforeSendPanics,
    /// Drops the transaction "noise", and tags the others.
    BeforeSendTransaction,
    /// Drops breadcrumbs of the category "noise", and marks the others.
    BeforeBreadcrumb,
    /// Panics with each.
    BeforeBreadcrumbPanics,
    /// Panics with each.
    BeforeSendTransactionPanics,
    /// Panics with each.
    TracesSamplerPanics,
    /// Keeps the transaction "wanted" alone.
    TracesSampler,
}

impl Hook {
    pub(crate) fn set(self, options: Options) -> Options {
        match self {
            Hook::BeforeSend => options.before_send(|mut event| {
                if event
                    .message
                    .as_deref()
                    .is_some_and(|message| message.contains("secret"))
                {
                    return None;
                }
                event.tags.insert("hook".to_owned(), "seen".to_owned());
                Some(event)
            }),
            Hook::BeforeSendPanics => options.before_send(|_| panic!("the hook is broken")),
            Hook::BeforeSendTransaction => options.before_send_transaction(|mut transaction| {
                if transaction.name.as_deref() == Some("noise") {
                    return None;
                }
                transaction.tags.insert("hook".to_owned(), "seen".to_owned());
                Some(transaction)
            }),
            Hook::BeforeBreadcrumb => options.before_breadcrumb(|mut breadcrumb| {
                if breadcrumb.category.as_deref() == Some("noise") {
                    return None;
                }
                breadcrumb.data.insert("hook".to_owned(), "seen".into());
                Some(breadcrumb)
            }),
            Hook::BeforeBreadcrumbPanics => options.before_breadcrumb(|_| panic!("the hook is broken")),
            Hook::BeforeSendTransactionPanics => options.before_send_transaction(|_| panic!("the hook is broken")),
            Hook::TracesSamplerPanics => options.traces_sampler(|_| panic!("the hook is broken")),
            Hook::TracesSampler => options.traces_sampler(|context| f32::from(u8::from(context.name() == "wanted"))),
        }
    }
}
