//! The reference registry under the live fuzzer, in one process: nothing may be said against it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Runtime;

use crate::client::{self, Client, normalise_target};
use crate::fuzzing::live::player::{Manner, Player, Room};
use crate::fuzzing::live::{execute, script};
use crate::registry::{self, Config, Running};

struct Lab {
    runtime: Runtime,
    client: Client,
    _running: Running,
    rooms: AtomicU64,
}

static LAB: LazyLock<Lab> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime can be started");
    let running = runtime
        .block_on(registry::start(Config::default()))
        .expect("loopback can be listened on");
    let base = normalise_target(&running.url(), false).expect("it is the registry's own address");
    let client = runtime
        .block_on(async { Client::new(client::Options::new(base)) })
        .expect("the options are the usual ones");
    Lab {
        runtime,
        client,
        _running: running,
        rooms: AtomicU64::new(0),
    }
});

/// Plays a script of requests against it: the first byte chooses what is aimed at, the rest are the choices.
pub fn run(data: &[u8]) {
    let Some((aim, choices)) = data.split_first() else {
        return;
    };
    let aim = script::Aim::ALL[usize::from(*aim) % script::Aim::ALL.len()];
    let ops = script::script(aim, choices);
    let number = LAB.rooms.fetch_add(1, Ordering::Relaxed);
    let mut room = Room::new(format!("fuzz/{number}"));
    let manner = Manner {
        nonce: None,
        patient: false,
    };
    let mut player = Player::new(&LAB.client, &mut room, manner);
    LAB.runtime.block_on(execute::play(&mut player, &ops));
    assert!(
        player.played.violations.is_empty(),
        "{:#?}\n{:#?}",
        player.played.violations,
        player.played.log
    );
}
