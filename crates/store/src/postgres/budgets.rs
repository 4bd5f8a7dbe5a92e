//! Budgets that all servers spend from.
//!
//! Asking the database at every request would double what a small request costs. So a server spends on credit, a
//! little, and settles in the background: one statement for all budgets, at most twenty times a second. Nothing is
//! reserved, so what a server does not use is the others', and a new one brings nothing along. What was spent on credit
//! beyond the budget is owed, and all servers refuse until it has come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use deadpool_postgres::Pool;
use tokio::sync::{Notify, watch};

use super::PostgresStore;
use super::notify::Task;
use super::replication::RoleWatch;
use super::session::{Columns, Session};
use crate::budgets::Budgets;
use crate::{Budget, BudgetStore, ReplicationRole, Result};

/// What comes back in this time may be spent on credit.
const PORTION: Duration = Duration::from_millis(100);
/// How long it is believed what the database said; after that the credit is one.
const BELIEVED: Duration = Duration::from_secs(1);
/// The pause before settling what is not urgent.
const ROUND: Duration = Duration::from_millis(50);
/// How long somebody waits for a settlement, before the server counts for itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it then does before it asks again.
const ALONE: Duration = Duration::from_secs(5);
/// How often what is full again is forgotten.
const TIDY: Duration = Duration::from_mins(1);

/// Nobody owes more than a budget and another: when the database's clock is set back, nobody is shut out for hours.
const SETTLE: &str = "WITH clock AS (SELECT (extract(epoch FROM now()) * 1000000)::bigint AS now) \
     INSERT INTO budgets AS b (name, full_at, longest) \
     SELECT s.name, clock.now + s.cost, s.longest \
     FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS s (name, cost, longest), clock \
     ON CONFLICT (name) DO UPDATE SET longest = excluded.longest, full_at = excluded.full_at \
     + greatest(least(b.full_at - (SELECT now FROM clock), 2 * excluded.longest), 0) \
     RETURNING name, full_at - (SELECT now FROM clock)";

/// Servers do not wait for each other here.
const FORGET: &str = "DELETE FROM budgets WHERE name IN (SELECT name FROM budgets \
     WHERE full_at < (extract(epoch FROM now()) * 1000000)::bigint FOR UPDATE SKIP LOCKED)";

/// What this server knows of a budget.
struct Account {
    each: Duration,
    at_once: u32,
    /// Spent here, and not taken yet.
    unsettled: u32,
    /// Being taken.
    under_way: u32,
    /// What was left when it was settled last, and when that was.
    left: f64,
    settled: Option<Instant>,
    refused_until: Option<Instant>,
}

impl Account {
    fn of(budget: &Budget) -> Self {
        Self {
            each: budget.each,
            at_once: budget.at_once,
            unsettled: 0,
            under_way: 0,
            left: 0.0,
            settled: None,
            refused_until: None,
        }
    }

    /// How many may be spent before that is settled.
    fn credit(&self, now: Instant) -> f64 {
        if self.settled.is_none_or(|at| now.saturating_duration_since(at) > BELIEVED) {
            return 1.0;
        }
        let portion = PORTION.as_secs_f64() / self.each.as_secs_f64();
        portion.min(self.left).max(1.0)
    }

    /// The database was asked: so long until the budget is full.
    fn settle(&mut self, owed: Duration, now: Instant) {
        self.under_way = 0;
        self.left = f64::from(self.at_once) - owed.as_secs_f64() / self.each.as_secs_f64();
        self.settled = Some(now);
        self.refused_until = (self.left < 1.0).then(|| now + self.each.mul_f64(1.0 - self.left));
    }

    /// Whether nothing would be lost with it.
    fn is_idle(&self, now: Instant) -> bool {
        self.unsettled + self.under_way == 0
            && self.refused_until.is_none_or(|until| until <= now)
            && self.settled.is_none_or(|at| now.saturating_duration_since(at) > BELIEVED)
    }
}

enum Decision {
    Go,
    Refuse(Duration),
    /// The credit is used up: the next settlement tells more.
    Ask,
}

/// The budgets as this server sees them.
pub(super) struct SharedBudgets {
    pool: Pool,
    place: Arc<str>,
    role: Arc<RoleWatch>,
    /// What this server alone has let through: never more than all may
    /// together, also when the database cannot be asked.
    own: Budgets,
    accounts: Mutex<HashMap<String, Account>>,
    /// Until when this server counts for itself.
    alone_until: Mutex<Option<Instant>>,
    some: Notify,
    urgent: Notify,
    settlements: watch::Sender<u64>,
}

impl SharedBudgets {
    pub(super) fn new(pool: Pool, place: Arc<str>, role: Arc<RoleWatch>) -> Self {
        Self {
            pool,
            place,
            role,
            own: Budgets::default(),
            accounts: Mutex::default(),
            alone_until: Mutex::default(),
            some: Notify::new(),
            urgent: Notify::new(),
            settlements: watch::Sender::new(0),
        }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this server counts for itself; over a standby it always does.
    fn is_alone(&self, now: Instant) -> bool {
        self.role.get() == ReplicationRole::Standby
            || self
                .alone_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some_and(|until| until > now)
    }

    async fn spend(&self, budget: &Budget) -> Option<Duration> {
        loop {
            // Before it is decided, so that no settlement in between is missed.
            let mut settlements = self.settlements.subscribe();
            match self.decide(budget, Instant::now()) {
                Decision::Go => return None,
                Decision::Refuse(wait) => return Some(wait),
                Decision::Ask => {
                    if tokio::time::timeout(PATIENCE, settlements.changed()).await.is_err() {
                        self.count_alone("the database does not answer in time");
                    }
                }
            }
        }
    }

    fn decide(&self, budget: &Budget, now: Instant) -> Decision {
        if self.is_alone(now) {
            return self.own.spend(budget, now).map_or(Decision::Go, Decision::Refuse);
        }
        let mut accounts = self.accounts();
        let account = accounts.entry(budget.name.clone()).or_insert_with(|| Account::of(budget));
        (account.each, account.at_once) = (budget.each, budget.at_once);
        if let Some(until) = account.refused_until.filter(|until| *until > now) {
            return Decision::Refuse(until - now);
        }
        let (credit, with_this) = (account.credit(now), f64::from(account.unsettled + account.under_way + 1));
        if with_this > credit {
            self.some.notify_one();
            self.urgent.notify_one();
            return Decision::Ask;
        }
        if let Some(wait) = self.own.spend(budget, now) {
            return Decision::Refuse(wait);
        }
        account.unsettled += 1;
        self.some.notify_one();
        if with_this * 2.0 >= credit {
            self.urgent.notify_one();
        }
        Decision::Go
    }

    /// Settles whatever is spent, until the task ends.
    pub(super) async fn settle_forever(self: Arc<Self>) {
        let mut tidied = Instant::now();
        loop {
            self.some.notified().await;
            // What is urgent ends the pause.
            let _ = tokio::time::timeout(ROUND, self.urgent.notified()).await;
            if let Err(error) = self.settle().await {
                self.count_alone(&error.to_string());
            }
            if tidied.elapsed() > TIDY {
                tidied = Instant::now();
                if let Err(error) = self.tidy().await {
                    tracing::debug!(%error, "budgets that are full again could not be forgotten");
                }
            }
        }
    }

    async fn settle(&self) -> Result<()> {
        // By name: two servers that settle at once take the rows in the same order.
        let mut due: Vec<(String, (i64, i64))> = Vec::new();
        for (name, account) in self.accounts().iter_mut().filter(|(_, account)| account.unsettled > 0) {
            account.under_way = std::mem::take(&mut account.unsettled);
            let micros = |count| i64::try_from((account.each * count).as_micros()).unwrap_or(i64::MAX / 4);
            due.push((name.clone(), (micros(account.under_way), micros(account.at_once))));
        }
        if due.is_empty() {
            return Ok(());
        }
        due.sort_unstable();
        let (names, amounts): (Vec<String>, Vec<(i64, i64)>) = due.into_iter().unzip();
        let settled = self.take(&names, &amounts).await;
        let (mut accounts, now) = (self.accounts(), Instant::now());
        for name in &names {
            // What could not be taken is given away.
            accounts.get_mut(name).expect("it is not idle").under_way = 0;
        }
        let settled = settled.map(|settled| {
            for (name, owed) in settled {
                if let Some(account) = accounts.get_mut(&name) {
                    account.settle(owed, now);
                }
            }
        });
        drop(accounts);
        self.settlements.send_modify(|number| *number += 1);
        settled
    }

    /// Takes costs from budgets, of which is said how long they take to be full; tells how long that is now.
    async fn take(&self, names: &[String], amounts: &[(i64, i64)]) -> Result<Vec<(String, Duration)>> {
        let session = Session::glance(&self.pool, &self.place).await?;
        let (costs, longest): (Vec<i64>, Vec<i64>) = amounts.iter().copied().unzip();
        let rows = session.rows(SETTLE, &[&names, &costs, &longest]).await?;
        rows.iter().map(|row| Ok((row.column(0)?, Duration::from_micros(row.count(1)?)))).collect()
    }

    async fn tidy(&self) -> Result<()> {
        let now = Instant::now();
        self.accounts().retain(|_, account| !account.is_idle(now));
        Session::glance(&self.pool, &self.place).await?.execute(FORGET, &[]).await.map(drop)
    }

    /// The limits hold for this server alone, for a while.
    fn count_alone(&self, reason: &str) {
        let mut alone = self.alone_until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // While it goes on, it is told once.
        if alone.is_none_or(|until| until + ALONE < now) {
            tracing::warn!(
                reason,
                "rate limits cannot be counted with other servers; each server counts for itself"
            );
        }
        *alone = Some(now + ALONE);
        drop(alone);
        self.settlements.send_modify(|number| *number += 1);
    }
}

#[async_trait]
impl BudgetStore for PostgresStore {
    async fn spend(&self, budget: &Budget) -> Option<Duration> {
        self.settling.get_or_init(|| Task::spawn(Arc::clone(&self.budgets).settle_forever()));
        self.budgets.spend(budget).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_follows_what_is_left_and_how_old_that_news_is() {
        let budget = Budget { name: "x".into(), at_once: 100, each: Duration::from_millis(10) };
        let (mut account, now) = (Account::of(&budget), Instant::now());
        let credit = |account: &Account, now| format!("{:.3}", account.credit(now));
        assert_eq!(credit(&account, now), "1.000", "nothing is known yet");
        account.settle(Duration::from_millis(10), now);
        assert_eq!(credit(&account, now), "10.000", "a tenth of a second's worth");
        assert_eq!(credit(&account, now + BELIEVED * 2), "1.000");
        account.settle(Duration::from_millis(970), now);
        assert_eq!((credit(&account, now), account.refused_until), ("3.000".to_owned(), None));
        account.settle(Duration::from_millis(1_020), now);
        let wait = account.refused_until.unwrap() - now;
        assert!(
            wait.abs_diff(Duration::from_millis(30)) < Duration::from_micros(1),
            "two are owed, one must be there"
        );
        assert!(!account.is_idle(now + Duration::from_millis(29)));
        assert!(account.is_idle(now + BELIEVED * 2));
    }
}
