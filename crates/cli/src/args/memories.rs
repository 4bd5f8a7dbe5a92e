//! Single memories.

use clap::Args;
use omp_model::query::{Filter, Sort};
use omp_model::search::{SearchFilter, SearchMode};
use omp_model::{MemoryId, MemoryType, Namespace, Tags, Timestamp, ToolName, UserName};

use super::access::user;

/// A value that our own type reads.
fn kind(text: &str) -> Result<MemoryType, String> {
    MemoryType::parse(text).ok_or_else(|| "use episodic, semantic or procedural".into())
}

fn sort(text: &str) -> Result<Sort, String> {
    Sort::parse(text).ok_or_else(|| "use created_at_desc, created_at_asc or updated_at_desc".into())
}

pub(super) fn mode(text: &str) -> Result<SearchMode, String> {
    SearchMode::parse(text).ok_or_else(|| "use keyword, semantic or hybrid".into())
}

pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .or_else(|| Timestamp::parse_date(text))
        .ok_or_else(|| "use a date such as 2027-01-31 or a date-time such as 2027-01-31T12:00:00Z".into())
}

/// People type `Hot Drinks`; the protocol takes `hot-drinks`.
pub(super) fn namespace(text: &str) -> Result<Namespace, String> {
    Namespace::normalize(text).ok_or_else(|| "use letters a to z, digits, `_`, `:` and `-`".into())
}

fn id(text: &str) -> Result<MemoryId, String> {
    MemoryId::parse(text).ok_or_else(|| "use the id of a memory: mem_ and 16 of a-z and 0-9".into())
}

pub(super) fn tool(text: &str) -> Result<ToolName, String> {
    ToolName::new(text)
}

/// Which memories.
#[derive(Debug, Args)]
pub(crate) struct Filters {
    /// Only of this type: episodic, semantic or procedural
    #[arg(long = "type", value_parser = kind)]
    pub(crate) kind: Option<MemoryType>,
    /// Only with this tag (several: with all of them)
    #[arg(long = "tag", short)]
    pub(crate) tags: Vec<String>,
    /// Only in this namespace
    #[arg(long, short, value_parser = namespace)]
    pub(crate) namespace: Option<Namespace>,
    /// Only written by this tool
    #[arg(long, value_parser = tool)]
    pub(crate) tool: Option<ToolName>,
}

impl Filters {
    pub(crate) fn into_search_filter(self) -> SearchFilter {
        let Filter { kind, tool, tags, namespace } = self.into_filter();
        SearchFilter {
            kind,
            tool,
            tags,
            namespaces: namespace.into_iter().collect(),
            ..SearchFilter::default()
        }
    }

    pub(crate) fn into_filter(self) -> Filter {
        let tags = Tags::normalize(self.tags.iter().map(String::as_str));
        Filter { kind: self.kind, tool: self.tool, tags, namespace: self.namespace }
    }
}

/// Whose memories.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// Among the memories that this user of the server shares with you
    #[arg(long, value_parser = user, requires = "server", value_name = "USER")]
    pub(crate) shared_by: Option<UserName>,
}

#[derive(Debug, Args)]
pub(crate) struct Remember {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// What to remember; `-` or nothing reads standard input
    pub(crate) text: Option<String>,
    /// episodic (it happened), semantic (a fact or preference) or procedural (how to do it)
    #[arg(long = "type", value_parser = kind, default_value = "semantic")]
    pub(crate) kind: MemoryType,
    /// A tag (may be repeated)
    #[arg(long = "tag", short)]
    pub(crate) tags: Vec<String>,
    /// The namespace, such as project:myapp
    #[arg(long, short, value_parser = namespace)]
    pub(crate) namespace: Option<Namespace>,
    /// The namespace of the project here (see `omp context --help`)
    #[arg(long, conflicts_with = "namespace")]
    pub(crate) project: bool,
    /// Which tool this comes from
    #[arg(long, value_parser = tool, default_value = "cli")]
    pub(crate) tool: ToolName,
    /// When it is gone: a date or date-time
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub(crate) expires_at: Option<Timestamp>,
    /// Free-form data: a JSON object of at most ten keys
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    /// The memory in whose place this one stands from now on; that one stays in the history
    #[arg(long, value_parser = id, value_name = "ID")]
    pub(crate) supersedes: Option<MemoryId>,
    /// Store it even if the same text is there already
    #[arg(long)]
    pub(crate) no_dedupe: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Recall {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// What to look for
    #[arg(required = true, num_args = 1..)]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Only in the project here (see `omp context --help`) and in no namespace
    #[arg(long, conflicts_with = "namespace")]
    pub(crate) project: bool,
    /// How many at most
    #[arg(long, short, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
    /// keyword, semantic or hybrid; by default the best there is
    #[arg(long, value_parser = mode)]
    pub(crate) mode: Option<SearchMode>,
    /// Look into what other users share with you, too
    #[arg(long, conflicts_with = "shared_by")]
    pub(crate) shared: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// How many at most
    #[arg(long, short, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
    /// How many to pass over
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: u64,
    /// `created_at_desc`, `created_at_asc` or `updated_at_desc`
    #[arg(long, value_parser = sort, default_value = "created_at_desc")]
    pub(crate) sort: Sort,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The ids
    #[arg(required = true)]
    pub(crate) ids: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The id
    pub(crate) id: String,
    /// New text; without any option your editor opens
    #[arg(long)]
    pub(crate) content: Option<String>,
    /// New type
    #[arg(long = "type", value_parser = kind)]
    pub(crate) kind: Option<MemoryType>,
    /// The new tags, all of them (may be repeated)
    #[arg(long = "tag", short)]
    pub(crate) tags: Vec<String>,
    /// Take all tags away
    #[arg(long, conflicts_with = "tags")]
    pub(crate) no_tags: bool,
    /// New namespace
    #[arg(long, short, value_parser = namespace)]
    pub(crate) namespace: Option<Namespace>,
    /// Move to the default namespace
    #[arg(long, conflicts_with = "namespace")]
    pub(crate) no_namespace: bool,
    /// New expiry: a date or date-time
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub(crate) expires_at: Option<Timestamp>,
    /// Keep for ever
    #[arg(long, conflicts_with = "expires_at")]
    pub(crate) never_expires: bool,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The id
    pub(crate) id: String,
    /// Make this version the present one again
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["limit", "offset"])]
    pub(crate) restore: Option<u64>,
    /// How many at most
    #[arg(long, short, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
    /// How many to pass over
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Forget {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The ids
    #[arg(required = true)]
    pub(crate) ids: Vec<String>,
}
