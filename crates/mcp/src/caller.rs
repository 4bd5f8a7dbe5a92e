//! Which tool is calling.

use omp_model::{Tag, ToolName};
use rmcp::RoleServer;
use rmcp::service::RequestContext;

/// A client that gives no name of which a word can be made.
const UNNAMED: &str = "mcp";

/// The client's name as `source.tool`: a word, so that it can be filtered by and keys can be limited to it.
pub(crate) fn tool_name(context: &RequestContext<RoleServer>) -> ToolName {
    name_of(context.client_info().as_ref().map_or("", |client| client.name.as_str()))
}

fn name_of(client: &str) -> ToolName {
    let word = Tag::normalize(client);
    ToolName::new(word.as_ref().map_or(UNNAMED, Tag::as_str)).expect("a word is a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_called_by_a_word() {
        for (client, tool) in [
            ("claude-code", "claude-code"),
            ("Visual Studio Code", "visual-studio-code"),
            ("@scope/My.Client", "scope-my-client"),
            ("", "mcp"),
            ("記憶", "mcp"),
        ] {
            assert_eq!(name_of(client).as_str(), tool);
        }
    }
}
