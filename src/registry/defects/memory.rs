//! What mutants remember from one request to the next.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Texts under texts.
#[derive(Debug, Default)]
pub(in crate::registry) struct Memory(Mutex<HashMap<String, String>>);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is remembered under this key.
    pub(in crate::registry) fn recall(&self, key: &str) -> Option<String> {
        self.lock().get(key).cloned()
    }

    /// Remembers a text in the place of what was there.
    pub(in crate::registry) fn remember(&self, key: impl Into<String>, text: impl Into<String>) {
        self.lock().insert(key.into(), text.into());
    }

    /// Forgets what is there; whether anything was.
    pub(in crate::registry) fn forget(&self, key: &str) -> bool {
        self.lock().remove(key).is_some()
    }

    /// Forgets everything whose key begins like this.
    pub(in crate::registry) fn forget_all(&self, prefix: &str) {
        self.lock().retain(|key, _| !key.starts_with(prefix));
    }

    /// Whether this is the first time that it is asked for this key.
    pub(in crate::registry) fn is_first(&self, key: impl Into<String>) -> bool {
        self.lock().insert(key.into(), String::new()).is_none()
    }

    /// How often it was asked for this key, this time included.
    pub(in crate::registry) fn count(&self, key: &str) -> usize {
        let mut memory = self.lock();
        let count = memory.get(key).and_then(|text| text.parse().ok()).unwrap_or(0_usize) + 1;
        memory.insert(key.to_owned(), count.to_string());
        count
    }
}
