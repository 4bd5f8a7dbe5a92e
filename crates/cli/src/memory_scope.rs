//! Which memories a piece of work is about: those of its project, and those that belong to no project.

use futures_util::future::join_all;
use omp_client::Api;
use omp_model::api::Degraded;
use omp_model::{
    ErrorCode, Filter, HistoryQuery, ListQuery, Memory, Namespace, Question, Result, SearchFilter,
    SearchMode, SearchQuery,
};

/// The largest page of every list.
const PAGE: u32 = 100;
/// The newest memories that are looked through for those in no namespace, at most.
const LOOK_THROUGH: u64 = 1_000;

/// Which memories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MemoryScope {
    /// All.
    Everywhere,
    /// Those of one namespace.
    Only(Namespace),
    /// Those of a project, and those in no namespace.
    Project(Namespace),
}

/// Memories, the most useful first.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) memories: Vec<Memory>,
    /// How they were searched; `None` when they are the newest.
    pub(crate) mode_used: Option<SearchMode>,
    pub(crate) degraded: Option<Degraded>,
}

impl MemoryScope {
    /// The namespaces that a filter takes for it.
    pub(crate) fn namespaces(&self) -> Vec<Namespace> {
        match self {
            Self::Only(namespace) => vec![namespace.clone()],
            Self::Everywhere | Self::Project(_) => Vec::new(),
        }
    }

    fn admits(&self, memory: &Memory) -> bool {
        match (self, &memory.namespace) {
            (Self::Everywhere, _) | (Self::Project(_), None) => true,
            (Self::Only(wanted) | Self::Project(wanted), Some(namespace)) => wanted == namespace,
            (Self::Only(_), None) => false,
        }
    }

    /// The best for a question, at most `most` of them.
    pub(crate) async fn search(&self, api: &dyn Api, query: &SearchQuery, most: usize) -> Result<Found> {
        let ask = |namespaces: Vec<Namespace>| {
            let filter = SearchFilter { namespaces, ..query.filter.clone() };
            SearchQuery { filter, limit: PAGE, ..query.clone() }
        };
        let first = api.search_memories(&ask(self.namespaces())).await?;
        let cut = first.memories.len() >= PAGE as usize;
        let mut memories: Vec<Memory> =
            first.memories.into_iter().filter(|memory| self.admits(memory)).collect();
        if let Self::Project(namespace) = self
            && cut
            && memories.len() < most
        {
            // The project's memories that are not among the best of all rank below those that are.
            let rest = api.search_memories(&ask(vec![namespace.clone()])).await?.memories;
            add(&mut memories, rest);
        }
        memories.truncate(most);
        Ok(Found { memories, mode_used: Some(first.mode_used), degraded: first.degraded })
    }

    /// The newest, at most `most` of them. Of a project those that are among the newest thousand of all, and the
    /// project's own however old.
    pub(crate) async fn newest(&self, api: &dyn Api, filter: &Filter, most: usize) -> Result<Found> {
        let namespace = self.namespaces().into_iter().next();
        let mut memories = Vec::new();
        let mut offset = 0;
        while memories.len() < most && offset < LOOK_THROUGH {
            let filter = Filter { namespace: namespace.clone(), ..filter.clone() };
            let query = ListQuery { filter, limit: PAGE, offset, ..ListQuery::default() };
            let page = api.list_memories(&query).await?;
            let last = page.memories.len() < PAGE as usize;
            add(&mut memories, page.memories.into_iter().filter(|memory| self.admits(memory)).collect());
            offset += u64::from(PAGE);
            if last {
                break;
            }
        }
        if let Self::Project(namespace) = self
            && memories.len() < most
            && offset >= LOOK_THROUGH
        {
            let filter = Filter { namespace: Some(namespace.clone()), ..filter.clone() };
            let query = ListQuery { filter, limit: PAGE, ..ListQuery::default() };
            add(&mut memories, api.list_memories(&query).await?.memories);
        }
        memories.truncate(most);
        Ok(Found { memories: still_hold(api, memories).await?, ..Found::default() })
    }

    /// The best for a question, or without one the newest.
    pub(crate) async fn find(&self, api: &dyn Api, question: Option<Question>, most: usize) -> Result<Found> {
        match question {
            Some(question) => self.search(api, &SearchQuery::new(question), most).await,
            None => self.newest(api, &Filter::default(), most).await,
        }
    }
}

/// Without those in whose place another memory stands: a list has them as well, and what is told to a tool must hold.
async fn still_hold(api: &dyn Api, memories: Vec<Memory>) -> Result<Vec<Memory>> {
    let first = HistoryQuery { limit: 1, offset: 0 };
    let ids: Vec<String> = memories.iter().map(|memory| memory.id.to_string()).collect();
    let histories = join_all(ids.iter().map(|id| api.memory_history(id, first))).await;
    let mut hold = Vec::with_capacity(memories.len());
    for (memory, history) in memories.into_iter().zip(histories) {
        match history {
            Ok(history) if history.superseded_by.is_some() => {}
            // It was forgotten since the list was made.
            Err(error) if error.code == ErrorCode::MemoryNotFound => {}
            Err(error) => return Err(error),
            Ok(_) => hold.push(memory),
        }
    }
    Ok(hold)
}

/// Adds those that are not there; a page may shift while it is read.
fn add(memories: &mut Vec<Memory>, more: Vec<Memory>) {
    for memory in more {
        if !memories.iter().any(|known| known.id == memory.id) {
            memories.push(memory);
        }
    }
}
