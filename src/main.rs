//! The command line of Referee: everything it does is in the library.

fn main() -> std::process::ExitCode {
    referee::cli::main()
}
