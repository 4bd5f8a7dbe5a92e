//! `GET /app`, the page for telephones.

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, cut, ensure, fail, skip};

checks! {
    Should "omp.app.200" ["omp.md §2"] "GET /app answers 200 with a page." => page;
    Should "omp.app.anonymous" ["omp.md §2"] "The page itself needs no key, so that a key can be set on it." => anonymous;
    Should "omp.app.manifest" ["omp.md §2"] "The page names a manifest that is there and is JSON." => manifest;
}

/// The page, after the one redirect to `/app/` that servers of files like to make.
async fn app(fixture: &Fixture, call: Call) -> Result<Answer, Finding> {
    let answer = fixture.send(call.clone()).await?;
    if matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        let path = answer.header("location").to_owned();
        ensure(path.starts_with('/'), "a redirect on the same server", || answer.got())?;
        return fixture.send(Call { path, ..call }).await;
    }
    Ok(answer)
}

async fn page(fixture: &Fixture) -> Verdict {
    let answer = app(fixture, Call::get("/app")).await?.be(200)?;
    ensure(answer.header("content-type").starts_with("text/html"), "text/html", || {
        answer.header("content-type").to_owned()
    })
}

async fn anonymous(fixture: &Fixture) -> Verdict {
    if fixture.key.is_none() {
        return Err(skip("no key was given"));
    }
    app(fixture, Call::get("/app").anonymous()).await?.be(200)?;
    Ok(())
}

async fn manifest(fixture: &Fixture) -> Verdict {
    let page = app(fixture, Call::get("/app").anonymous()).await?;
    if page.status != 200 {
        return Err(skip("there is no page"));
    }
    let link = manifest_link(&page.text).ok_or_else(|| fail("a link to a manifest", cut(&page.text, 200)))?;
    let path = if link.starts_with('/') { link } else { format!("/app/{}", link.trim_start_matches("./")) };
    let answer = fixture.send(Call::get(path).anonymous()).await?.be(200)?;
    ensure(answer.json.is_object(), "a JSON object", || answer.got())
}

/// Where a page says that its manifest is.
fn manifest_link(page: &str) -> Option<String> {
    let links = page.split("<link").skip(1).filter_map(|tail| tail.split('>').next());
    let link = links.into_iter().find(|link| link.contains("manifest"))?;
    let value = link.split("href=").nth(1)?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let path = match quote {
        Some(quote) => value[1..].split(quote).next()?,
        None => value.split_whitespace().next()?.trim_end_matches('/'),
    };
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_found_in_a_page() {
        let page = r#"<head><link rel="icon" href="/i.png"><link rel="manifest" href="/app/m.json"/></head>"#;
        assert_eq!(manifest_link(page).as_deref(), Some("/app/m.json"));
        assert_eq!(manifest_link("<link rel=manifest href=m.json>").as_deref(), Some("m.json"));
        assert_eq!(manifest_link("<p>no</p>"), None);
    }
}
