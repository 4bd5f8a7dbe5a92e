//! `GET /v1/memories`: its form, its filters and its pages.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Finding, Verdict, cut, encode, ensure, faultless};
use crate::conform::shape;

checks! {
    Must "omp.list.200" ["omp.md §2"] "The list has memories, total, limit and offset." => form;
    Must "omp.list.memories" ["omp.md §1; reading 27"] "Each memory in it has the form of the schema and no more." => memories;
    Must "omp.list.same" ["omp.md §2"] "A memory in the list is the same as from GET." => same;
    Must "omp.list.namespace" ["omp.md §2"] "`namespace` lists only that namespace." => |b| counts(b, "", 24);
    Must "omp.list.namespace.none" ["omp.md §2"] "A namespace that nobody uses has an empty list." => nobody;
    Must "omp.list.type" ["omp.md §2"] "`type` lists only that type." => |b| counts(b, "&type=episodic", 8);
    Must "omp.list.tool" ["omp.md §2"] "`tool` lists only what that tool wrote." => |b| counts(b, "&tool=conform-odd", 12);
    Must "omp.list.tags.one" ["omp.md §2"] "`tags` with one tag lists what has it." => |b| counts(b, "&tags=third", 8);
    Must "omp.list.tags.and" ["omp.md §2; reading 9"] "`tags` with two tags lists only what has both." => |b| counts(b, "&tags=third,fourth", 2);
    Must "omp.list.tags.encoded" ["omp.md §2"] "The comma between tags may be percent-encoded." => |b| counts(b, "&tags=third%2Cfourth", 2);
    Must "omp.list.tags.colon" ["omp.md §1"] "A tag with a colon can be asked for." => |b| counts(b, "&tags=all%3Aof-them", 24);
    Must "omp.list.tags.whole" ["omp.md §2"] "A tag is matched as a whole, not as a part of one." => |b| counts(b, "&tags=thir", 0);
    Should "omp.list.tags.twice" ["omp.md §2"] "The same tag asked for twice is asked for once." => |b| counts(b, "&tags=third,third", 8);
    Must "omp.list.filters.combined" ["omp.md §2"] "All filters hold together." => |b| counts(b, "&type=semantic&tool=conform-odd&tags=third", 2);
    Must "omp.list.filters.before-paging" ["omp.md §2; reading 9"] "Filters apply before paging." => before_paging;
    Must "omp.list.total" ["omp.md §2"] "`total` counts the whole filtered set, not the page." => total;
    Must "omp.list.unfiltered" ["omp.md §2"] "Without filters, what was just stored is in the list." => unfiltered;
    Must "omp.list.limit.default" ["omp.md §2"] "The limit is 20 when none is given, and the answer says so." => default_limit;
    Must "omp.list.limit" ["omp.md §2"] "`limit` cuts the page and is reported." => limit;
    Must "omp.list.limit.100" ["omp.md §2"] "A limit of 100 is accepted as it is." => |b| reported(b, "100");
    Must "omp.list.limit.101" ["omp.md §2; reading 9"] "A limit of 101 is cut to 100 and reported so." => |b| reported(b, "101");
    Must "omp.list.limit.large" ["omp.md §2; reading 9"] "A limit of 1,000,000 is cut to 100 and reported so." => |b| reported(b, "1000000");
    Must "omp.list.limit.0" ["reading 9"] "A limit of 0 is refused." => |b| refuses(b, "limit=0");
    Must "omp.list.limit.negative" ["reading 9"] "A limit below 0 is refused." => |b| refuses(b, "limit=-1");
    Must "omp.list.limit.text" ["reading 9"] "A limit that is no number is refused." => |b| refuses(b, "limit=abc");
    Must "omp.list.limit.fraction" ["reading 9"] "A limit that is no integer is refused." => |b| refuses(b, "limit=1.5");
    Must "omp.list.offset.default" ["omp.md §2"] "The offset is 0 when none is given." => default_offset;
    Must "omp.list.offset" ["omp.md §2"] "`offset` skips and is reported." => offset;
    Must "omp.list.offset.beyond" ["omp.md §2"] "Beyond the end the page is empty and the total stays." => beyond;
    Must "omp.list.offset.negative" ["reading 9"] "An offset below 0 is refused." => |b| refuses(b, "offset=-1");
    Must "omp.list.offset.text" ["reading 9"] "An offset that is no number is refused." => |b| refuses(b, "offset=abc");
    Must "omp.list.type.unknown" ["omp.md §2"] "A type that is not one of the three is refused or matches nothing." => unknown_type;
    Must "omp.list.quotes" ["omp.md §2"] "A filter is data, never a piece of a query." => quotes;
}

/// Where the samples of the list are.
pub(super) fn place(fixture: &Fixture) -> String {
    format!("namespace={}", encode(&fixture.namespace("list")))
}

/// Stores 24 samples: three types, two tools, every third and every fourth tagged.
async fn stock(fixture: &Fixture) -> Result<Value, Finding> {
    let namespace = fixture.namespace("list");
    let mut all = Vec::new();
    for number in 0..24_usize {
        let mut tags = vec!["all:of-them"];
        tags.extend((number % 3 == 0).then_some("third"));
        tags.extend((number % 4 == 0).then_some("fourth"));
        let tool = if number % 2 == 1 { "conform-odd" } else { "conform-even" };
        let change = json!({
            "content": format!("Sample number {number} of the list."),
            "namespace": namespace,
            "type": shape::KINDS[number / 8],
            "source": {"tool": tool},
            "tags": tags,
        });
        all.push(fixture.store(change).await?);
    }
    Ok(Value::Array(all))
}

/// The 24 samples as POST gave them.
pub(super) async fn samples(fixture: &Fixture) -> Result<Value, Finding> {
    fixture.sample("list", stock(fixture)).await
}

/// A list of the samples under more parameters, each starting with `&`.
pub(super) async fn listed(fixture: &Fixture, more: &str) -> Result<Value, Finding> {
    samples(fixture).await?;
    fixture.list(&format!("{}{more}", place(fixture))).await
}

/// How many memories a page shows.
pub(super) fn rows(list: &Value) -> usize {
    list["memories"].as_array().map_or(0, Vec::len)
}

async fn form(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "").await?;
    let holds = list["memories"].is_array() && ["total", "limit", "offset"].iter().all(|f| list[*f].is_u64());
    ensure(holds, "memories, total, limit, offset", || cut(&list.to_string(), 200))
}

async fn memories(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "").await?;
    for memory in list["memories"].as_array().into_iter().flatten() {
        faultless("memories of the schema", &shape::memory(memory))?;
    }
    Ok(())
}

async fn same(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "&limit=1").await?;
    let listed = &list["memories"][0];
    let stored = fixture.fetch(&listed["id"]).await?;
    ensure(*listed == stored, stored.to_string(), || listed.to_string())
}

async fn counts(fixture: &Fixture, more: &str, wanted: usize) -> Verdict {
    let list = listed(fixture, &format!("{more}&limit=100")).await?;
    let holds = list["total"] == wanted && rows(&list) == wanted;
    ensure(holds, format!("{wanted} memories and a total of {wanted}"), || {
        format!("{} memories and a total of {}", rows(&list), list["total"])
    })
}

async fn nobody(fixture: &Fixture) -> Verdict {
    let list = fixture.list(&format!("namespace={}", encode(&fixture.namespace("nobody")))).await?;
    ensure(list["total"] == 0 && list["memories"] == json!([]), "nothing", || cut(&list.to_string(), 200))
}

async fn before_paging(fixture: &Fixture) -> Verdict {
    // The two that have both tags are the oldest and one in the middle: a filter after paging would miss them.
    let list = listed(fixture, "&tags=third,fourth&limit=1&offset=1").await?;
    let oldest = &samples(fixture).await?[0]["id"];
    ensure(
        rows(&list) == 1 && list["total"] == 2 && list["memories"][0]["id"] == *oldest,
        "the oldest",
        || cut(&list.to_string(), 200),
    )
}

async fn total(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "&limit=5").await?;
    ensure(list["total"] == 24 && rows(&list) == 5, "5 memories and a total of 24", || {
        format!("{} memories and a total of {}", rows(&list), list["total"])
    })
}

async fn unfiltered(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    let list = fixture.list("limit=100").await?;
    let there =
        list["memories"].as_array().is_some_and(|all| all.iter().any(|row| row["id"] == memory["id"]));
    ensure(there, "the newest memory among the first 100", || format!("{} memories without it", rows(&list)))
}

async fn default_limit(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "").await?;
    ensure(list["limit"] == 20 && rows(&list) == 20, "20 memories and a limit of 20", || {
        format!("{} memories and a limit of {}", rows(&list), list["limit"])
    })
}

async fn limit(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "&limit=3").await?;
    ensure(list["limit"] == 3 && rows(&list) == 3, "3 memories and a limit of 3", || {
        format!("{} memories and a limit of {}", rows(&list), list["limit"])
    })
}

async fn reported(fixture: &Fixture, limit: &str) -> Verdict {
    let list = listed(fixture, &format!("&limit={limit}")).await?;
    ensure(list["limit"] == 100 && rows(&list) == 24, "`limit`: 100", || {
        format!("{} memories and a limit of {}", rows(&list), list["limit"])
    })
}

async fn refuses(fixture: &Fixture, query: &str) -> Verdict {
    fixture.send(Call::get(format!("/v1/memories?{query}"))).await?.refused()
}

async fn default_offset(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "").await?;
    ensure(list["offset"] == 0, "`offset`: 0", || list["offset"].to_string())
}

async fn offset(fixture: &Fixture) -> Verdict {
    let (all, tail) = (listed(fixture, "&limit=100").await?, listed(fixture, "&limit=100&offset=20").await?);
    let holds = tail["offset"] == 20 && rows(&tail) == 4 && tail["memories"][0] == all["memories"][20];
    ensure(holds, "the last four and an offset of 20", || {
        format!("{} memories and an offset of {}", rows(&tail), tail["offset"])
    })
}

async fn beyond(fixture: &Fixture) -> Verdict {
    let list = listed(fixture, "&offset=1000").await?;
    ensure(rows(&list) == 0 && list["total"] == 24, "no memories and a total of 24", || {
        format!("{} memories and a total of {}", rows(&list), list["total"])
    })
}

async fn unknown_type(fixture: &Fixture) -> Verdict {
    samples(fixture).await?;
    let answer = fixture.send(Call::get(format!("/v1/memories?{}&type=fact", place(fixture)))).await?;
    let answer = answer.sane()?.be_one_of(&[200, 422])?;
    ensure(answer.status == 422 || answer.json["total"] == 0, "422 or nothing", || answer.got())
}

async fn quotes(fixture: &Fixture) -> Verdict {
    for filter in [
        "namespace=%27%20OR%201%3D1--",
        "tags=x%27)%20OR%20(%271%27=%271",
        "tool=%25",
        "tool=%27%20OR%20%271",
    ] {
        let answer = fixture.send(Call::get(format!("/v1/memories?{filter}"))).await?.sane()?;
        let answer = answer.be_one_of(&[200, 400, 422])?;
        ensure(answer.status != 200 || answer.json["total"] == 0, "nothing, or an error", || answer.got())?;
    }
    Ok(())
}
