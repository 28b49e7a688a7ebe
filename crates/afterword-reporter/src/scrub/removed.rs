//! What was removed from a dump, in the words of the report. The dialog says them in the language of whoever is asked.

macro_rules! words {
    ($($name:ident = $words:literal;)*) => {
        $(pub(super) const $name: &str = $words;)*

        /// All of them.
        #[cfg(test)]
        pub(crate) const ALL: &[&str] = &[$($words),*];
    };
}

words! {
    ENVIRONMENT = "environment variables";
    COMMAND_LINE = "the command line";
    OPEN_FILES = "names of open files";
    MAPPED_FILES = "names of files in memory that are no code";
    USER_NUMBERS = "user and group numbers";
    OTHER = "other data of the process";
    NOTHING = "nothing from stacks and registers: this program keeps them whole";
    STACK_WORDS = "what is no address or small number on the stacks";
    REGISTER_WORDS = "what is no address or small number in registers";
    VECTORS = "vector registers";
    MEMORY = "memory that is neither a stack nor code";
    UNKNOWN_PROCESSOR = "stacks and registers of a processor that is not known";
    DEEP_STACK = "the outer part of a stack that is deeper than anybody reads";
    HOME = "the name of your home folder in paths";
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_dialog_says_each_in_each_language() {
        for what in super::ALL {
            assert!(afterword_dialog::knows_removed(what), "{what}");
        }
        assert!(!afterword_dialog::knows_removed("something new"));
    }
}
