//! The rules of `source` and of the times that a client may send.

use serde_json::json;

use super::content::{accepts, keeps, lacking, refuses};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict};
use crate::conform::sample::without;

checks! {
    Must "omp.memories.source.missing" ["omp.md §1"] "A memory without source is refused." => |b| lacking(b, "source");
    Must "omp.memories.source.text" ["omp.md §1"] "A source that is a text is refused." => |b| refuses(b, json!({"source": "claude"}));
    Must "omp.memories.source.tool.missing" ["omp.md §1"] "A source without tool is refused." => no_tool;
    Must "omp.memories.source.tool.0" ["omp.md §1"] "An empty tool is refused." => |b| refuses(b, json!({"source": {"tool": ""}}));
    Must "omp.memories.source.tool.number" ["omp.md §1"] "A tool that is a number is refused." => |b| refuses(b, json!({"source": {"tool": 1}}));
    Must "omp.memories.source.tool.100" ["omp.md §1"] "A tool of 100 letters is accepted." => |b| keeps(b, json!({"source": {"tool": "t".repeat(100)}}));
    Must "omp.memories.source.tool.100.emoji" ["omp.md §1; reading 21"] "A tool of 100 emoji is accepted." => |b| keeps(b, json!({"source": {"tool": "🦀".repeat(100)}}));
    Must "omp.memories.source.tool.101" ["omp.md §1"] "A tool of 101 letters is refused." => |b| refuses(b, json!({"source": {"tool": "t".repeat(101)}}));
    Must "omp.memories.source.tool.101.emoji" ["omp.md §1; reading 21"] "A tool of 101 emoji is refused." => |b| refuses(b, json!({"source": {"tool": "🦀".repeat(101)}}));
    Must "omp.memories.source.session_id.255" ["omp.md §1"] "A session_id of 255 characters is accepted." => |b| keeps(b, json!({"source": {"session_id": "é".repeat(255)}}));
    Must "omp.memories.source.session_id.256" ["omp.md §1"] "A session_id of 256 characters is refused." => |b| refuses(b, json!({"source": {"session_id": "s".repeat(256)}}));
    Must "omp.memories.source.session_id.number" ["omp.md §1"] "A session_id that is a number is refused." => |b| refuses(b, json!({"source": {"session_id": 7}}));
    Must "omp.memories.source.user_id.255" ["omp.md §1"] "A user_id of 255 characters is accepted." => |b| keeps(b, json!({"source": {"user_id": "é".repeat(255)}}));
    Must "omp.memories.source.user_id.256" ["omp.md §1"] "A user_id of 256 characters is refused." => |b| refuses(b, json!({"source": {"user_id": "u".repeat(256)}}));
    Must "omp.memories.source.timestamp.text" ["omp.md §1"] "A timestamp that is no date-time is refused." => |b| refuses(b, json!({"source": {"timestamp": "yesterday"}}));
    Must "omp.memories.source.timestamp.date" ["omp.md §1"] "A timestamp without a time of day is refused." => |b| refuses(b, json!({"source": {"timestamp": "2024-05-06"}}));
    Must "omp.memories.source.timestamp.impossible" ["omp.md §1"] "A timestamp on 30 February is refused." => |b| refuses(b, json!({"source": {"timestamp": "2024-02-30T00:00:00Z"}}));
    Must "omp.memories.source.timestamp.number" ["omp.md §1"] "A timestamp that is a number is refused." => |b| refuses(b, json!({"source": {"timestamp": 1_700_000_000}}));
    Must "omp.memories.source.timestamp.past" ["omp.md §1"] "A fact may have been observed long ago." => |b| accepts(b, json!({"source": {"timestamp": "1999-12-31T23:59:59Z"}}));
    Must "omp.memories.expires_at.text" ["omp.md §1"] "An expires_at that is no date-time is refused." => |b| refuses(b, json!({"expires_at": "never"}));
    Must "omp.memories.expires_at.number" ["omp.md §1"] "An expires_at that is a number is refused." => |b| refuses(b, json!({"expires_at": 4_000_000_000_u32}));
    Must "omp.memories.expires_at.local" ["omp.md §1"] "An expires_at without an offset is refused." => |b| refuses(b, json!({"expires_at": "2999-01-01T00:00:00"}));
}

async fn no_tool(fixture: &Fixture) -> Verdict {
    let mut body = fixture.memory(json!({}));
    body["source"] = without(json!({"tool": "x", "session_id": "s"}), "tool");
    fixture.send(Call::post("/v1/memories", &body)).await?.refused()
}
