//! The plain registry, area by area, over a client of its own that sends what it is told and nothing else.

mod areas;
mod client;

use client::Client;
