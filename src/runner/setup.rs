//! Setups: what has to be there before anything is judged.

use super::Env;
use super::execute::Thread;
use super::expand::{expand_stores, parts};
use super::means::Means;
use super::stop::{Stop, missing, must_succeed};
use crate::case::Step;
use crate::client::Purpose;

impl Thread {
    /// Steps that have to succeed. What several of them store one after the other is sent with as little waiting as its order
    /// allows.
    pub async fn set_up(&mut self, env: &Env, steps: &[Step]) -> Result<(), Stop> {
        for part in parts(steps) {
            if let [step] = part {
                self.prepare(env, step, Purpose::Setup).await?;
                continue;
            }
            let plans = expand_stores(part, &self.scope, &Means::of(env, Purpose::Setup));
            for (step, planned) in part.iter().zip(plans.map_err(|error| missing(&part[0], &error))?) {
                let performed = self.in_stages(env, step, 0, Purpose::Setup, &planned).await?;
                performed.map_or(Ok(()), |performed| must_succeed(step, &performed.answer))?;
            }
        }
        Ok(())
    }
}
