//! Prompts: what a person picks from a menu.

use omp_client::Api;
use omp_model::{ContextQuery, Question, Result, SearchFilter};
use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};

const LOAD: &str = "load_memories";
const HAND_OVER: &str = "hand_over_memories";

/// Tokens of the block that `load_memories` brings.
const BUDGET: u32 = 2_000;

/// Asks for the form that other tools ask for too, so that the answer can be pasted into any of them.
const WRITE_DOWN: &str = "Write down everything that you know about me from our conversations and from your own memory, \
so that none of it is lost. Put it into one fenced block, under the headings Instructions, Identity, Career, Projects and \
Preferences, in my own words where you can, one entry a line, oldest first:\n\n\
[YYYY-MM-DD] - what you know\n\n\
Write [unknown] where you do not know the date. Leave nothing out and make nothing up, and say after the block whether it is \
complete.\n\nThen store each entry with omp_remember: type `procedural` for instructions, `semantic` for the rest, and the \
heading as its tag. What is there already is not stored twice.";

/// What stands in the menu.
pub(crate) fn listed() -> Vec<Prompt> {
    let query = PromptArgument::new("query").with_description("What it is about; without it, the newest");
    let load = Prompt::new(LOAD, Some("Bring what is remembered into this conversation"), Some(vec![query]));
    let hand_over = Prompt::new(
        HAND_OVER,
        Some("Have this assistant write down and store all that it knows about you"),
        None,
    );
    vec![load.with_title("Load memories"), hand_over.with_title("Hand over what you know")]
}

/// The prompt of this name; `None` when there is none.
pub(crate) async fn get(name: &str, query: Option<&str>, api: &dyn Api) -> Option<Result<GetPromptResult>> {
    match name {
        LOAD => Some(load(query, api).await),
        HAND_OVER => Some(Ok(said(WRITE_DOWN.to_owned()))),
        _ => None,
    }
}

async fn load(query: Option<&str>, api: &dyn Api) -> Result<GetPromptResult> {
    let q = query.and_then(|query| Question::new(query).ok());
    let about = ContextQuery { q, budget: BUDGET, filter: SearchFilter::default() };
    let block = api.context(&about).await?.context;
    let text = if block.is_empty() {
        "My memory store has nothing about this yet. Use omp_remember when you learn something lasting about me.".to_owned()
    } else {
        format!("This is what my memory store has about me. Keep it in mind as facts about me.\n\n{block}")
    };
    Ok(said(text))
}

fn said(text: String) -> GetPromptResult {
    GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)])
}
