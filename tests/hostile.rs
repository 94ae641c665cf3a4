//! The program against servers that mean it no good, on this machine: it ends in time, says the right thing by its exit
//! code and in words, stays small and shows nothing that it should not.

#[path = "client/authority.rs"]
#[allow(
    dead_code,
    reason = "shared by several test programs, not all of which use all of it"
)]
mod authority;
#[path = "client/port.rs"]
mod port;
#[path = "client/server.rs"]
#[allow(
    dead_code,
    reason = "shared by several test programs, not all of which use all of it"
)]
mod server;

mod hostile {
    mod beasts;
    mod endings;
    pub mod harness;
    mod secrets;
    mod zoo;
}
