//! Builds again when a migration is added: the compiler does not know of the folder by itself.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
