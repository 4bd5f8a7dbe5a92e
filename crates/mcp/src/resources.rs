//! Resources: memories to be read and watched under an address.

use omp_client::Api;
use omp_model::{Error, ErrorCode, ListQuery, Result};
use rmcp::model::{Resource, ResourceTemplate};

/// What the newest memories are read under: the published address.
const CONTEXT: &str = "omp://memories/context";
const NAMESPACES: &str = "omp://namespaces";
const MEMORY: &str = "omp://memories/";

/// All of them are text; what people wrote is marked as data.
pub(crate) const MEDIA_TYPE: &str = "text/plain";

/// How many memories stand in the context, as published.
const NEWEST: u32 = 20;

/// Something that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The newest memories.
    Context,
    /// The namespaces, and how many memories are in each.
    Namespaces,
    /// One memory.
    Memory(String),
}

impl Place {
    /// What an address names.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        match uri {
            CONTEXT => Some(Self::Context),
            NAMESPACES => Some(Self::Namespaces),
            _ => uri.strip_prefix(MEMORY).filter(|id| !id.is_empty()).map(|id| Self::Memory(id.to_owned())),
        }
    }

    /// The text that is there.
    pub(crate) async fn read(&self, api: &dyn Api) -> Result<String> {
        match self {
            Self::Context => {
                let query = ListQuery { limit: NEWEST, ..ListQuery::default() };
                let newest = api.list_memories(&query).await?.memories;
                Ok(if newest.is_empty() {
                    "Nothing is remembered yet.\n".to_owned()
                } else {
                    omp_service::recalled(&newest)
                })
            }
            Self::Namespaces => {
                let list = api.namespaces().await?.namespaces;
                let mut text = String::new();
                for one in list {
                    text.push_str(&format!("{} ({})\n", one.namespace, one.memories));
                }
                Ok(text)
            }
            Self::Memory(id) => Ok(omp_service::recalled(std::slice::from_ref(&api.get_memory(id).await?))),
        }
    }
}

/// What stands in the list of resources.
pub(crate) fn listed() -> Vec<Resource> {
    let context = Resource::new(CONTEXT, "context")
        .with_title("Newest memories")
        .with_description("The twenty newest memories, marked as data");
    let namespaces = Resource::new(NAMESPACES, "namespaces")
        .with_title("Namespaces")
        .with_description("The projects and areas that memories belong to, and how many each has");
    vec![context.with_mime_type(MEDIA_TYPE), namespaces.with_mime_type(MEDIA_TYPE)]
}

/// The addresses that have an id in them.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let memory = ResourceTemplate::new(format!("{MEMORY}{{id}}"), "memory")
        .with_title("A memory")
        .with_description("One memory by its id, as omp_recall gives it");
    vec![memory.with_mime_type(MEDIA_TYPE)]
}

/// Whether nothing is there, rather than that it could not be read.
pub(crate) fn is_missing(error: &Error) -> bool {
    matches!(error.code, ErrorCode::MemoryNotFound | ErrorCode::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_places() {
        assert_eq!(Place::parse("omp://memories/context"), Some(Place::Context));
        assert_eq!(Place::parse("omp://namespaces"), Some(Place::Namespaces));
        assert_eq!(Place::parse("omp://memories/mem_x"), Some(Place::Memory("mem_x".into())));
        for none in ["omp://memories/", "omp://", "file:///etc/passwd", ""] {
            assert_eq!(Place::parse(none), None, "{none}");
        }
    }
}
