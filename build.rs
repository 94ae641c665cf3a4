//! Has the program built anew when a case file is added: the case files are embedded in it.

fn main() {
    println!("cargo::rerun-if-changed=cases");
}
