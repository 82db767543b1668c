//! Looks after the endpoints while calls are made: lends places, and gives up who is away too long.

use std::time::Duration;

use crate::slot::Slots;

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(50);

/// Looks after the endpoints of `slots`, and never ends; one that turns everybody away for `patience` is given up.
pub(crate) async fn watch(slots: &Slots, patience: Duration) {
    loop {
        tokio::time::sleep(EVERY).await;
        for slot in slots {
            slot.limiter.lend();
            if slot.limiter.is_gone(patience) {
                slot.health.give_up_after(patience);
            }
        }
    }
}
