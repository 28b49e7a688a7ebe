# The texts of the dialog, in the window and in the terminal. Each id is a function of `crates/afterword-dialog/src/words.rs`.
#
# Whoever reads these has just lost a program, and perhaps their work: plain words, short sentences, no blame, no jokes.
# A sentence about sending is what a person agrees to. When its meaning changes, `TEXT_VERSION` there changes.

## What happened

headline_crash = { $app } stopped unexpectedly
headline_error = { $app } had a problem
headline_hang = { $app } did not respond

happened_memory = It tried to use memory that does not belong to it.
happened_memory_at = It tried to use memory that does not belong to it (address { $address }).
happened_arithmetic = It made an impossible calculation, such as a division by zero.
happened_instruction = It came to an instruction that cannot be carried out.
happened_instruction_at = It came to an instruction that cannot be carried out (address { $address }).
happened_gave_up = It found an error that it could not recover from, and gave up.
happened_gave_up_saying = It found an error that it could not recover from: { $message }
happened_error = It went on, but something failed inside.
happened_error_saying = It went on, but something failed inside: { $message }
happened_hang = It was busy or waiting for something inside, and did not respond for a while.
happened_other = It ended because of an error inside.

## The question

comment_label = What were you doing? (optional)
comment_hint = A few words help to find the cause.
restart = Restart { $app }
reopens = { $app } will open again with: { $documents }
always = Always do this without asking
always_means = Later reports of { $app }, and those that wait, are then sent, or deleted, as you choose now.
consent = Nothing is sent unless you agree.
destination = Reports go to { $server }.
destination_developers = Reports go to the developers of the program.
privacy_policy = Privacy policy
send = Send report
dont_send = Don’t send
later = Close this window to be asked again at the next start.
not_saved = Your answer could not be saved, and nothing was sent: { $why }. Please try again.

## What would be sent

details = What would be sent
summary = Summary
key_app = Program
key_release = Version
key_what = Kind
key_server = Goes to
key_comment = Your comment
no_comment = none
developers = the developers
kind_crash = Crash
kind_panic = Crash (the program found an error in itself)
kind_error = Error (the program went on)
kind_hang = Hang (the program did not respond, and went on)
stack = Where it happened
stack_pending = Working out the stack…
stack_empty = The stack could not be worked out. The report is still useful.
inlined = inlined
unknown_function = unknown function
unknown_function_in = unknown function in { $module }
tags = Tags
breadcrumbs = What led up to it
files = Files
files_more = They hold more than is listed here: the other threads, registers, and what the program noted about the system.
file_minidump = registers, stacks and modules at the moment of the crash
file_event = the report itself: version, system, tags and what led up to it
file_stack = the stacks with the names of functions
tab_context = Tags and context
tab_modules = Modules
tab_files = Attachments
tab_bytes = Bytes
tab_text = As text
contexts = Context
nothing_of_this = There is nothing of this in the report.
part_header = the first line, with the report’s number
part_attachment = a file that the program attached
part_other = another part of the report
files_choose = What is ticked goes along.
files_unread = What would be sent cannot be read: { $why }
event_stays = The report itself cannot be left out: without it there would be nothing to send.
minidump_costs = Without the minidump nobody can look into the other threads, or work the stack out anew with better information.
module_at = at { $address }, { $size }
total = In all { $size }, before it is compressed.
save_copy = Save a copy…
save = Save
copy_path = Save as
copy_saved = Saved as { $path } ({ $size })
copy_denied = You are not allowed to write into the folder { $folder }.
copy_no_folder = There is no folder { $folder }.
copy_exists = There is a file { $path } already; it was left as it is.
copy_full = There is no room left for the copy.
copy_failed = The copy could not be saved: { $why }
bytes_of = Bytes of
bytes_hex = Numbers
bytes_letters = Letters
bytes_page = { $from } to { $to } of { $total }
page_before = Back
page_after = Further
stream_unknown = unknown stream { $number }
stream_line = { $name } ({ $size }, from { $offset } on)
more =
    { $count ->
        [one] and { $count } more, sent as well but not listed here
       *[other] and { $count } more, sent as well but not listed here
    }
more_text = and { $size } more, sent as well but not shown here

## What was removed

removed = Removed before it was stored
removed_environment = environment variables
removed_command_line = the command line
removed_open_files = names of open files
removed_mapped_files = names of files in memory that are no code
removed_user_numbers = user and group numbers
removed_other = other data of the process
removed_nothing = nothing from stacks and registers: this program keeps them whole
removed_stack_words = what is no address or small number on the stacks
removed_register_words = what is no address or small number in registers
removed_vectors = vector registers
removed_memory = memory that is neither a stack nor code
removed_unknown_processor = stacks and registers of a processor that is not known
removed_deep_stack = the outer part of a stack that is deeper than anybody reads
removed_home = the name of your home folder in paths
removed_passwords = passwords in texts ({ $times })
removed_emails = e-mail addresses in texts ({ $times })
removed_cloud_keys = cloud keys in texts ({ $times })
removed_access_tokens = access tokens in texts ({ $times })
removed_web_tokens = web tokens in texts ({ $times })
removed_private_keys = private keys in texts ({ $times })
removed_authorizations = sign-in data in texts ({ $times })
removed_by_app = what this program wants taken out of texts ({ $times })
removed_named = { $name } in texts ({ $times })
removed_long_texts = what is longer than { $size } in a text
removed_all_texts = all texts, which took too long to look through

## Sending

sending = Sending the report
sending_to = To { $server }
sending_to_developers = To the developers of the program
preparing = Preparing the report…
progress = { $sent } of { $total }
cancel = Cancel
cancelling = Stopping…
sending_goes_on = You can close this window; sending goes on.

## How it ended

sent = Sent. Thank you.
event_id = Event id
event_id_use = Name this id if you write to the developers about it.
copy = Copy
copied = Copied
open_page = Open the report’s page
known = This crash is known.
known_fixed_in = This crash is known and fixed in { $version }.
known_fixed_newest = This crash is known and fixed. The newest version is { $version }.
known_fixed_soon = This crash is known and fixed in a version to come.
get_update = Get the new version
waiting = The report could not be sent now
waiting_next = It is kept on this computer, and will be tried again later.
refused = The server did not take the report
refused_next = It is kept on this computer, and will not be sent again by itself.
refused_silent = It gave no reason.
cancelled = Sending was stopped
cancelled_next = The report is kept on this computer; you will be asked again at the next start.
reporter_gone = The program that sends reports has stopped.
close = Close

## Sizes: decimal multiples, as file managers of the language write them. An amount is a number such as 24.5, with the
## decimal mark below.

decimal_mark = .
size_bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } bytes
    }
size_kilobytes = { $amount } KB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal. The letters to type are the same in every language: they are latin, and every keyboard has them.

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s]end the report, [d]on’t send, ask me [l]ater, [v]iew what would be sent:
terminal_choices_raw = [s]end the report, [d]on’t send, ask me [l]ater, [v]iew what would be sent, the [w]hole report as text, save a [c]opy:
terminal_again = Please answer with one of s, d, l or v.
terminal_again_raw = Please answer with one of s, d, l, v, w or c.
terminal_always = Always do this without asking? Later reports, and those that wait, are then sent, or deleted, as you chose now. [y/N]
terminal_copy = Save the copy as (an empty line: { $path }):
terminal_restart = Restart { $app }? [y/N]
# The answers that mean yes, beside y and yes, separated by spaces.
terminal_yes = y yes
terminal_sending = Sending…
terminal_sent = Sent, thank you. Event id: { $event_id }
terminal_waiting = The report could not be sent now; it is kept and will be tried again later.
terminal_refused = The server did not take the report; it is kept on this computer.
terminal_cancelled = Sending was stopped; the report is kept.
terminal_kept = A crash report is kept on this computer; nothing was sent.
terminal_look = To look at it, send or delete it: { $command }
