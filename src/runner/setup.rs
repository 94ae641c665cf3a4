//! Setups: what has to be there before anything is judged.

use super::Env;
use super::execute::{Stop, Thread, missing, must_succeed};
use super::expand::{expand_stores, storing};
use super::perform::means;
use crate::case::Step;
use crate::client::Purpose;

impl Thread {
    /// Steps that have to succeed. What several of them store one after the other is sent with as little waiting as its order
    /// allows.
    pub async fn set_up(&mut self, env: &Env, steps: &[Step]) -> Result<(), Stop> {
        let mut rest = steps;
        while let [step, later @ ..] = rest {
            let (stores, after) = rest.split_at(storing(rest));
            if stores.len() < 2 {
                self.prepare(env, step, Purpose::Setup).await?;
                rest = later;
                continue;
            }
            let plans = expand_stores(stores, &self.scope, &means(env, Purpose::Setup))
                .map_err(|error| missing(step, &error))?;
            for (step, planned) in stores.iter().zip(plans) {
                let performed = self.in_stages(env, step, 0, Purpose::Setup, &planned).await?;
                performed.map_or(Ok(()), |performed| must_succeed(step, &performed.answer))?;
            }
            rest = after;
        }
        Ok(())
    }
}
