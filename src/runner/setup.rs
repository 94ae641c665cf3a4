//! Setups: what has to be there before anything is judged.

use tokio::time::sleep;

use super::Env;
use super::execute::Thread;
use super::expand::{expand_stores, only_stores, parts};
use super::lost::{LONGER_PAUSE, may_be_a_moments};
use super::means::Means;
use super::stop::{Stop, missing, must_succeed};
use crate::case::Step;
use crate::client::Purpose;

impl Thread {
    /// Steps that have to succeed. What several of them store one after the other is sent with as little waiting as its order
    /// allows.
    pub async fn set_up(&mut self, env: &Env, steps: &[Step]) -> Result<(), Stop> {
        for part in parts(steps) {
            let before = self.exchanges.len();
            let mut done = self.set_up_part(env, part).await;
            // A registry that stumbles over what it gets at once may have been only a moment in disorder. That it did is
            // judged all the same.
            let mut since = self.exchanges[before..].iter();
            let stumbled = since.any(|exchange| may_be_a_moments(exchange.status()));
            if done.is_err() && stumbled && part.iter().all(only_stores) {
                sleep(LONGER_PAUSE).await;
                done = self.set_up_part(env, part).await;
            }
            done?;
        }
        Ok(())
    }

    async fn set_up_part(&mut self, env: &Env, part: &[Step]) -> Result<(), Stop> {
        if let [step] = part {
            return self.prepare(env, step, Purpose::Setup).await;
        }
        let plans = expand_stores(part, &self.scope, &Means::of(env, Purpose::Setup));
        for (step, planned) in part.iter().zip(plans.map_err(|error| missing(&part[0], &error))?) {
            let performed = self.in_stages(env, step, 0, Purpose::Setup, &planned).await?;
            performed.map_or(Ok(()), |performed| must_succeed(step, &performed.answer))?;
        }
        Ok(())
    }
}
